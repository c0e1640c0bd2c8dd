/* SPDX-License-Identifier: MIT */
/*
 * The registers of a 16550A and their bits (National PC16550D data sheet, table II).
 */
#ifndef DRIVERS_EMU_UART_REGS_H
#define DRIVERS_EMU_UART_REGS_H

/* Offsets; 0 and 1 are the divisor's halves while LCR_DLAB is set. */
enum { DATA, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCR };

#define IER_RECEIVE  0x01
#define IER_TRANSMIT 0x02
#define IER_LINE     0x04
#define IER_MODEM    0x08

#define IIR_NONE     0x01
#define IIR_LINE     0x06
#define IIR_RECEIVE  0x04
#define IIR_TIMEOUT  0x0c
#define IIR_TRANSMIT 0x02
#define IIR_MODEM    0x00
#define IIR_FIFO     0xc0

#define FCR_ENABLE         0x01
#define FCR_RESET_RECEIVE  0x02
#define FCR_RESET_TRANSMIT 0x04

#define LCR_WORD   0x03
#define LCR_STOP   0x04
#define LCR_PARITY 0x08
#define LCR_DLAB   0x80

#define MCR_DTR  0x01
#define MCR_RTS  0x02
#define MCR_OUT1 0x04
#define MCR_OUT2 0x08
#define MCR_LOOP 0x10

#define LSR_READY      0x01
#define LSR_OVERRUN    0x02
#define LSR_BREAK      0x10
#define LSR_THR_EMPTY  0x20
#define LSR_IDLE       0x40
#define LSR_FIFO_ERROR 0x80

#define MSR_RING_ENDED 0x04
#define MSR_CTS        0x10
#define MSR_DSR        0x20
#define MSR_RING       0x40
#define MSR_CARRIER    0x80

#endif

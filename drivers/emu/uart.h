/* SPDX-License-Identifier: MIT */
/*
 * The 16550A serial port (National PC16550D data sheet).
 *
 * The transmitter is always empty: a byte leaves by the host as it is written, and the THR-empty
 * interrupt falls and rises again around it, as it would for a very fast line. The receiver takes
 * what the host gives it at any pace; only the character timeout knows the baud rate. Word length
 * and parity are kept, not applied: the link carries bytes. On a PC, OUT2 lets the interrupt
 * through to the line. DMA mode is ignored.
 */
#ifndef DRIVERS_EMU_UART_H
#define DRIVERS_EMU_UART_H

#include "drivers/emu/dev.h"
#include "drivers/emu/uart_rx.h"

#define UART_PORTS 8

struct uart {
    struct device dev;
    unsigned irq, stream;
    u8 ier, lcr, mcr, scr;
    u16 divisor;
    u8 msr;         /* bits 3:0, the changes; the lines are computed */
    u8 lines;       /* bits 7:4 of MSR as last seen */
    bool thr_empty; /* the interrupt, not the state */
    bool line;      /* as last told */
    struct uart_rx rx;
};

void uart_init(struct uart *uart, const struct dev_host *host, unsigned irq, unsigned stream);

/* How many bytes can come in now without an overrun; 0 in loopback. */
unsigned uart_room(const struct uart *uart);

/* Bytes from outside. Whoever sends more than uart_room overruns the receiver, as on a wire; in
 * loopback they are lost. host->room says when the guest has emptied the receiver or left
 * loopback. */
void uart_receive(struct uart *uart, const u8 *bytes, size_t count);

/* A break condition, which a console sends for its user (Linux: magic SysRq). */
void uart_break(struct uart *uart);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The receiver of a 16550: a FIFO of 16 characters, or the single register of the 16450 that the
 * chip is until the FIFO is switched on; overruns, breaks and the timeout flag. It knows neither
 * registers nor time.
 */
#ifndef DRIVERS_EMU_UART_RX_H
#define DRIVERS_EMU_UART_RX_H

#include "lib/types.h"

#define UART_FIFO 16

struct uart_rx {
    bool fifo_on;
    u8 trigger;      /* with the FIFO: how many characters ask for service */
    bool overrun;    /* LSR bit 1 */
    bool break_seen; /* LSR bit 4: the foremost character is, or was, a break */
    bool timeout;    /* characters have waited too long */
    u8 last;         /* what the register holds when nothing new is there */
    u8 head, count;
    u16 breaks; /* which places hold a break that is not yet foremost */
    u8 fifo[UART_FIFO];
};

static inline unsigned uart_rx_room(const struct uart_rx *rx)
{
    return (rx->fifo_on ? UART_FIFO : 1u) - rx->count;
}

static inline bool uart_rx_asks(const struct uart_rx *rx)
{
    return rx->count >= (rx->fifo_on ? rx->trigger : 1);
}

void uart_rx_clear(struct uart_rx *rx);
void uart_rx_put(struct uart_rx *rx, u8 byte, bool is_break);
u8 uart_rx_take(struct uart_rx *rx);

#endif

/* SPDX-License-Identifier: MIT */
#include "drivers/emu/uart_rx.h"

void uart_rx_clear(struct uart_rx *rx)
{
    rx->head = rx->count = 0;
    rx->breaks = 0;
    rx->timeout = false;
}

/* An error belongs to a character, and shows in LSR when that one is foremost. */
static void show_foremost(struct uart_rx *rx)
{
    u16 bit = (u16)(1u << rx->head);

    if (rx->count && (rx->breaks & bit)) {
        rx->breaks &= (u16)~bit;
        rx->break_seen = true;
    }
}

void uart_rx_put(struct uart_rx *rx, u8 byte, bool is_break)
{
    if (!uart_rx_room(rx)) {
        /* The FIFO keeps what it has; the single register is overwritten. */
        rx->overrun = true;
        if (rx->fifo_on)
            return;
        rx->count = 0;
    }
    unsigned at = (rx->head + rx->count) % UART_FIFO;
    rx->fifo[at] = byte;
    rx->breaks = (u16)((rx->breaks & ~(1u << at)) | (unsigned)is_break << at);
    rx->count++;
    show_foremost(rx);
}

u8 uart_rx_take(struct uart_rx *rx)
{
    if (!rx->count)
        return rx->last;
    rx->last = rx->fifo[rx->head];
    rx->head = (u8)((rx->head + 1) % UART_FIFO);
    rx->count--;
    rx->timeout = false;
    show_foremost(rx);
    return rx->last;
}

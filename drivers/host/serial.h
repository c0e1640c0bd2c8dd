/* SPDX-License-Identifier: MIT */
/*
 * A 16550 serial line as a console: never waits. Its registers are in the
 * port space or in memory, a stride apart; what is not there or does not answer in loopback is
 * found out at once.
 */
#ifndef DRIVERS_HOST_SERIAL_H
#define DRIVERS_HOST_SERIAL_H

#include "lib/log.h"
#include "lib/types.h"

#define SERIAL_CLOCK 115200 /* divisor 1 of a PC's UART */

/* Where a UART is. Zero in stride, width or clock means the usual: 1, 1, SERIAL_CLOCK. */
struct serial_at {
    u16 port;            /* used if regs is NULL */
    volatile void *regs; /* mapped uncached */
    u8 stride;           /* bytes from register to register */
    u8 width;            /* of an access in memory: 1 or 4 bytes */
    u32 clock;           /* baud at divisor 1 */
};

struct serial {
    struct log_sink sink;
    struct serial_at at;
    u8 fifo;           /* bytes that fit once the transmitter is empty: 16, or 1 without FIFO */
    bool between_crlf; /* "\r" is out, its "\n" not yet */
    bool heard;        /* something has arrived */
};

/* COM1 to COM4, where a PC has them. */
extern const u16 serial_com[4];

/*
 * Probes the UART and sets it to 8N1, no interrupts; `baud` 0 keeps the speed that firmware left.
 * False if there is none, or none that answers itself: then the struct is not to be used.
 */
must_check bool serial_init(struct serial *serial, const char *name, const struct serial_at *at,
                            u32 baud);

/* A byte that has arrived, or -1. */
int serial_read(struct serial *serial);

/* From now on the line asks for an interrupt when a byte has arrived, or no longer. A byte that is
 * there already asks at once. */
void serial_listen(struct serial *serial, bool on);

/*
 * Whether somebody seems to be at the other end: a modem line that only a peer raises (CTS, DSR or
 * DCD), or a byte that has arrived. A cable without modem lines does not tell.
 */
bool serial_listened(const struct serial *serial);

/*
 * Looks for a 16550 on a card, and switches on its decoding. True: *at has its port, or, if
 * *address is not 0, that is the physical address where the caller maps its registers for at->regs.
 */
must_check bool serial_find_pci(struct serial_at *at, u64 *address);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The PC's interval timer: an 8254 at 1.193182 MHz, counter 0 on an interrupt line, counter 2 on
 * the speaker, and port 0x61 that gates and shows it.
 *
 * Ticks are computed from the guest's time, without drift, and delivered by deadline. When the
 * machine was late by whole periods, the ticks that it owes come after one another at no less than
 * half a period's distance, so that a guest that counts them catches up at twice the pace; what is
 * more than a second late is forgotten, and a new control word forgets all. No two ticks of a
 * periodic mode are closer than 50 µs: a guest can have a faster counter but not a faster
 * interrupt.
 *
 * OUT's falling edge in modes 2 and 3 is told to the line together with the next rising one: an
 * edge-triggered input cannot see the difference while it is served in time, and a tick that waits
 * for half a period is not lost.
 */
#ifndef DRIVERS_EMU_PIT_H
#define DRIVERS_EMU_PIT_H

#include "drivers/emu/dev.h"
#include "drivers/emu/i8254.h"

#define PIT_HZ 1193182u

/* Registers: where the machine's port windows begin. */
enum { PIT_COUNTERS = 0, PIT_PORT_B = 4 }; /* four ports: 0x40; one: 0x61 */

struct pit {
    struct device dev;
    unsigned irq;
    bool line; /* as last told */
    u8 port_b; /* bits 3:0: gate 2, speaker, and two that are only kept */
    u64 owed;  /* ticks not yet delivered */
    u64 told;  /* tick of the last delivery */
    struct i8254 counter[3];
};

void pit_init(struct pit *pit, const struct dev_host *host, unsigned irq);

/* The first CLK tick's number at or before a time, and the first ns of a tick. */
u64 pit_ticks(u64 ns);
u64 pit_ns(u64 tick);

#endif

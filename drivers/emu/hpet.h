/* SPDX-License-Identifier: MIT */
/*
 * The high precision event timer (IA-PC HPET specification 1.0a): a 64-bit counter at 14.31818 MHz
 * and three timers, each of which can be periodic, with the legacy replacement route. No FSB
 * (message) interrupts.
 *
 * Nothing ticks: each access brings the time. Matches are met by deadline; if several came due, a
 * timer interrupts once. A timer does not interrupt more often than once in 50 µs, whatever its
 * period: the counter can be faster, the interrupt cannot.
 *
 * The falling edge of an edge-triggered interrupt is told together with the next rising one, since
 * a pulse of no length would be lost on the way.
 */
#ifndef DRIVERS_EMU_HPET_H
#define DRIVERS_EMU_HPET_H

#include "drivers/emu/dev.h"
#include "drivers/emu/hpet_timer.h"

#define HPET_SIZE      0x400 /* bytes of registers */
#define HPET_TIMERS    3
#define HPET_HZ        14318180u   /* the PC's oldest crystal, as in Intel's chip sets since ICH5 */
#define HPET_PERIOD_FS 69841279u   /* of it */
#define HPET_BLOCK     0x8086a201u /* the capabilities' low half: the block's id in ACPI's table */
#define HPET_PINS      0x00f00000u /* interrupt inputs that a timer can be routed to: 20 to 23 */

/* The lines of the legacy replacement: the PIT's and the clock's. */
enum { HPET_LEGACY_0 = 0, HPET_LEGACY_1 = 8 };

struct hpet {
    struct device dev;
    u64 config;
    u64 status;  /* of level-triggered timers */
    u64 counter; /* its value when it stands; else its distance from the guest's time in ticks */
    struct hpet_timer timer[HPET_TIMERS];
};

void hpet_init(struct hpet *hpet, const struct dev_host *host);

/* Timers 0 and 1 stand in for the PIT and the clock, whose own lines reach nothing then. Whenever
 * this changes, dev_line hears of both lines, changed or not. */
#define HPET_LEGACY (1u << 1) /* of `config` */
static inline bool hpet_replaces_legacy(const struct hpet *hpet)
{
    return hpet->config & HPET_LEGACY;
}

#endif

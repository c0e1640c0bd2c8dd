/* SPDX-License-Identifier: MIT */
/*
 * One timer of the HPET: its comparator against a counter, in ticks of the guest's time. It knows
 * of matches, not of interrupts.
 */
#ifndef DRIVERS_EMU_HPET_TIMER_H
#define DRIVERS_EMU_HPET_TIMER_H

#include "lib/bits.h"
#include "lib/types.h"

#define HPET_NO_MATCH (~0ull)

/* In the configuration register (IA-PC HPET specification 2.3.8). */
#define T_LEVEL     BIT(1)
#define T_INTERRUPT BIT(2)
#define T_PERIODIC  BIT(3)
#define T_SET       BIT(6) /* the next write reaches a periodic timer's comparator */
#define T_32BIT     BIT(8)
#define T_ROUTE     9 /* five bits from here */

struct hpet_timer {
    u64 config;     /* the bits that can be written */
    u64 comparator; /* as it reads */
    u64 period;     /* what was last written to it */
    u64 match;      /* the tick of the next; HPET_NO_MATCH */
    u64 told;       /* ns of the last interrupt: this and the rest are hpet.c's */
    unsigned line;  /* that it drives */
    bool level;     /* as last told */
    bool owes;      /* a match that was not told yet */
};

/* When a counter that is at `counter` now will be at the comparator; now counts. */
void hpet_timer_aim(struct hpet_timer *t, u64 counter, u64 tick);

/* Up to and with this tick; true if it matched. */
bool hpet_timer_pass(struct hpet_timer *t, u64 tick);

/* The comparator register is written; `keep` has ones for the bits that are not. True: the timer
 * has to aim anew. */
bool hpet_timer_write(struct hpet_timer *t, u64 value, u64 keep);

/* Another configuration, `value` of the right shape. True: the timer has to aim anew. */
bool hpet_timer_configure(struct hpet_timer *t, u64 value);

#endif

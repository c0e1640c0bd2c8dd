/* SPDX-License-Identifier: MIT */
/*
 * How far a core's TSC is from the boot core's: a few exchanges between the two when the core
 * starts.
 *
 *      boot core   sent ────────────────────── back       its TSC before and after
 *                      \                    /
 *      new core         ──── there ─────────              its TSC in between
 *
 * The new core read its clock somewhere between `sent` and `back`; the middle is the guess, half
 * the distance is what the guess may be wrong by. The shortest exchange knows best.
 */
#ifndef ARCH_X86_SKEW_H
#define ARCH_X86_SKEW_H

#include "lib/types.h"

#define SKEW_ROUNDS 8

struct skew_round {
    u64 sent, there, back;
};

struct skew {
    s64 ahead;     /* ticks that the new core's TSC is ahead of the boot core's */
    u64 uncertain; /* by so much it may be wrong */
    bool known;    /* false: not one exchange came back in time */
};

/* Pure: the verdict over `count` exchanges. */
struct skew skew_of(const struct skew_round *round, unsigned count);

/* Whether it is more than the exchange can be wrong by and a microsecond. */
bool skew_matters(const struct skew *skew, u64 tsc_hz);

/*
 * At the same time: skew_measure and then skew_done on the boot core, skew_answer on the other,
 * which returns from it at skew_done. An exchange that takes longer than a few milliseconds does
 * not count.
 */
struct skew skew_measure(u64 tsc_hz);
void skew_done(void);
void skew_answer(void);

#endif

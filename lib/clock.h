/* SPDX-License-Identifier: MIT */
/*
 * Clocks as numbers: a counter of known frequency, and the scaling of its ticks to nanoseconds and
 * back without division.
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include "lib/types.h"

#define NS_PER_S 1000000000ull

/* A free-running counter to measure others against. */
struct ref_clock {
    const char *name;
    u64 hz;
    u64 mask; /* it wraps here */
    u64 (*read)(void);
};

/*
 * a * b / c through 128 bits; all ones if that does not fit 64. Long division by hand, 64 steps: a
 * kernel has no library for it, and it is for setting up, not for the paths that count.
 */
static inline u64 mul_div(u64 a, u64 b, u64 c)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    u64 rest = (u64)(product >> 64), low = (u64)product;

    if (rest >= c)
        return ~0ull;
    for (int i = 0; i < 64; i++) {
        bool carry = rest >> 63;
        rest = rest << 1 | low >> 63;
        low <<= 1;
        if (carry || rest >= c) {
            rest -= c;
            low |= 1;
        }
    }
    return low;
}

/*
 * y = x * mult >> 32, through 128 bits: exact to 2^-32 and free of overflow for centuries of
 * nanoseconds.
 */
struct clock_scale {
    u64 mult;
};

static inline struct clock_scale clock_scale(u64 from_hz, u64 to_hz)
{
    return (struct clock_scale){mul_div(to_hz, 1ull << 32, from_hz)};
}

static inline u64 clock_convert(struct clock_scale scale, u64 ticks)
{
    return (u64)(((unsigned __int128)ticks * scale.mult) >> 32);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Bits, masks, fields, alignment: all on u64 unless the name says otherwise, all without side
 * effects.
 */
#ifndef LIB_BITS_H
#define LIB_BITS_H

#include "lib/types.h"

#define BIT(n) ((u64)1 << (n))
#define MASK(hi, lo)                                                                               \
    ((~(u64)0 >> (63 - (hi))) & (~(u64)0 << (lo))) /* bits hi..lo, both included                   \
                                                    */

static inline u64 bits_get(u64 value, unsigned hi, unsigned lo)
{
    return (value & MASK(hi, lo)) >> lo;
}

static inline u64 align_down(u64 value, u64 to)
{
    return value & ~(to - 1);
}

/* Wraps to 0 within `to` of the top: callers check, or cannot get there. */
static inline u64 align_up(u64 value, u64 to)
{
    return (value + to - 1) & ~(to - 1);
}

static inline bool is_aligned(u64 value, u64 to)
{
    return (value & (to - 1)) == 0;
}

static inline u64 min_u64(u64 a, u64 b)
{
    return a < b ? a : b;
}

static inline u64 max_u64(u64 a, u64 b)
{
    return a > b ? a : b;
}

/* Index of the lowest / highest set bit; the value must not be 0. */
static inline unsigned lowest_bit(u64 value)
{
    return (unsigned)__builtin_ctzll(value);
}

static inline unsigned highest_bit(u64 value)
{
    return 63u - (unsigned)__builtin_clzll(value);
}

#endif

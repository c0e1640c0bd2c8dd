/* SPDX-License-Identifier: MIT */
/* Numbers drawn by a rule, so that each run of a test draws the same ones. */
#ifndef TEST_UNIT_DRAW_H
#define TEST_UNIT_DRAW_H

#include "lib/types.h"

static inline u32 draw(u32 below)
{
    static u32 state = 1;

    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
}

#endif

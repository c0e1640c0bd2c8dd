/* SPDX-License-Identifier: MIT */
#include "arch/x86/skew.h"

struct skew skew_of(const struct skew_round *round, unsigned count)
{
    struct skew best = {.uncertain = ~0ull};

    for (unsigned i = 0; i < count; i++) {
        u64 half = (round[i].back - round[i].sent) / 2;
        if (half >= best.uncertain)
            continue;
        best.uncertain = half;
        best.ahead = (s64)(round[i].there - (round[i].sent + half));
        best.known = true;
    }
    return best;
}

bool skew_matters(const struct skew *skew, u64 tsc_hz)
{
    u64 distance = skew->ahead < 0 ? 0 - (u64)skew->ahead : (u64)skew->ahead;
    return skew->known && distance > skew->uncertain + tsc_hz / 1000000;
}

/* SPDX-License-Identifier: MIT */
#include "drivers/emu/hpet_timer.h"

static u64 mask_of(const struct hpet_timer *t)
{
    return t->config & T_32BIT ? 0xffffffff : ~0ull;
}

void hpet_timer_aim(struct hpet_timer *t, u64 counter, u64 tick)
{
    u64 distance = (t->comparator - counter) & mask_of(t);

    t->match = distance < HPET_NO_MATCH - tick ? tick + distance : HPET_NO_MATCH;
}

/* A counter of 32 bits comes round again, for a timer that is not periodic or has no period. */
bool hpet_timer_pass(struct hpet_timer *t, u64 tick)
{
    u64 step = t->config & T_PERIODIC ? t->period & mask_of(t) : 0;
    u64 every = step ? step : t->config & T_32BIT ? BIT(32) : HPET_NO_MATCH;

    if (t->match > tick || t->match == HPET_NO_MATCH)
        return false;
    u64 passed = (tick - t->match) / every * every;
    t->comparator = (t->comparator + (step ? passed + step : 0)) & mask_of(t);
    t->match += passed;
    t->match = every < HPET_NO_MATCH - t->match ? t->match + every : HPET_NO_MATCH;
    return true;
}

/*
 * What is written is a periodic timer's period; it is the comparator, too, for one that is not
 * periodic or whose T_SET is set (2.3.9.2.2).
 */
bool hpet_timer_write(struct hpet_timer *t, u64 value, u64 keep)
{
    t->period = ((t->period & keep) | value) & mask_of(t);
    if ((t->config & T_PERIODIC) && !(t->config & T_SET))
        return false;
    t->comparator = ((t->comparator & keep) | value) & mask_of(t);
    t->config &= ~T_SET;
    return true;
}

bool hpet_timer_configure(struct hpet_timer *t, u64 value)
{
    u64 changed = t->config ^ value;

    t->config = value;
    t->comparator &= mask_of(t);
    t->period &= mask_of(t);
    return changed & T_32BIT;
}

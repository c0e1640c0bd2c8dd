/* SPDX-License-Identifier: MIT */
/*
 * The APIC timer: SDM 3, 11.5.4. Its clock is 1 GHz, so a count is a nanosecond times the divisor.
 *
 * Nothing ticks: the moment of zero is known, and the count computed from it. A machine that is
 * late delivers one tick for all that it has missed, and the next one in the old phase. Periodic
 * interrupts come no faster than every 50 µs; the counter is as fast as it was told.
 */
#include "drivers/emu/lapic.h"
#include "drivers/emu/lapic_impl.h"
#include "lib/bits.h"

#define LEAST_GAP 50000u

static u32 mode(const struct lapic *l)
{
    return l->lvt_timer & LAPIC_TIMER_MODE;
}

static u64 period(const struct lapic *l)
{
    return (u64)l->timer_initial << l->divide_shift;
}

static u64 now(const struct lapic *l)
{
    return l->host->now(l->host->ctx);
}

static bool tsc_reached(const struct lapic *l)
{
    return l->host->tsc(l->host->ctx) >= l->tsc_deadline;
}

static void tick(struct lapic *l)
{
    if (!(l->lvt_timer & LAPIC_LVT_MASKED))
        lapic_request(l, (u8)l->lvt_timer);
}

static void set_deadline(struct lapic *l, u64 deadline)
{
    if (l->deadline == deadline)
        return;
    l->deadline = deadline;
    l->host->timer(l->host->ctx);
}

/* What nobody would hear is not worth a wake-up. */
static void arm(struct lapic *l, u64 least)
{
    u64 deadline = l->timer_end;

    if (l->lvt_timer & LAPIC_LVT_MASKED)
        deadline = LAPIC_NEVER;
    else if (l->tsc_deadline)
        deadline = max_u64(l->host->tsc_time(l->host->ctx, l->tsc_deadline), least);
    else if (mode(l) == LAPIC_TIMER_PERIODIC)
        deadline = max_u64(deadline, l->timer_earliest);
    set_deadline(l, deadline);
}

/* True: it was due. */
static bool arm_tsc(struct lapic *l, u64 least)
{
    bool due = l->tsc_deadline && tsc_reached(l);

    if (!due) {
        arm(l, least);
        return false;
    }
    l->tsc_deadline = 0;
    tick(l);
    set_deadline(l, LAPIC_NEVER);
    return true;
}

bool lapic_fire(struct lapic *l, u64 tsc)
{
    if (tsc < l->tsc_deadline)
        return false;
    l->tsc_deadline = 0;
    l->deadline = LAPIC_NEVER;
    tick(l);
    return true;
}

/* Past all the zeros until `at`: to the next one, or to none. */
static void roll(struct lapic *l, u64 at)
{
    u64 length = period(l);

    if (l->timer_end > at)
        return;
    if (mode(l) == LAPIC_TIMER_PERIODIC)
        l->timer_end += ((at - l->timer_end) / length + 1) * length;
    else
        l->timer_end = LAPIC_NEVER;
}

void lapic_expire(struct lapic *l, u64 at)
{
    if (at < l->deadline)
        return;
    if (l->tsc_deadline) {
        (void)arm_tsc(l, at + 1);
        return;
    }
    l->timer_earliest = at + LEAST_GAP;
    roll(l, at);
    tick(l);
    arm(l, at + 1);
}

/* What was due was due before this access. */
static u64 settle(struct lapic *l)
{
    u64 at = now(l);

    lapic_expire(l, at);
    roll(l, at);
    if (l->tsc_deadline)
        (void)arm_tsc(l, 0);
    return at;
}

void lapic_timer_reset(struct lapic *l)
{
    l->lvt_timer = LAPIC_LVT_MASKED;
    l->timer_initial = 0;
    l->divide_shift = 1; /* a divide register of 0 */
    l->timer_earliest = l->tsc_deadline = 0;
    l->timer_end = LAPIC_NEVER;
    set_deadline(l, LAPIC_NEVER);
}

/*
 * The manual has every change of mode disarm the timer; processors go on counting between one-shot
 * and periodic (kvm-unit-tests' apic.c relies on it), and only a change to or from the TSC deadline
 * disarms. The reserved mode counts nothing.
 */
void lapic_timer_set_lvt(struct lapic *l, u32 value)
{
    settle(l);
    u32 changed = l->lvt_timer ^ value;

    l->lvt_timer = value;
    *lapic_at(l, LAPIC_LVT_TIMER) = value;
    if ((changed & LAPIC_TIMER_TSC) || mode(l) == LAPIC_TIMER_MODE) {
        l->timer_end = LAPIC_NEVER;
        l->tsc_deadline = 0;
    }
    arm(l, 0);
}

void lapic_timer_set_initial(struct lapic *l, u32 value)
{
    if (mode(l) & LAPIC_TIMER_TSC)
        value = l->timer_initial; /* ignored */
    *lapic_at(l, LAPIC_TIMER_INITIAL) = value;
    if (mode(l) & LAPIC_TIMER_TSC)
        return;
    u64 at = settle(l);
    l->timer_initial = value;
    l->timer_end = value ? at + period(l) : LAPIC_NEVER;
    l->timer_earliest = 0;
    arm(l, 0);
}

static u64 count_at(const struct lapic *l, u64 at)
{
    u64 divisor = 1ull << l->divide_shift;

    return l->timer_end == LAPIC_NEVER ? 0 : (l->timer_end - at + divisor - 1) >> l->divide_shift;
}

/* Bits 3, 1 and 0 are 0 for 2, 1 for 4 … 6 for 128, 7 for 1. The count goes on at the new pace. */
void lapic_timer_set_divide(struct lapic *l, u32 value)
{
    u64 at = settle(l), count = count_at(l, at);
    u32 field = (value & 3) | (value >> 1 & 4);

    *lapic_at(l, LAPIC_TIMER_DIVIDE) = value;
    l->divide_shift = (field + 1) & 7;
    if (count)
        l->timer_end = at + (count << l->divide_shift);
    arm(l, 0);
}

u32 lapic_timer_current(struct lapic *l)
{
    return (u32)count_at(l, settle(l));
}

u64 lapic_tsc_deadline(struct lapic *l)
{
    if (l->tsc_deadline)
        settle(l);
    return l->tsc_deadline;
}

bool lapic_set_tsc_deadline(struct lapic *l, u64 tsc)
{
    if (mode(l) != LAPIC_TIMER_TSC)
        return false;
    l->tsc_deadline = tsc;
    return arm_tsc(l, 0);
}

void lapic_tsc_changed(struct lapic *l)
{
    if (l->tsc_deadline)
        (void)arm_tsc(l, 0);
}

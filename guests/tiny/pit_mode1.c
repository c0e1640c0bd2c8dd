/* SPDX-License-Identifier: MIT */
/* PIT mode 1, the hardware one-shot, on counter 2: its gate starts a low pulse of N ticks, and
 * starts it anew. */
#include "guests/tiny/rt/tiny.h"

static void trigger(void)
{
    pit2_gate(false);
    pit2_gate(true);
}

#define COUNT 20000

static struct took pulse(void)
{
    u64 start = rdtsc(), half = start + pit_to_tsc(COUNT / 2);
    bool low = false;

    trigger();
    while (!low && rdtsc() < half)
        low = !pit2_out(); /* from the next tick on */
    return low ? pit2_took(true, start) : LOST;
}

static struct took pulse_again(void)
{
    u64 start = rdtsc();

    trigger();
    wait_us(10000);
    if (pit2_out()) {
        check(rdtsc() - start >= pit_to_tsc(COUNT), "the pulse ends early");
        return LOST;
    }
    trigger();
    return pit2_took(true, start);
}

TINY(pit_mode1)
{
    tsc_hz();
    pit2_gate(false);
    pit_set(2, 1, COUNT);
    wait_us(1000);
    check(pit2_out(), "OUT is low without a trigger");
    check_lasts(pulse(), COUNT, "a pulse");
    wait_us(20000);
    check(pit2_out(), "a second pulse without a trigger");
    check_lasts(pulse_again(), COUNT + PIT_HZ / 100, "one triggered twice");
    pit2_gate(false);
}

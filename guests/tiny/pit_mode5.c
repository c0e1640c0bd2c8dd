/* SPDX-License-Identifier: MIT */
/* PIT mode 5, hardware strobe, on counter 2: the gate's rise loads and starts the count; OUT is
 * high all the while. */
#include "guests/tiny/rt/tiny.h"

static void trigger(void)
{
    pit2_gate(false);
    pit2_gate(true);
}

TINY(pit_mode5)
{
    tsc_hz();
    pit2_gate(false);
    pit_set(2, 5, 40000);
    wait_us(1000);
    check(pit2_out(), "OUT is low without a trigger");

    trigger();
    wait_us(5000);
    u16 first = pit_latch(2);
    check(within(40000u - first, 5966, 20), "5 ms after the trigger: %u", first);
    check(pit2_out(), "OUT is low while it counts");
    wait_us(5000);
    check(pit_latch(2) < first, "does not count");
    trigger();
    wait_us(5000);
    check(within(40000u - pit_latch(2), 5966, 20), "5 ms after the second: %u", pit_latch(2));
    wait_us(60000);
    check(pit2_out(), "OUT is low after the strobe");
    pit2_gate(false);
}

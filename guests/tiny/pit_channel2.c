/* SPDX-License-Identifier: MIT */
/* Counter 2 and port 0x61: gate, speaker and OUT bits, each as written, and OUT as the counter
 * says. */
#include "guests/tiny/rt/tiny.h"

TINY(pit_channel2)
{
    for (unsigned value = 0; value < 4; value++) {
        outb(0x61, (u8)value);
        check((inb(0x61) & 3) == value, "wrote %u, read %x", value, inb(0x61));
    }
    outb(0x61, 1);
    pit_set(2, 0, 10000);
    check(!pit2_out(), "OUT before the end");
    check(pit2_edge(true), "OUT never rises");
    pit_control(2, 0);
    check(!pit2_out(), "a control word of mode 0 takes OUT low");
    pit_control(2, 2);
    check(pit2_out(), "one of mode 2 takes it high");

    /* Four measured strokes agree with the first. */
    for (unsigned i = 1; i <= 4; i++) {
        u16 count = (u16)(i * 8000);
        pit_set(2, 0, count);
        u64 start = rdtsc(), end = pit2_edge(true);
        check(within(end - start, pit_to_tsc(count + 1u), 10), "%u ticks took %lu of TSC, not %lu",
              count, end - start, pit_to_tsc(count + 1u));
    }
    outb(0x61, 0);
}

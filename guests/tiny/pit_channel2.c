/* SPDX-License-Identifier: MIT */
/* Counter 2 and port 0x61: gate, speaker and OUT bits, each as written, and OUT as the counter
 * says. */
#include "guests/tiny/rt/tiny.h"

static struct took stroke(u16 count)
{
    u64 start = rdtsc();
    pit_set(2, 0, count);
    return pit2_took(true, start);
}

TINY(pit_channel2)
{
    tsc_hz();
    for (unsigned value = 0; value < 4; value++) {
        outb(0x61, (u8)value);
        check((inb(0x61) & 3) == value, "wrote %u, read %x", value, inb(0x61));
    }
    outb(0x61, 1);
    u64 start = rdtsc();
    pit_set(2, 0, 10000);
    check(!pit2_out() || rdtsc() - start >= pit_to_tsc(10000), "OUT before the end");
    check(pit2_edge(true), "OUT never rises");
    pit_control(2, 0);
    check(!pit2_out(), "a control word of mode 0 takes OUT low");
    pit_control(2, 2);
    check(pit2_out(), "one of mode 2 takes it high");

    for (unsigned count = 8000; count <= 32000; count += 8000)
        check_lasts(stroke((u16)count), count + 1u, "a stroke");
    outb(0x61, 0);
}

/* SPDX-License-Identifier: MIT */
/* The clock: a time that is one, memory that keeps, and its periodic interrupt by way of the second
 * PIC: the rate, and none until register C is read. */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks;
static volatile u64 came;
static volatile bool reads_c = true;

static u8 cmos(u8 index)
{
    outb(0x70, index);
    return inb(0x71);
}

static void cmos_set(u8 index, u8 value)
{
    outb(0x70, index);
    outb(0x71, value);
}

static void on_clock(struct frame *frame)
{
    (void)frame;
    came = rdtsc();
    ticks++;
    if (reads_c)
        check((cmos(0x0c) & 0xc0) == 0xc0, "register C does not say who it was");
}

static bool is_bcd(u8 value, u8 least, u8 most)
{
    return (value & 15) < 10 && value >= least && value <= most;
}

static void look_at_time(void)
{
    u8 b = cmos(0x0b);

    check((b & 0x06) == 0x02, "register B %x: not BCD and 24 hours", b);
    check(is_bcd(cmos(0), 0, 0x59) && is_bcd(cmos(2), 0, 0x59) && is_bcd(cmos(4), 0, 0x23),
          "%x:%x:%x is no time", cmos(4), cmos(2), cmos(0));
    check(is_bcd(cmos(7), 1, 0x31) && is_bcd(cmos(8), 1, 0x12) && is_bcd(cmos(9), 0, 0x99),
          "%x-%x-%x is no date", cmos(9), cmos(8), cmos(7));
    check(cmos(0x32) >= 0x19 && cmos(0x32) <= 0x21, "century %x", cmos(0x32));
    check(cmos(0x0d) & 0x80, "register D %x: no battery", cmos(0x0d));
    u8 before = cmos(0x50);
    u8 other = before ^ 0xff;
    cmos_set(0x50, other);
    check(cmos(0x50) == other, "the memory forgets");
    cmos_set(0x50, before);
    check((cmos(0x15) | cmos(0x16) << 8) >= 512, "%u KiB of base memory",
          cmos(0x15) | cmos(0x16) << 8);
}

static void rate(u8 select, u64 hz, unsigned periods)
{
    cmos_set(0x0a, 0x20 | select);
    cmos(0x0c);
    ticks = 0;
    while (!ticks)
        irq_wait();
    u64 start = came;
    unsigned from = ticks;
    while (ticks - from < periods)
        irq_wait();
    u64 expected = tsc_hz() * (ticks - from) / hz;
    check(within(came - start, expected, 10), "%u periods at %lu Hz: %lu ticks of TSC, not %lu",
          ticks - from, hz, came - start, expected);
}

TINY(rtc_periodic)
{
    if (cmos(0x0a) == 0xff && cmos(0x0b) == 0xff)
        skip("no clock");
    tsc_hz();
    look_at_time();
    u8 b = cmos(0x0b);
    irq_on(8, on_clock);
    cmos_set(0x0b, b | 0x40);
    rate(6, 1024, 50);
    rate(9, 128, 5);

    reads_c = false;
    ticks = 0;
    cmos(0x0c);
    irq_enable();
    wait_us(40000);
    irq_disable();
    check(ticks == 1, "%u interrupts, and register C was not read", ticks);
    cmos_set(0x0b, b);
    cmos_set(0x0a, 0x26);
    cmos(0x0c);
}

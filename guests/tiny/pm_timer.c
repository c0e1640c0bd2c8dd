/* SPDX-License-Identifier: MIT */
/* ACPI's fixed hardware, where Trivet has it: the timer's rate against the TSC, and the SCI of an
 * event (the clock's), which is there until its status is cleared. */
#include "guests/tiny/rt/tiny.h"

enum { STATUS = 0x600, ENABLE = 0x602, CONTROL = 0x604, TIMER = 0x608 };

#define PM_HZ  3579545ull
#define RTC_EV 0x400

static volatile unsigned events;
static volatile u16 seen;

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

static void on_sci(struct frame *frame)
{
    (void)frame;
    events++;
    seen = inw(STATUS);
    cmos(0x0c); /* the clock may ask again */
    outw(STATUS, seen);
}

static void timer(void)
{
    u32 first = inl(TIMER), last = first;
    u64 start = rdtsc(), end = start + us_to_tsc(50000), now;

    while ((now = rdtsc()) < end) {
        u32 value = inl(TIMER);
        check(value - last < PM_HZ, "backwards: %x after %x", value, last);
        last = value;
    }
    u64 expected = PM_HZ * (now - start) / tsc_hz();
    check(within(inl(TIMER) - first, expected, 5), "%u ticks, not %lu", inl(TIMER) - first,
          expected);
}

static void sci(void)
{
    irq_on(9, on_sci);
    outb(0x4d1, inb(0x4d1) | 0x02); /* by level */
    outw(ENABLE, RTC_EV);
    outw(STATUS, 0xffff);
    cmos_set(0x0a, 0x26);
    cmos_set(0x0b, 0x42);
    cmos(0x0c);
    irq_enable();
    check(wait_for(events >= 5, 500), "%u events of the clock", events);
    irq_disable();
    check(seen == RTC_EV, "status %x", seen);
    outw(ENABLE, 0);
    cmos_set(0x0b, 0x02);
    cmos(0x0c);
}

TINY(pm_timer)
{
    if (!on_trivet())
        skip("ACPI's registers are elsewhere");
    tsc_hz();
    check(inw(CONTROL) == 1, "control %x: not in ACPI mode alone", inw(CONTROL));
    timer();
    sci();
}

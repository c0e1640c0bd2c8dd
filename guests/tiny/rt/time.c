/* SPDX-License-Identifier: MIT */
#include "guests/tiny/rt/tiny.h"

#define SPINS 2000000 /* of a port each: an end even where nothing counts */

void pit_control(unsigned counter, unsigned mode)
{
    outb(0x43, (u8)(counter << 6 | 0x30 | mode << 1));
}

void pit_count(unsigned counter, u16 count)
{
    outb((u16)(0x40 + counter), (u8)count);
    outb((u16)(0x40 + counter), (u8)(count >> 8));
}

void pit_set(unsigned counter, unsigned mode, u16 count)
{
    pit_control(counter, mode);
    pit_count(counter, count);
}

void pit0_prepare(unsigned mode)
{
    pit_control(0, mode);
    irq_enable();
    wait_us(100);
    irq_disable();
}

u16 pit_latch(unsigned counter)
{
    outb(0x43, (u8)(counter << 6));
    u8 low = inb((u16)(0x40 + counter));
    return (u16)(low | inb((u16)(0x40 + counter)) << 8);
}

u8 pit_status(unsigned counter)
{
    outb(0x43, (u8)(0xe0 | 2u << counter));
    return inb((u16)(0x40 + counter));
}

void pit2_gate(bool on)
{
    outb(0x61, (u8)((inb(0x61) & 0x0c) | on));
}

bool pit2_out(void)
{
    return inb(0x61) & 0x20;
}

/* In tries, not in time: time is what it helps to measure. */
struct took pit2_took(bool level, u64 start)
{
    struct took took = {0, 0};

    for (unsigned i = 0; i < SPINS; i++) {
        u64 before = rdtsc();
        if (pit2_out() == level) {
            took.most = rdtsc() - start;
            return took;
        }
        took.least = before - start;
    }
    return LOST;
}

u64 pit2_edge(bool level)
{
    struct took took = pit2_took(level, 0);
    return took.most == ~0ull ? 0 : took.most;
}

/* Mode 0 is one stroke of known length, 20 ms of the PIT; a pause makes it longer, never shorter.
 */
static u64 tsc_measure(void)
{
    const u16 count = 23864;
    u64 least = ~0ull;

    pit2_gate(true);
    for (unsigned i = 0; i < 3; i++) {
        u64 start = rdtsc();
        pit_set(2, 0, count);
        u64 end = pit2_edge(true);
        if (!check(end, "counter 2 does not count"))
            done();
        least = end - start < least ? end - start : least;
    }
    return least * PIT_HZ / (count + 1u);
}

bool counted(u64 pit_ticks, u64 least_tsc, u64 most_tsc)
{
    u64 got = pit_to_tsc(pit_ticks), slack = pit_to_tsc(3);
    return got + got / 100 + slack >= least_tsc && got <= most_tsc + most_tsc / 100 + slack;
}

/* A leaf of VMware's that others have too, Trivet among them: thousands a second, or 0. */
static u64 tsc_told(void)
{
    bool guest = cpuid(1, 0).c >> 31;
    return guest && cpuid(0x40000000, 0).a >= 0x40000010 ? cpuid(0x40000010, 0).a * 1000ull : 0;
}

u64 tsc_hz(void)
{
    static u64 hz;
    if (!hz)
        hz = tsc_told();
    if (!hz)
        hz = tsc_measure();
    return hz;
}

u64 pit_to_tsc(u64 pit_ticks)
{
    return pit_ticks * tsc_hz() / PIT_HZ;
}

u64 us_to_tsc(u64 us)
{
    return us * (tsc_hz() / 1000) / 1000;
}

void wait_us(u64 us)
{
    u64 end = rdtsc() + us_to_tsc(us);
    while (rdtsc() < end)
        pause();
}

bool within(u64 value, u64 expected, unsigned percent)
{
    u64 slack = expected * percent / 100;
    return value + slack >= expected && value <= expected + slack;
}

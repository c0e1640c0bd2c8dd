/* SPDX-License-Identifier: MIT */
/*
 * The timer once: after its count and not before, for every divisor; the count reads down to 0 and
 * stays; 0 stops it; masked it counts in silence (SDM 3, 11.5.4).
 */
#include "guests/tiny/rt/apic.h"

#define VECTOR 0x55

static const u8 divide[] = {0xb, 0, 1, 2, 3, 8, 9, 10}; /* by 1, 2, 4 ... 128 */
static unsigned shift;

/* 2 ms of the timer's clock. */
static struct took once(void)
{
    return apic_took((u32)(apic_hz() / 500) >> shift, 1);
}

static void divisors(const char *mode)
{
    char name[32];

    apic_write(APIC_LVT_TIMER, VECTOR);
    for (shift = 0; shift < 8; shift++) {
        fmt_text(name, sizeof name, "%s, divided by %u", mode, 1u << shift);
        apic_write(APIC_DIVIDE, divide[shift]);
        check(apic_read(APIC_DIVIDE) == divide[shift], "the divisor's bits");
        check_lasts(once(), 2386, name);
        check(apic_read(APIC_CURRENT) == 0, "%s: the count at the end: %u", name,
              apic_read(APIC_CURRENT));
    }
    u64 last = apic_stamp;
    irq_enable();
    wait_us(5000);
    irq_disable();
    check(apic_stamp == last, "%s: it comes again", mode);
}

/* The count against the TSC, and what stops it. */
static void count(const char *mode)
{
    apic_write(APIC_DIVIDE, TIMER_BY_1);
    apic_write(APIC_LVT_TIMER, LVT_MASKED | VECTOR);
    u64 before = rdtsc();
    apic_write(APIC_INITIAL, 0x80000000);
    u64 began = rdtsc();
    wait_us(500);
    u64 asked = rdtsc();
    u32 gone = 0x80000000 - apic_read(APIC_CURRENT);
    u64 answered = rdtsc();
    u64 pit = gone * PIT_HZ / apic_hz();
    check(counted(pit, asked - began, answered - before), "%s: %u in %lu to %lu ticks of TSC", mode,
          gone, asked - began, answered - before);
    check(apic_read(APIC_INITIAL) == 0x80000000, "the initial count as written");
    apic_write(APIC_INITIAL, 0);
    check(apic_read(APIC_CURRENT) == 0, "%s: stopped, it reads %u", mode, apic_read(APIC_CURRENT));
}

/* Ended under a mask: nothing is owed. Started anew: the old end is forgotten. */
static void masked(const char *mode)
{
    apic_stamp = 0;
    apic_write(APIC_LVT_TIMER, LVT_MASKED | VECTOR);
    apic_write(APIC_INITIAL, 1000);
    wait_us(100);
    check(apic_read(APIC_CURRENT) == 0, "%s: masked, it does not count", mode);
    check(!apic_bit(APIC_IRR, VECTOR), "%s: masked, it asks", mode);
    apic_write(APIC_LVT_TIMER, VECTOR);
    irq_enable();
    wait_us(100);
    apic_write(APIC_INITIAL, 1000000000);
    apic_write(APIC_INITIAL, 0);
    wait_us(1000);
    irq_disable();
    check(!apic_stamp, "%s: an interrupt that nothing asked for", mode);
    apic_write(APIC_INITIAL, 1000);
    check(wait_for(apic_bit(APIC_IRR, VECTOR), 1000), "%s: IF = 0 and it does not wait", mode);
    irq_window();
    check(apic_stamp != 0, "%s: it waited in vain", mode);
}

/* Whose end a read of the count sees first: the interrupt comes all the same. */
static void polled(const char *mode)
{
    apic_write(APIC_DIVIDE, TIMER_BY_1);
    apic_write(APIC_LVT_TIMER, VECTOR);
    irq_enable();
    for (u32 i = 0; i < 200; i++) {
        apic_stamp = 0;
        apic_write(APIC_INITIAL, 20000 + 37 * i);
        while (apic_read(APIC_CURRENT))
            ;
        if (!check(wait_for(apic_stamp, 1000), "%s: polled to 0, round %u, it does not come", mode,
                   i))
            break;
    }
    irq_disable();
}

static void all(const char *mode)
{
    divisors(mode);
    count(mode);
    masked(mode);
    polled(mode);
}

TINY(apic_timer_once)
{
    tsc_hz();
    trap_on(VECTOR, apic_on_tick);
    apic_both(all);
}

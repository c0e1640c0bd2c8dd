/* SPDX-License-Identifier: MIT */
/*
 * Random values to every register of the local APIC, the MSRs of it and the I/O APIC, at every
 * width, from all processors at once, with timers, IPIs and NMIs as they come; then the last word:
 * ok. INIT and start-up IPIs are left out of ICR, or nobody would be there to say it.
 */
#include "guests/tiny/rt/apic.h"

#define ROUNDS 1000

static volatile u32 ended;
static unsigned total;

/* A level that stands would ask again before the next instruction, for ever. */
static void on_any(struct frame *frame)
{
    static u32 calls;

    (void)frame;
    if (__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) % 64 == 0) {
        ioapic_set(PIN_PIT, IOAPIC_MASKED);
        apic_write(APIC_LVT_LINT0, LVT_MASKED);
        apic_write(APIC_LVT_TIMER, LVT_MASKED);
    }
    apic_eoi();
}

static void on_nmi(struct frame *frame)
{
    (void)frame;
}

static u64 random(u64 *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static u32 no_init(u32 low)
{
    return (low & 0x700) == 0x500 || (low & 0x700) == 0x600 ? low & ~0x700u : low;
}

static void touch_page(u64 r)
{
    u32 at = (u32)(r >> 8) & 0xff0, value = no_init((u32)(r >> 20));

    switch (r & 15) {
    case 0:
        *(volatile u8 *)(APIC_PAGE + at + (r >> 4 & 15)) = (u8)value;
        break;
    case 1:
        *(volatile u64 *)(APIC_PAGE + (at == APIC_ICR ? 0 : at & 0xfe0)) = value;
        break;
    case 2:
    case 3:
        (void)*(volatile u32 *)(APIC_PAGE + (r >> 12) % 0xffd);
        break;
    default:
        *(volatile u32 *)(APIC_PAGE + at % 0x400) = value;
    }
}

/* Half of them to where they hurt: the timer. */
static void touch_timer(u64 r)
{
    apic_write(APIC_LVT_TIMER, (u32)(r >> 8) & 0x700ff);
    apic_write(APIC_DIVIDE, (u32)(r >> 40));
    apic_write(APIC_INITIAL, (u32)(r >> 44) & 0xfff);
    wrmsr(0x6e0, rdtsc() + (r >> 50));
}

static void touch_ioapic(u64 r)
{
    u32 at = r & 16 ? (u32)(r >> 8) & 0xff : (u32)(r >> 8) & 0x50, value = no_init((u32)(r >> 20));

    *(volatile u32 *)IOAPIC_PAGE = (u32)(r >> 32);
    if (at % 4 || r & 32)
        (void)*(volatile u8 *)(IOAPIC_PAGE + at);
    else if (at / 4 == 4 || at == 0)
        *(volatile u32 *)(IOAPIC_PAGE + at) = value;
    else
        *(volatile u16 *)(IOAPIC_PAGE + at) = (u16)value;
}

static void storm(unsigned cpu)
{
    u64 state = 88172645463325252ull + 77777777777ull * cpu;

    for (unsigned i = 0; i < ROUNDS; i++) {
        u64 r = random(&state);
        if (r >> 63)
            touch_timer(r);
        else if (r >> 62 & 1)
            touch_page(r);
        else if (r >> 61 & 1)
            touch_ioapic(r);
        else
            apic_icr((u32)(r >> 40) & 7, no_init((u32)r & 0xcdfff));
        if (i % 16 == 0) {
            apic_on();
            write_cr8(0);
            irq_window();
        }
    }
    apic_write(APIC_LVT_TIMER, LVT_MASKED);
    __atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
}

/* The MSRs, in x2APIC mode, by this processor alone: TRY is for one. */
static void msrs(void)
{
    u64 state = 1234567, taken = 0;

    apic_to_page();
    apic_to_x2();
    for (unsigned i = 0; i < ROUNDS; i++) {
        u64 r = random(&state);
        u32 msr = 0x800 + (r & 0x3f), low = (u32)(r >> 8) >> (r >> 59),
            high = r & 64 ? (u32)(r >> 40) : 0;
        if (msr == 0x830)
            low = no_init(low);
        taken += TRY("wrmsr", : "c"(msr), "a"(low), "d"(high)) == NO_TRAP;
        TRY("rdmsr", : "c"(msr) : "eax", "edx");
        if (i % 16 == 0)
            irq_window();
    }
    print("%lu of %u writes of MSRs were taken\n", taken, ROUNDS);
    apic_to_page();
    apic_on();
}

TINY(bad_apic_storm)
{
    total = smp_start();
    for (unsigned vector = 16; vector < 0xff; vector++) /* an APIC takes 16 to 31, too */
        if (vector != VECTOR_WORK)
            trap_on(vector, on_any);
    for (unsigned vector = 16; vector < 32; vector++) /* whose stubs may want an error code */
        rt_idt[vector] = rt_idt[0x61];
    trap_on(NMI, on_nmi);
    for (unsigned cpu = 1; cpu < total; cpu++)
        cpu_run(cpu, storm);
    storm(0);
    check(wait_for(ended == total, 3000), "%u of %u have ended", ended, total);
    msrs();
    apic_count(0x61);
    apic_self(0x61);
    irq_window();
    check(apic_seen_here(0x61) == 1, "the APIC does not work any more");
}

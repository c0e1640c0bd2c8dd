/* SPDX-License-Identifier: MIT */
/*
 * KVM's paravirtual clock (Documentation/virt/kvm/x86/msr.rst): the page's line agrees with the
 * TSC's speed, no processor's time runs behind another's; and with `pv = none` leaf and MSRs are
 * not there.
 */
#include "guests/tiny/rt/apic.h"

#define MSR_WALL  0x4b564d00u
#define MSR_CLOCK 0x4b564d01u
#define TURNS     300

static struct page {
    u32 version, unused;
    u64 tsc, ns;
    u32 scale;
    s8 shift;
    u8 flags, unused2[2];
} pages[CPUS_MAX] aligned(32);
_Static_assert(sizeof(struct page) == 32, "msr.rst");

static unsigned total;
static volatile u32 turn;
static volatile u64 last, behind;
static volatile struct {
    u32 version, seconds, ns;
} wall;

static u64 scaled(const volatile struct page *p, u64 ticks)
{
    u64 shifted = p->shift < 0 ? ticks >> -p->shift : ticks << p->shift, low, high;

    __asm__("mulq %3" : "=a"(low), "=d"(high) : "0"(shifted), "r"((u64)p->scale));
    return high << 32 | low >> 32;
}

/* As the interface has it: again while the version is odd or has changed. */
static u64 now(unsigned cpu)
{
    const volatile struct page *p = &pages[cpu];
    u32 version;
    u64 ns;

    do {
        version = p->version;
        ns = p->ns + scaled(p, rdtsc() - p->tsc);
    } while (version & 1 || version != p->version);
    return ns;
}

static void on(unsigned cpu)
{
    wrmsr(MSR_CLOCK, (u64)&pages[cpu] | 1);
}

static void ring(unsigned cpu)
{
    for (u32 mine = cpu; mine < TURNS * total; mine += total) {
        while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) != mine)
            pause();
        u64 time = now(cpu);
        if (time < last)
            behind = last - time;
        last = time;
        __atomic_store_n(&turn, mine + 1, __ATOMIC_SEQ_CST);
    }
}

/* Of the line itself, not of two readings: only the kHz in which CPUID tells the TSC's speed are
 * rounded. */
static void rate(unsigned cpu)
{
    u64 second = scaled(&pages[cpu], tsc_hz()), slack = 1000000000000 / tsc_hz() + 10;

    check(second > 1000000000 - slack && second < 1000000000 + slack,
          "processor %u: a second has %lu ns", cpu, second);
    check(pages[cpu].flags & 1, "processor %u: it is not stable", cpu);
    check(!(pages[cpu].version & 1), "processor %u: version %u", cpu, pages[cpu].version);
}

static void refused(void)
{
    u64 before = rdmsr(MSR_CLOCK);

    check(TRY("wrmsr", : "c"(MSR_CLOCK), "a"(0xfffff001), "d"(0xffff)) == GP, "outside memory");
    check(rdmsr(MSR_CLOCK) == before, "refused, and it reads %lx", rdmsr(MSR_CLOCK));
}

static void absent(void)
{
    static const u32 msrs[] = {0x11, 0x12, MSR_WALL, MSR_CLOCK, 0x4b564d04};

    for (unsigned i = 0; i < array_size(msrs); i++) {
        check(TRY("rdmsr", : "c"(msrs[i]) : "eax", "edx") == GP, "reading %x", msrs[i]);
        check(TRY("wrmsr", : "c"(msrs[i]), "a"(1), "d"(0)) == GP, "writing %x", msrs[i]);
    }
}

TINY(pv_clock)
{
    struct cpuid leaf = cpuid(0x40000000, 0);

    part("present")
    {
        check(!memcmp(&leaf.b, "KVMKVMKVM\0\0\0", 12), "KVM's signature is not there");
        check(cpuid(0x40000001, 0).a >> 3 & 1, "the clock is not offered");
        total = smp_start();
        smp_run(on);
        for (unsigned cpu = 0; cpu < total; cpu++)
            rate(cpu);
        smp_run(ring);
        check(!behind, "%lu ns behind", behind);
        refused();
        wrmsr(MSR_WALL, (u64)&wall);
        check(wall.seconds > 1600000000 && !(wall.version & 1), "the wall clock: %u s",
              wall.seconds);
        wrmsr(MSR_CLOCK, 0);
        memset(&pages[0], 0x55, sizeof pages[0]);
        wait_us(1000);
        check(pages[0].ns == 0x5555555555555555, "switched off, it is written");
        return;
    }
    check(memcmp(&leaf.b, "KVMKVMKVM\0\0\0", 12) != 0, "KVM's signature is there");
    absent();
}

/* SPDX-License-Identifier: MIT */
/*
 * Local APIC and I/O APIC: registers by the page and by MSR, interrupts to itself, the timer's
 * period.
 */
#include "guests/tiny/bench/apic.h"

#include "guests/tiny/bench/bench.h"

enum { VECTOR_IPI = 0x91, VECTOR_TIMED = 0x92, VECTOR_PERIODIC = 0x93 };

bool lapic_x2;

static volatile unsigned taken;
static volatile u64 entered, ended;

INTERRUPT(on_ipi)
{
    lapic_write(APIC_EOI, 0);
    taken++;
}

INTERRUPT(on_timed)
{
    entered = rdtsc();
    lapic_write(APIC_EOI, 0);
    ended = rdtsc();
    taken++;
}

void lapic_on(void)
{
    lapic_write(APIC_SVR, APIC_ENABLE | 0xff);
    lapic_write(APIC_LVT_LINT0, APIC_MODE_EXTINT);
}

static void to_self(u8 vector)
{
    unsigned before = taken;

    lapic_write(APIC_ICR, APIC_TO_SELF | vector);
    while (taken == before)
        ;
}

/* Sent, taken and acknowledged; and of that, from the ICR's write to the handler, and the EOI. */
static void self_ipi(const char *whole, const char *sent, const char *eoi)
{
    const unsigned n = 2000;
    u64 to_handler = 0, acknowledged = 0, start = rdtsc();

    for (unsigned i = 0; i < n; i++)
        to_self(VECTOR_IPI);
    price(whole, rounded(rdtsc() - start, n));
    for (unsigned i = 0; i < n; i++) {
        start = rdtsc();
        to_self(VECTOR_TIMED);
        to_handler += entered - start;
        acknowledged += ended - entered;
    }
    price(sent, rounded(to_handler, n));
    price(eoi, rounded(acknowledged, n));
}

#define READ  "movl (%[at]), %%eax"
#define WRITE "movl %%eax, (%[at])"
#define MMIO_LOOP(name, insn, to, value)                                                           \
    do {                                                                                           \
        u64 rax_ = (value);                                                                        \
        LOOPED(name, 10000, insn, "+a"(rax_) : N, [at] "r"(to) : CLOBBERS);                        \
    } while (0)

static void by_page(void)
{
    MMIO_LOOP("xapic-read", READ, APIC_PAGE + APIC_ID, 0);
    MMIO_LOOP("xapic-read-count", READ, APIC_PAGE + APIC_CURRENT, 0);
    MMIO_LOOP("xapic-write", WRITE, APIC_PAGE + APIC_LVT_TIMER, APIC_MASKED | 0xff);
    MMIO_LOOP("xapic-eoi", WRITE, APIC_PAGE + APIC_EOI, 0);
    self_ipi("self-ipi", "self-ipi-send", "self-ipi-eoi");
}

#define MSR_READ(name, reg)                                                                        \
    LOOPED(name, 10000, "rdmsr", : N, "c"(APIC_MSR + (reg) / 16) : CLOBBERS, "rax", "rdx")
#define MSR_WRITE(name, reg, value)                                                                \
    LOOPED(name, 10000, "wrmsr", : N, "c"(APIC_MSR + (reg) / 16), "a"(value), "d"(0) : CLOBBERS)

static void by_msr(void)
{
    wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 1u << 10);
    lapic_x2 = true;
    lapic_on();
    MSR_READ("x2apic-read", APIC_ID);
    MSR_READ("x2apic-read-count", APIC_CURRENT);
    MSR_WRITE("x2apic-write", APIC_LVT_TIMER, APIC_MASKED | 0xff);
    MSR_WRITE("x2apic-eoi", APIC_EOI, 0);
    self_ipi("x2apic-self-ipi", "x2apic-self-ipi-send", "x2apic-self-ipi-eoi");
}

/* The first register behind the index is asked: version. */
static void ioapic(void)
{
    *(volatile u32 *)IOAPIC_PAGE = 1;
    MMIO_LOOP("ioapic-read", READ, IOAPIC_PAGE + 0x10, 0);
}

/* A count of the timer at divide by 1 that lasts so long. */
static u32 timer_count(u64 tsc)
{
    lapic_write(APIC_DIVIDE, 0xb);
    lapic_write(APIC_LVT_TIMER, APIC_MASKED | VECTOR_PERIODIC);
    lapic_write(APIC_INITIAL, ~0u);
    u32 from = lapic_read(APIC_CURRENT);
    SPIN(tsc / 2);
    return from - lapic_read(APIC_CURRENT);
}

/* What a spinning guest loses a tick of a periodic timer of 1 ms, its handler and EOI included. */
static void periodic(const char *name)
{
    const u64 rounds = 10000000;
    u32 count = timer_count(tsc_hz() / 1000);
    u64 quiet = SPIN(rounds);

    lapic_write(APIC_LVT_TIMER, APIC_PERIODIC | VECTOR_PERIODIC);
    unsigned from = taken;
    lapic_write(APIC_INITIAL, count);
    while (taken == from)
        ;
    from = taken;
    u64 busy = SPIN(rounds);
    unsigned came = taken - from;
    lapic_write(APIC_INITIAL, 0);
    lapic_write(APIC_LVT_TIMER, APIC_MASKED | VECTOR_PERIODIC);
    if (check(came, "no tick of a periodic timer"))
        price(name, rounded(busy - quiet, came));
}

void bench_apic(void)
{
    if (!HAS_APIC)
        return;
    gate_of(VECTOR_IPI, on_ipi_gate);
    gate_of(VECTOR_TIMED, on_timed_gate);
    gate_of(VECTOR_PERIODIC, on_ipi_gate);
    lapic_on();
    irq_enable();
    ioapic();
    by_page();
    periodic("irq-lapic");
    if (HAS_X2APIC) {
        by_msr();
        periodic("x2apic-irq-lapic");
    }
}

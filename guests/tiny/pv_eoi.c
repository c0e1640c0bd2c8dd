/* SPDX-License-Identifier: MIT */
/*
 * KVM's paravirtual EOI: the shared bit is set with an edge-triggered interrupt that is alone, and
 * its clearing is the EOI, without an exit; with another one waiting, or a level, it is the usual
 * EOI.
 */
#include "guests/tiny/rt/apic.h"

#define MSR_EOI 0x4b564d04u
#define VECTOR  0x51
#define LEVEL   0x52

static volatile u32 word aligned(64);
static volatile u32 came, lent, send_within;

static bool clear_bit(void)
{
    bool was;
    __asm__ volatile("lock btrl $0, %0" : "+m"(word), "=@ccc"(was)::"memory");
    return was;
}

static void on_edge(struct frame *frame)
{
    (void)frame;
    came++;
    for (; send_within; send_within--)
        apic_self(VECTOR);
    if (clear_bit())
        lent++;
    else
        apic_eoi();
}

static void on_level(struct frame *frame)
{
    (void)frame;
    came++;
    lent += word & 1;
    outb(0x3f9, 0);
    apic_eoi();
}

static void expect(const char *what, u32 due, u32 by_bit)
{
    irq_window();
    irq_window();
    check(came == due && lent == by_bit, "%s: %u came, %u by the bit, not %u and %u", what, came,
          lent, due, by_bit);
    check(!apic_bit(APIC_ISR, VECTOR) && !(word & 1), "%s: it is still in service", what);
    came = lent = 0;
}

static void alone(const char *mode)
{
    for (unsigned i = 0; i < 20; i++) {
        apic_self(VECTOR);
        expect(mode, 1, 1);
    }
}

/* The second is posted while the first is served: the loan is called in, or has not been. */
static void another(const char *mode)
{
    send_within = 1;
    apic_self(VECTOR);
    irq_window();
    irq_window();
    check(came == 2, "%s: %u of two in a row", mode, came);
    came = lent = 0;
    apic_self(VECTOR);
    apic_self(0x41); /* waits below: the EOI must let it in */
    apic_count(0x41);
    irq_window();
    irq_window();
    check(came == 1 && apic_seen_here(0x41) == 1, "%s: below it %u", mode, apic_seen_here(0x41));
    check(lent == 0, "%s: lent with another one waiting", mode);
    came = lent = 0;
}

static void level(const char *mode)
{
    ioapic_set(PIN_UART, IOAPIC_LEVEL | LEVEL);
    outb(0x3f9, 2);
    irq_window();
    irq_window();
    check(came == 1 && lent == 0, "%s: a level: %u, lent %u", mode, came, lent);
    check(!(ioapic_entry(PIN_UART) & IOAPIC_REMOTE_IRR), "%s: its EOI is lost", mode);
    ioapic_set(PIN_UART, IOAPIC_MASKED);
    came = lent = 0;
}

/* The guest that forgets the bit and ends it the usual way; and one that reads ISR first. */
static void usual(const char *mode)
{
    trap_on(VECTOR, NULL);
    apic_count(VECTOR);
    apic_self(VECTOR);
    apic_self(VECTOR);
    irq_window();
    check(apic_seen_here(VECTOR) == 1 && !(word & 1), "%s: the usual EOI, word %x", mode, word);
    apic_self(VECTOR);
    irq_window();
    check(apic_seen_here(VECTOR) == 2, "%s: the next one: %u", mode, apic_seen_here(VECTOR));
    trap_on(VECTOR, on_edge);
}

static u64 exits_of(unsigned times)
{
    u64 before = hypercall(HYPER_EXITS);

    for (unsigned i = 0; i < times; i++) {
        apic_self(VECTOR);
        irq_window();
    }
    return hypercall(HYPER_EXITS) - before;
}

/* One exit less an interrupt, the EOI's. */
static void cheaper(const char *mode)
{
    u64 with = exits_of(200);
    wrmsr(MSR_EOI, 0);
    u64 without = exits_of(200);
    wrmsr(MSR_EOI, (u64)&word | 1);
    print("%s: 200 interrupts, %lu exits with the bit, %lu without\n", mode, with, without);
    check(with + 150 < without, "%s: %lu exits with the bit, %lu without", mode, with, without);
    came = lent = 0;
}

static void all(const char *mode)
{
    word = 0;
    wrmsr(MSR_EOI, (u64)&word | 1);
    came = lent = 0;
    alone(mode);
    another(mode);
    level(mode);
    usual(mode);
    cheaper(mode);
    wrmsr(MSR_EOI, 0);
    apic_self(VECTOR);
    expect("switched off", 1, 0);
}

TINY(pv_eoi)
{
    if (!(cpuid(0x40000001, 0).a >> 6 & 1))
        skip("no paravirtual EOI here");
    tsc_hz();
    outb(0x3fc, 0x0b);
    trap_on(VECTOR, on_edge);
    trap_on(LEVEL, on_level);
    check(TRY("wrmsr", : "c"(MSR_EOI), "a"(3), "d"(0)) == GP, "bit 1 is taken");
    check(TRY("wrmsr", : "c"(MSR_EOI), "a"(1), "d"(0x7fff)) == GP, "a word outside memory");
    apic_both(all);
}

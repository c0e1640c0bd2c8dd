/* SPDX-License-Identifier: MIT */
/*
 * The I/O APIC's edges: the PIT's interrupt at pin 2, once for each rise, none lost or doubled; the
 * vector and the destination as the entry says; an edge under a mask is lost (82093AA, 3.2.4).
 */
#include "guests/tiny/rt/apic.h"

#define VECTOR 0x63

/* Mode 0: OUT falls with the count and rises at its end. */
static void pit_rise(void)
{
    pit_set(0, 0, 300);
    wait_for(pit_status(0) & 0x80, 1000);
}

static void each(const char *mode)
{
    apic_count(VECTOR);
    ioapic_set(PIN_PIT, VECTOR);
    pit_set(0, 0, 0);
    irq_enable();
    for (u32 i = 1; i <= 10; i++) {
        pit_set(0, 0, 300);
        check(wait_for(apic_seen_here(VECTOR) == i, 1000), "%s: %u of %u", mode,
              apic_seen_here(VECTOR), i);
    }
    wait_us(2000);
    check(apic_seen_here(VECTOR) == 10, "%s: %u of 10", mode, apic_seen_here(VECTOR));
    irq_disable();
}

static void masked(const char *mode)
{
    apic_count(VECTOR);
    ioapic_set(PIN_PIT, IOAPIC_MASKED | VECTOR);
    irq_enable();
    pit_rise();
    ioapic_set(PIN_PIT, VECTOR);
    wait_us(100);
    check(apic_seen_here(VECTOR) == 0, "%s: an edge under the mask came", mode);
    pit_rise();
    check(wait_for(apic_seen_here(VECTOR) == 1, 1000), "%s: the next one did not", mode);
    irq_disable();
}

/* Two while the first waits are one; one while the first is served comes after its EOI. */
static void waiting(const char *mode)
{
    apic_count(VECTOR);
    pit_rise();
    check(apic_bit(APIC_IRR, VECTOR) && !apic_bit(APIC_TMR, VECTOR), "%s: it does not wait", mode);
    check(!(ioapic_entry(PIN_PIT) & IOAPIC_REMOTE_IRR), "%s: an edge has remote IRR", mode);
    pit_rise();
    irq_window();
    irq_window();
    check(apic_seen_here(VECTOR) == 1, "%s: %u of two that were one", mode, apic_seen_here(VECTOR));
}

static void destinations(const char *mode)
{
    static const struct {
        u64 entry;
        bool mine;
    } to[] = {
        {IOAPIC_TO(0),                               true },
        {IOAPIC_TO(1),                               false},
        {IOAPIC_TO(0xff),                            true },
        {IOAPIC_TO(1) | IOAPIC_LOGICAL,              true },
        {IOAPIC_TO(1) | IOAPIC_LOGICAL | ICR_LOWEST, true },
        {IOAPIC_TO(2) | IOAPIC_LOGICAL,              false},
    };

    if (!apic_x2())
        apic_write(APIC_LDR, 1 << 24);
    for (unsigned i = 0; i < array_size(to); i++) {
        apic_count(VECTOR);
        ioapic_set(PIN_PIT, to[i].entry | VECTOR);
        pit_rise();
        irq_window();
        check(apic_seen_here(VECTOR) == to[i].mine, "%s: entry %lx comes %u times", mode,
              to[i].entry, apic_seen_here(VECTOR));
    }
}

static volatile u32 nmis;

static void on_nmi(struct frame *frame)
{
    (void)frame;
    nmis++;
}

/* NMI by an entry, in spite of IF = 0. */
static void by_nmi(const char *mode)
{
    nmis = 0;
    trap_on(NMI, on_nmi);
    ioapic_set(PIN_PIT, ICR_NMI);
    pit_set(0, 0, 300);
    check(wait_for(nmis == 1, 1000), "%s: %u NMIs", mode, nmis);
    ioapic_set(PIN_PIT, IOAPIC_MASKED);
}

static void all(const char *mode)
{
    each(mode);
    masked(mode);
    waiting(mode);
    destinations(mode);
    by_nmi(mode);
}

TINY(ioapic_edge)
{
    tsc_hz();
    apic_both(all);
}

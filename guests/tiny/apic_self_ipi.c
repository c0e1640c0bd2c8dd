/* SPDX-License-Identifier: MIT */
/*
 * IPIs to itself, each way: the shorthands self and all, its id, the logical set, x2APIC's SELF
 * IPI; at once, for every vector that is legal; none while the APIC is disabled by software.
 */
#include "guests/tiny/rt/apic.h"

static volatile u32 came;
static volatile u64 last;

static void on_any(struct frame *frame)
{
    came++;
    last = frame->vector;
    apic_eoi();
}

static void way_self(u8 vector)
{
    apic_self(vector);
}

static void way_all(u8 vector)
{
    apic_icr(0x77, ICR_ALL | ICR_ASSERT | vector);
}

static void way_id(u8 vector)
{
    apic_icr(0, ICR_ASSERT | vector);
}

static void way_everyone(u8 vector)
{
    apic_icr(apic_x2() ? ~0u : 0xff, ICR_ASSERT | vector);
}

static void way_logical(u8 vector)
{
    apic_icr(1, ICR_LOGICAL | ICR_ASSERT | vector);
}

static void way_lowest(u8 vector)
{
    apic_icr(1, ICR_LOGICAL | ICR_LOWEST | ICR_ASSERT | vector);
}

static void way_msr(u8 vector)
{
    if (apic_x2())
        wrmsr(0x83f, vector);
    else
        apic_self(vector);
}

static const struct way {
    const char *name;
    void (*send)(u8 vector);
} ways[] = {
    {"self",            way_self    },
    {"all",             way_all     },
    {"by id",           way_id      },
    {"to 0xff",         way_everyone},
    {"logical",         way_logical },
    {"lowest priority", way_lowest  },
    {"SELF IPI",        way_msr     },
};

static void try(const char *mode, const struct way *way)
{
    for (unsigned vector = 0x30; vector < 0xff; vector++) {
        came = 0;
        way->send((u8)vector);
        if (!check(apic_bit(APIC_IRR, (u8)vector), "%s, %s: %x does not wait, %u came", mode,
                   way->name, vector, came))
            return;
        irq_window();
        check(came == 1 && last == vector, "%s, %s: %u came for %x, the last %lx", mode, way->name,
              came, vector, last);
    }
    irq_enable();
    came = 0;
    way->send(0x99);
    __asm__ volatile("nop");
    check(came == 1, "%s, %s: not at once", mode, way->name);
    irq_disable();
}

static void all(const char *mode)
{
    if (!apic_x2()) {
        apic_write(APIC_DFR, ~0u);
        apic_write(APIC_LDR, 1 << 24);
    }
    for (unsigned i = 0; i < array_size(ways); i++)
        try(mode, &ways[i]);
    came = 0;
    apic_write(APIC_SVR, VECTOR_SPURIOUS);
    for (unsigned i = 0; i < array_size(ways); i++)
        ways[i].send(0x66);
    apic_on();
    irq_window();
    check(came == 0, "%s: %u came while it was disabled", mode, came);
    apic_icr(0, ICR_OTHERS | ICR_ASSERT | 0x66);
    apic_icr(3, ICR_ASSERT | 0x66);
    apic_icr(2, ICR_LOGICAL | ICR_ASSERT | 0x66);
    irq_window();
    check(came == 0, "%s: %u came that were for others", mode, came);
}

TINY(apic_self_ipi)
{
    for (unsigned vector = 0x30; vector < 0xff; vector++)
        trap_on(vector, on_any);
    apic_both(all);
}

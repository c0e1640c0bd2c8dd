/* SPDX-License-Identifier: MIT */
/* Sending: SDM 3, 11.6.1, 11.12.9 and 11.12.11. */
#include "drivers/emu/lapic.h"
#include "drivers/emu/lapic_impl.h"

static bool has_vector(enum apic_mode mode)
{
    return mode == APIC_FIXED || mode == APIC_LOWEST;
}

/* Table 11-3: to itself a processor sends fixed interrupts only. */
static bool valid(const struct lapic_message *m)
{
    if (m->mode == 3 || m->mode == APIC_EXTINT)
        return false;
    return m->mode == APIC_FIXED || (m->shorthand != APIC_SELF && m->shorthand != APIC_ALL);
}

/* The self IPI is always fixed and edge-triggered. */
void lapic_send_self(struct lapic *l, u8 vector)
{
    if (vector < 16)
        lapic_error(l, LAPIC_ESR_SEND_VECTOR);
    else if (lapic_takes_vectors(l))
        lapic_request(l, vector);
}

static void send(struct lapic *l, const struct lapic_message *m)
{
    if (has_vector(m->mode) && m->vector < 16)
        lapic_error(l, LAPIC_ESR_SEND_VECTOR);
    else if (m->shorthand == APIC_SELF)
        lapic_send_self(l, m->vector);
    else
        l->host->ipi(l->host->ctx, m);
}

/*
 * `dest` is the whole register in x2APIC mode. An INIT with the level deasserted set arbitration
 * ids once; no processor since takes it for an INIT. All others go as edges, whatever the trigger
 * mode says (table 11-3, note 2).
 */
void lapic_icr_write(struct lapic *l, u32 low, u32 dest)
{
    bool x2 = l->shared & LAPIC_X2, logical = low & LAPIC_ICR_LOGICAL;
    struct lapic_message m = {
        .dest = x2 ? dest : apic_dest_from8((u8)dest, logical),
        .vector = (u8)low,
        .mode = low >> 8 & 7,
        .shorthand = low >> LAPIC_ICR_SHORTHAND & 3,
        .logical = logical,
    };
    bool deassert = (low & (LAPIC_ICR_LEVEL | LAPIC_ICR_ASSERT)) == LAPIC_ICR_LEVEL;

    *lapic_at(l, LAPIC_ICR) = low;
    if (x2)
        lapic_at(l, LAPIC_ICR)[1] = dest;
    if (valid(&m) && !(m.mode == APIC_INIT && deassert))
        send(l, &m);
}

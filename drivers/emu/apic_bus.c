/* SPDX-License-Identifier: MIT */
#include "drivers/emu/apic_bus.h"

#include "lib/string.h"

void apic_bus_init(struct apic_bus *bus,
                   void (*deliver)(void *ctx, unsigned index, enum apic_mode mode, u8 vector,
                                   bool level),
                   void *ctx)
{
    memset(bus, 0, sizeof *bus);
    bus->deliver = deliver;
    bus->ctx = ctx;
}

bool apic_bus_add(struct apic_bus *bus, struct lapic *l)
{
    if (bus->count == APIC_BUS_MAX || l->id >= array_size(bus->by_id) || bus->by_id[l->id])
        return false;
    bus->lapic[bus->count++] = l;
    bus->by_id[l->id] = (u8)bus->count;
    return true;
}

static bool has_vector(const struct lapic_message *m)
{
    return m->mode == APIC_FIXED || m->mode == APIC_LOWEST;
}

/* 11.4.7.2: while disabled by software it still takes INIT, NMI and start-up messages. */
static bool takes(const struct lapic *l, const struct lapic_message *m)
{
    if (has_vector(m))
        return lapic_takes_vectors(l);
    return __atomic_load_n(&l->shared, __ATOMIC_RELAXED) & LAPIC_ON;
}

static void deliver(struct apic_bus *bus, const struct lapic_message *m, unsigned index)
{
    bus->deliver(bus->ctx, index, m->mode == APIC_LOWEST ? APIC_FIXED : (enum apic_mode)m->mode,
                 m->vector, m->level);
}

static bool addressed(const struct apic_bus *bus, const struct lapic_message *m, unsigned index,
                      unsigned sender)
{
    switch (m->shorthand) {
    case APIC_SELF:
        return index == sender;
    case APIC_ALL:
        return true;
    case APIC_OTHERS:
        return index != sender;
    default:
        return lapic_accepts(bus->lapic[index], m->dest, m->logical);
    }
}

/* The rotating start gives each of several equals its turn. */
static unsigned send_lowest(struct apic_bus *bus, const struct lapic_message *m, unsigned sender)
{
    unsigned best = APIC_BUS_NOBODY, least = 0x100;
    u32 turn = __atomic_fetch_add(&bus->turn, 1, __ATOMIC_RELAXED);

    for (unsigned i = 0; i < bus->count; i++) {
        unsigned index = (turn + i) % bus->count;
        const struct lapic *l = bus->lapic[index];
        if (!addressed(bus, m, index, sender) || !takes(l, m) || lapic_priority(l) >= least)
            continue;
        best = index;
        least = lapic_priority(l);
    }
    if (best == APIC_BUS_NOBODY)
        return 0;
    deliver(bus, m, best);
    return 1;
}

/* A physical id is one processor's, and nearly all messages have one. */
static unsigned send_to_id(struct apic_bus *bus, const struct lapic_message *m)
{
    unsigned which = m->dest < array_size(bus->by_id) ? bus->by_id[m->dest] : 0;

    if (!which || !takes(bus->lapic[which - 1], m))
        return 0;
    deliver(bus, m, which - 1);
    return 1;
}

unsigned apic_bus_send(struct apic_bus *bus, const struct lapic_message *m, unsigned sender)
{
    unsigned sent = 0;

    if (m->mode == APIC_SMI || m->mode == 3 || m->mode > APIC_EXTINT)
        return 0;
    if (m->shorthand == APIC_BY_DEST && !m->logical && m->dest != APIC_EVERYONE)
        return send_to_id(bus, m);
    if (m->mode == APIC_LOWEST)
        return send_lowest(bus, m, sender);
    for (unsigned i = 0; i < bus->count; i++) {
        if (!addressed(bus, m, i, sender) || !takes(bus->lapic[i], m))
            continue;
        deliver(bus, m, i);
        sent++;
    }
    return sent;
}

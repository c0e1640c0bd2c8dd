/* SPDX-License-Identifier: MIT */
/*
 * Who receives an interrupt message: SDM 3, 11.6.2 and 11.12.10. The machine adds its processors in
 * the order of their indices before any of them runs; then any core may send at any time, without
 * a lock, as nothing is written but a counter.
 *
 * Lowest-priority messages go to the one of their receivers with the lowest processor priority
 * (PPR) at that moment, in turn where several have it.
 */
#ifndef DRIVERS_EMU_APIC_BUS_H
#define DRIVERS_EMU_APIC_BUS_H

#include "drivers/emu/lapic.h"

#define APIC_BUS_MAX    64u
#define APIC_BUS_NOBODY (~0u) /* a sender that is no processor */

struct apic_bus {
    struct lapic *lapic[APIC_BUS_MAX];
    unsigned count;
    u32 turn;
    u8 by_id[256]; /* index + 1, or 0 */

    /*
     * Called for each receiver, on the sender's core. APIC_FIXED (lowest-priority has become that):
     * lapic_post, and kick if it says so. APIC_INIT, APIC_STARTUP, APIC_NMI, APIC_EXTINT: the
     * machine's. APIC_SMI does not come: guests have no SMM.
     */
    void (*deliver)(void *ctx, unsigned index, enum apic_mode mode, u8 vector, bool level);
    void *ctx;
};

void apic_bus_init(struct apic_bus *bus,
                   void (*deliver)(void *ctx, unsigned index, enum apic_mode mode, u8 vector,
                                   bool level),
                   void *ctx);

/* Its index: 0, 1, … `l` is initialised. False: full. */
bool apic_bus_add(struct apic_bus *bus, struct lapic *l) must_check;

/* How many received it. `sender`: the index, for the shorthands. */
unsigned apic_bus_send(struct apic_bus *bus, const struct lapic_message *m, unsigned sender);

#endif

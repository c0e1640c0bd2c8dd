/* SPDX-License-Identifier: MIT */
/* A vCPU for the tests of the shared handlers: its control block is an array. */
#ifndef TEST_UNIT_GUEST_FAKE_H
#define TEST_UNIT_GUEST_FAKE_H

#include <stdlib.h>
#include <string.h>

#include "arch/x86/guest_apic.h"
#include "arch/x86/guest_pv.h"
#include "recorded_cpuids.h"
#include "vm_fake.h"

static u64 fake_reg[GUEST_REGS];
static unsigned fake_cpl;
static const struct recorded_leaf *fake_host; /* 96 leaves */

static u64 fake_get(struct guest *guest, enum guest_reg reg)
{
    (void)guest;
    return fake_reg[reg];
}

static void fake_set(struct guest *guest, enum guest_reg reg, u64 value)
{
    (void)guest;
    fake_reg[reg] = value;
}

static unsigned fake_get_cpl(struct guest *guest)
{
    (void)guest;
    return fake_cpl;
}

/* The machine's APIC: one register, whatever its number. */
static u64 fake_apic_reg;
static u32 fake_apic_msr;

static bool fake_msr_read(struct guest *guest, u32 msr, u64 *value)
{
    (void)guest;
    fake_apic_msr = msr;
    *value = fake_apic_reg;
    return true;
}

static bool fake_msr_write(struct guest *guest, u32 msr, u64 value)
{
    (void)guest;
    fake_apic_msr = msr;
    if (value == 0xbad)
        return false;
    fake_apic_reg = value;
    return true;
}

static void fake_tsc_changed(struct guest *guest)
{
    guest_pv_tsc_changed(guest);
}

static void fake_arm(struct guest *guest, u64 tsc)
{
    (void)guest;
    fake_apic_msr = 0x6e0;
    fake_apic_reg = tsc;
}

static bool fake_send(struct guest *guest, u64 icr)
{
    return fake_msr_write(guest, 0x830, icr);
}

static const struct guest_apic_ops fake_apic = {
    .send = fake_send,
    .arm = fake_arm,
    .msr_read = fake_msr_read,
    .msr_write = fake_msr_write,
    .tsc_changed = fake_tsc_changed,
};
static u32 fake_apic_page[1024];

static const struct guest_ops fake_ops = {.get = fake_get, .set = fake_set, .cpl = fake_get_cpl};

static struct cpuid recorded_host(u32 leaf, u32 sub)
{
    for (unsigned i = 0; i < 96; i++) {
        const struct recorded_leaf *row = &fake_host[i];
        if (row->leaf == leaf && row->sub == sub)
            return (struct cpuid){row->eax, row->ebx, row->ecx, row->edx};
    }
    return (struct cpuid){0};
}

static inline const struct recorded_leaf *recorded_named(const char *name)
{
    for (unsigned i = 0; i < array_size(recorded_cpuids); i++) {
        if (!strcmp(recorded_cpuids[i].name, name))
            return recorded_cpuids[i].leaf;
    }
    abort();
}

#define ENGINE_TRAITS (TRAIT_RDTSCP | TRAIT_INVPCID | TRAIT_XSAVES | TRAIT_USER_WAIT)

static struct guest_cpuid fake_table;

/* One vCPU of a machine, on the host that fake_host points to. */
static void fake_guest(struct guest *guest, u32 have, u32 vcpus, u64 tsc_khz, u32 index)
{
    struct guest_traits traits = {have, vcpus, tsc_khz, recorded_host, 0};

    memset(guest, 0, sizeof *guest);
    memset(&fake_table, 0xa5, sizeof fake_table);
    memset(fake_reg, 0, sizeof fake_reg);
    fake_cpl = 0;
    guest_cpuid_init(&fake_table, &traits);
    guest->ops = &fake_ops;
    guest->apic = &fake_apic;
    guest->apic_page = fake_apic_page;
    guest->cpuid = &fake_table;
    guest->vcpu.index = index;
    guest->apic_id = index;
    guest_msr_reset(guest);
}

/* Whether the handler queued #GP(0); takes it back. */
static inline bool fake_gp(struct guest *guest, enum guest_action action)
{
    bool gp = action == GUEST_RESUME && guest->event.valid && guest->event.vector == 13 &&
              guest->event.type == EVENT_TYPE_EXCEPTION && guest->event.has_error &&
              guest->event.error == 0;

    if (gp != guest->event.valid || gp != (action == GUEST_RESUME))
        abort();
    guest->event.valid = false;
    return gp;
}

#endif

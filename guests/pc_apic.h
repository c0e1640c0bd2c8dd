/* SPDX-License-Identifier: MIT */
/*
 * The PC's processors: each one's local APIC, the bus between these and the I/O APIC, and how one
 * processor starts another (SDM 3, 9.4 and chapter 11).
 */
#ifndef GUESTS_PC_APIC_H
#define GUESTS_PC_APIC_H

#include "core/vm.h"
#include "drivers/emu/apic_bus.h"
#include "drivers/emu/ioapic.h"

struct pc;
struct pc_cpu;

struct pc_apic {
    struct ioapic ioapic;
    struct apic_bus bus;
    struct pc_cpu *cpu[VM_CPUS_MAX];
};

/* The I/O APIC into the machine's memory. NULL, or what does not fit. */
must_check const char *pc_apic_init(struct pc *pc);

/* A new vCPU gets its local APIC. False: no memory. Undone, for all, when none runs any more. */
must_check bool pc_apic_add(struct pc *pc, struct vcpu *vcpu);
void pc_apic_destroy(struct pc *pc);

/* An ISA interrupt's line, at the I/O APIC; and the PIC's output, to the first processor. Under the
 * device lock. */
void pc_apic_isa(struct pc *pc, unsigned irq, bool level);
void pc_apic_intr(struct pc *pc, bool level);

/* For struct vm. */
void pc_apic_expire(struct vcpu *vcpu, u64 now);
bool pc_apic_signalled(struct vcpu *vcpu, const struct guest_start **start);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What either vendor's engine keeps for a machine: the second-level tables that map its memory, and
 * its guests' CPUID.
 */
#ifndef ARCH_X86_GUEST_VM_H
#define ARCH_X86_GUEST_VM_H

#include "arch/x86/guest_cpuid.h"
#include "core/vm.h"
#include "mm/ptab.h"

struct guest_vm {
    struct ptab map;
    struct guest_cpuid cpuid;
    u64 number; /* no other machine ever had it; from 1 */
};

struct guest_vm_plan {
    const struct ptab_format *format;
    u64 page_max;
    u8 phys_bits;
    u32 flags;  /* of the pages besides PT_R, PT_W, PT_X and PT_WB */
    u32 traits; /* enum guest_trait: what the engine lets guests execute */
};

static inline struct guest_vm *guest_vm_of(const struct vm *vm)
{
    return vm->engine;
}

/* The engine's vm_create, vm_destroy and vm_visit (core/engine.h). */
const char *guest_vm_create(struct vm *vm, const struct guest_vm_plan *plan);
void guest_vm_destroy(struct vm *vm);
const char *guest_vm_visit(struct vm *vm, const char *(*visit)(void *with, hpa_t base, u64 size),
                           void *with);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What VMX keeps for a machine: the second-level tables. The bitmaps are one for all.
 */
#ifndef VMX_VMX_VM_H
#define VMX_VMX_VM_H

#include "arch/x86/guest_cpuid.h"
#include "core/engine.h"
#include "core/vm.h"
#include "mm/ptab.h"

struct vmx_vm {
    struct ptab ept;
    struct guest_cpuid cpuid;
    u64 eptp;
};

const char *vmx_vm_create(struct vm *vm);
void vmx_vm_destroy(struct vm *vm);
const char *vmx_vm_visit(struct vm *vm, const char *(*visit)(void *with, hpa_t base, u64 size),
                         void *with);

static inline struct vmx_vm *vmx_vm_of(const struct vm *vm)
{
    return vm->engine;
}

#endif

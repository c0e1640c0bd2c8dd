/* SPDX-License-Identifier: MIT */
/*
 * What VMX adds to a machine's second-level tables (arch/x86/guest_vm.h): how they are named in the
 * VMCS. The bitmaps are one for all.
 */
#ifndef VMX_VMX_VM_H
#define VMX_VMX_VM_H

#include "arch/x86/guest_vm.h"
#include "vmx/vmx_cpu.h"

const char *vmx_vm_create(struct vm *vm);

static inline u64 vmx_eptp(const struct vm *vm)
{
    return guest_vm_of(vm)->map.root.v | vmx_eptp_bits(&vmx_caps);
}

#endif

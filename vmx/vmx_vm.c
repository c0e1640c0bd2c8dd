/* SPDX-License-Identifier: MIT */
#include "vmx/vmx_vm.h"

#include "vmx/vmx_apic.h"

/* Guests execute what the controls open. */
const char *vmx_vm_create(struct vm *vm)
{
    const bool *has = vmx_caps.has;
    const struct guest_vm_plan plan = {
        .format = &ptab_ept,
        .page_max = has[VMX_EPT_1G]   ? PAGE_1G
                    : has[VMX_EPT_2M] ? PAGE_2M
                                      : PAGE_4K,
        .phys_bits = vmx_caps.phys_bits,
        .traits = (has[VMX_RDTSCP] ? TRAIT_RDTSCP : 0) | (has[VMX_INVPCID] ? TRAIT_INVPCID : 0) |
                  (has[VMX_XSAVES] ? TRAIT_XSAVES : 0) | (has[VMX_USER_WAIT] ? TRAIT_USER_WAIT : 0),
    };
    const char *error = vmx_apic_prepare(vm);
    return error ? error : guest_vm_create(vm, &plan);
}

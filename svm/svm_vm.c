/* SPDX-License-Identifier: MIT */
#include "svm/svm_cpu.h"

#include "arch/x86/guest_vm.h"

/* Accessed and dirty from the start: nobody asks, and the processor need not write them. Guests
 * execute whatever the processor has: SVM has no controls to open instructions. */
const char *svm_vm_create(struct vm *vm)
{
    const bool *has = svm_caps.has;
    const struct guest_vm_plan plan = {
        .format = &ptab_npt,
        .page_max = has[SVM_NPT_1G] ? PAGE_1G : PAGE_2M,
        .phys_bits = svm_caps.phys_bits,
        .flags = PT_ACCESSED | PT_DIRTY,
        .traits = (has[SVM_RDTSCP] ? TRAIT_RDTSCP : 0) | TRAIT_INVPCID | TRAIT_XSAVES,
    };
    return guest_vm_create(vm, &plan);
}

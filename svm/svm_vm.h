/* SPDX-License-Identifier: MIT */
/*
 * What SVM keeps for a machine: the nested page tables, its CPUID. The permission maps are one for
 * all.
 */
#ifndef SVM_SVM_VM_H
#define SVM_SVM_VM_H

#include "arch/x86/guest_cpuid.h"
#include "core/engine.h"
#include "core/vm.h"
#include "mm/ptab.h"

struct svm_vm {
    struct ptab npt;
    struct guest_cpuid cpuid;
};

const char *svm_vm_create(struct vm *vm);
void svm_vm_destroy(struct vm *vm);
const char *svm_vm_visit(struct vm *vm, const char *(*visit)(void *with, hpa_t base, u64 size),
                         void *with);

static inline struct svm_vm *svm_vm_of(const struct vm *vm)
{
    return vm->engine;
}

#endif

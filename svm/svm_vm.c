/* SPDX-License-Identifier: MIT */
#include "svm/svm_vm.h"

#include "arch/x86/clock.h"
#include "arch/x86/cpu.h"
#include "lib/panic.h"
#include "mm/frame.h"
#include "svm/svm_cpu.h"

#define VM_BLOCK (8 * KiB)
_Static_assert(sizeof(struct svm_vm) <= VM_BLOCK, "a machine's block");

/* Accessed and dirty from the start: nobody asks, and the processor need not write them. */
#define RAM (PT_R | PT_W | PT_X | PT_WB | PT_ACCESSED | PT_DIRTY)

/* Guests execute whatever the processor has: SVM has no controls to open these instructions. */
static void make_cpuid(struct vm *vm)
{
    struct guest_traits traits = {
        .have = (svm_caps.has[SVM_RDTSCP] ? TRAIT_RDTSCP : 0) | TRAIT_INVPCID | TRAIT_XSAVES,
        .vcpus = vm->config->cpus,
        .tsc_khz = clock_tsc_hz() / 1000,
        .host = cpuid_or_zero,
    };
    guest_cpuid_init(&svm_vm_of(vm)->cpuid, &traits);
}

static const char *map_piece(struct ptab *npt, const struct vm_piece *piece)
{
    struct ptab_flush flush = {0};
    const char *error = ptab_map(npt, piece->at.v, piece->base, piece->size, RAM, &flush);
    const char *unreleased = ptab_release(npt, &flush);
    return error ? error : unreleased;
}

const char *svm_vm_create(struct vm *vm)
{
    u64 page_max = svm_caps.has[SVM_NPT_1G] ? PAGE_1G : PAGE_2M;
    hpa_t frame = frame_alloc(VM_BLOCK);

    if (hpa_is_none(frame))
        return "no memory for its nested page tables";
    struct svm_vm *own = hpa_ptr(frame);
    vm->engine = own;
    make_cpuid(vm);
    const char *error =
        ptab_init(&own->npt, &ptab_npt, &ptab_frames, page_max, BIT(svm_caps.phys_bits));
    for (unsigned i = 0; i < vm->piece_count && !error; i++)
        error = map_piece(&own->npt, &vm->piece[i]);
    return error;
}

void svm_vm_destroy(struct vm *vm)
{
    struct svm_vm *own = vm->engine;
    const char *error = NULL;

    if (!own)
        return;
    if (own->npt.root.v)
        error = ptab_destroy(&own->npt);
    if (!error)
        error = frame_free(ptr_hpa(own), VM_BLOCK);
    hv_assert(!error);
    vm->engine = NULL;
}

struct visitor {
    const char *(*visit)(void *with, hpa_t base, u64 size);
    void *with;
};

static const char *visit_leaf(void *context, const struct ptab_leaf *leaf)
{
    struct visitor *visitor = context;
    return visitor->visit(visitor->with, leaf->pa, leaf->size);
}

const char *svm_vm_visit(struct vm *vm, const char *(*visit)(void *with, hpa_t base, u64 size),
                         void *with)
{
    struct visitor visitor = {visit, with};
    return ptab_visit(&svm_vm_of(vm)->npt, visit_leaf, &visitor);
}

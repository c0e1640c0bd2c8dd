/* SPDX-License-Identifier: MIT */
#include "vmx/vmx_vm.h"

#include "arch/x86/clock.h"
#include "arch/x86/cpu.h"
#include "lib/panic.h"
#include "mm/frame.h"
#include "vmx/vmx_cpu.h"

#define VM_BLOCK (8 * KiB)
_Static_assert(sizeof(struct vmx_vm) <= VM_BLOCK, "a machine's block");

/* What the controls let guests execute. */
static void make_cpuid(struct vm *vm)
{
    const bool *has = vmx_caps.has;
    struct guest_traits traits = {
        .have = (has[VMX_RDTSCP] ? TRAIT_RDTSCP : 0) | (has[VMX_INVPCID] ? TRAIT_INVPCID : 0) |
                (has[VMX_XSAVES] ? TRAIT_XSAVES : 0) | (has[VMX_USER_WAIT] ? TRAIT_USER_WAIT : 0),
        .vcpus = vm->config->cpus,
        .tsc_khz = clock_tsc_hz() / 1000,
        .host = cpuid_or_zero,
    };
    guest_cpuid_init(&vmx_vm_of(vm)->cpuid, &traits);
}

static u64 page_max(void)
{
    return vmx_caps.has[VMX_EPT_1G] ? PAGE_1G : vmx_caps.has[VMX_EPT_2M] ? PAGE_2M : PAGE_4K;
}

static const char *map_piece(struct ptab *ept, const struct vm_piece *piece)
{
    struct ptab_flush flush = {0};
    const char *error =
        ptab_map(ept, piece->at.v, piece->base, piece->size, PT_R | PT_W | PT_X | PT_WB, &flush);
    const char *unreleased = ptab_release(ept, &flush);
    return error ? error : unreleased;
}

const char *vmx_vm_create(struct vm *vm)
{
    hpa_t frame = frame_alloc(VM_BLOCK);
    if (hpa_is_none(frame))
        return "no memory for its second-level tables";
    struct vmx_vm *own = hpa_ptr(frame);
    vm->engine = own;
    make_cpuid(vm);
    const char *error =
        ptab_init(&own->ept, &ptab_ept, &ptab_frames, page_max(), BIT(vmx_caps.phys_bits));
    for (unsigned i = 0; i < vm->piece_count && !error; i++)
        error = map_piece(&own->ept, &vm->piece[i]);
    own->eptp = own->ept.root.v | vmx_eptp_bits(&vmx_caps);
    return error;
}

void vmx_vm_destroy(struct vm *vm)
{
    struct vmx_vm *own = vm->engine;
    const char *error = NULL;

    if (!own)
        return;
    if (own->ept.root.v)
        error = ptab_destroy(&own->ept);
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

const char *vmx_vm_visit(struct vm *vm, const char *(*visit)(void *with, hpa_t base, u64 size),
                         void *with)
{
    struct visitor visitor = {visit, with};
    return ptab_visit(&vmx_vm_of(vm)->ept, visit_leaf, &visitor);
}

/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_vm.h"

#include "arch/x86/clock.h"
#include "arch/x86/cpu.h"
#include "arch/x86/cpuid_bits.h"
#include "arch/x86/guest_maps.h"
#include "arch/x86/guest_weak.h"
#include "arch/x86/msr.h"
#include "lib/panic.h"
#include "mm/frame.h"

#define VM_BLOCK (8 * KiB)
_Static_assert(sizeof(struct guest_vm) <= VM_BLOCK, "a machine's block");

static u64 machines; /* so far */

static u64 weaknesses(void)
{
    struct cpuid features = cpuid_or_zero(7, 0);
    u64 host = 0;

    if (!(features.edx & ARCH_CAPABILITIES) || !msr_read_safe(MSR_ARCH_CAPABILITIES, &host))
        host = 0;
    return guest_weak_told(host, cpuid(1, 0), features);
}

static void make_cpuid(struct vm *vm, u32 have)
{
    u32 pv = vm->config->pv == VM_PV_KVM ? TRAIT_PV : 0;
    struct guest_traits traits = {
        .have = have | TRAIT_APIC | TRAIT_X2APIC | TRAIT_TSC_DEADLINE | TRAIT_WEAK | pv,
        .vcpus = vm->config->cpus,
        .tsc_khz = clock_tsc_hz() / 1000,
        .host = cpuid_or_zero,
        .weak = weaknesses(),
    };
    guest_cpuid_init(&guest_vm_of(vm)->cpuid, &traits);
}

struct guest_maps *guest_maps;

bool guest_maps_make(void)
{
    if (!guest_maps)
        guest_maps = frame_memory(sizeof *guest_maps);
    return guest_maps;
}

static const char *map_piece(struct ptab *map, const struct vm_piece *piece, u32 flags)
{
    struct ptab_flush flush = {0};
    const char *error = ptab_map(map, piece->at.v, piece->base, piece->size,
                                 PT_R | PT_W | PT_X | PT_WB | flags, &flush);
    const char *unreleased = ptab_release(map, &flush);
    return error ? error : unreleased;
}

const char *guest_vm_create(struct vm *vm, const struct guest_vm_plan *plan)
{
    hpa_t block = frame_alloc(VM_BLOCK);

    if (hpa_is_none(block))
        return "no memory for its second-level tables";
    struct guest_vm *own = hpa_ptr(block);
    vm->engine = own;
    own->number = __atomic_add_fetch(&machines, 1, __ATOMIC_RELAXED);
    make_cpuid(vm, plan->traits);
    const char *error =
        ptab_init(&own->map, plan->format, &ptab_frames, plan->page_max, BIT(plan->phys_bits));
    for (unsigned i = 0; i < vm->piece_count && !error; i++)
        error = map_piece(&own->map, &vm->piece[i], plan->flags);
    return error;
}

void guest_vm_destroy(struct vm *vm)
{
    struct guest_vm *own = vm->engine;
    const char *error = NULL;

    if (!own)
        return;
    if (own->map.root.v)
        error = ptab_destroy(&own->map);
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

const char *guest_vm_visit(struct vm *vm, const char *(*visit)(void *with, hpa_t base, u64 size),
                           void *with)
{
    struct visitor visitor = {visit, with};
    return ptab_visit(&guest_vm_of(vm)->map, visit_leaf, &visitor);
}

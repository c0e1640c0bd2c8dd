/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_space.h"

#include "arch/x86/cpu.h"
#include "lib/string.h"

static bool read_ram(void *vm, gpa_t at, void *to, size_t size)
{
    return vm_read(vm, at, to, size);
}

static bool exchange_ram(void *vm, gpa_t at, u64 old, u64 new, unsigned size)
{
    void *entry = vm_at(vm, at, size);

    if (!entry)
        return false;
    if (size == 8)
        return __atomic_compare_exchange_n((u64 *)entry, &old, new, false, __ATOMIC_SEQ_CST,
                                           __ATOMIC_SEQ_CST);
    u32 old32 = (u32)old;
    return __atomic_compare_exchange_n((u32 *)entry, &old32, (u32) new, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

static struct guest_memory memory_of(struct guest *guest)
{
    return (struct guest_memory){guest->vcpu.vm, read_ram, exchange_ram};
}

static struct guest_paging paging_of(struct guest *guest)
{
    const struct guest_ops *ops = guest->ops;
    return (struct guest_paging){
        .cr0 = ops->get(guest, GUEST_CR0),
        .cr3 = ops->get(guest, GUEST_CR3),
        .cr4 = ops->get(guest, GUEST_CR4),
        .efer = ops->get(guest, GUEST_EFER),
        .phys_bits = 52,
        .page_1g = true,
    };
}

void guest_cpu_fill(struct guest *guest, struct guest_cpu *cpu)
{
    const struct guest_ops *ops = guest->ops;

    guest->gpr[GPR_RSP] = ops->get(guest, GUEST_RSP);
    *cpu = (struct guest_cpu){
        .gpr = guest->gpr,
        .rip = ops->get(guest, GUEST_RIP),
        .rflags = ops->get(guest, GUEST_RFLAGS),
        .linear_bits = 48,
        .real_mode = !(ops->get(guest, GUEST_CR0) & CR0_PE),
        .ctx = guest,
        .segment = ops->segment,
    };
}

void guest_raise_fault(struct guest *guest, const struct guest_fault *fault)
{
    if (fault->vector == VECTOR_PF)
        guest->ops->set(guest, GUEST_CR2, fault->address);
    guest_raise(guest, fault->vector);
    guest->event.has_error = fault->has_error;
    guest->event.error = fault->error;
}

static unsigned access_of(struct guest *guest, bool write)
{
    unsigned access = write ? ACCESS_WRITE : ACCESS_READ;

    if (guest->ops->cpl(guest) == 3)
        access |= ACCESS_USER;
    if (guest->ops->get(guest, GUEST_RFLAGS) & RFLAGS_AC)
        access |= ACCESS_AC;
    return access;
}

enum walk_verdict guest_translate(struct guest *guest, u64 linear, unsigned access, gpa_t *at,
                                  struct guest_fault *fault)
{
    struct guest_paging paging = paging_of(guest);
    struct guest_memory memory = memory_of(guest);

    return guest_walk(&paging, &memory, linear, access, at, fault);
}

/* Page by page; `each` is told the place of every part. */
static bool over_pages(struct guest *guest, u64 linear, u64 size, unsigned access,
                       void (*each)(struct vm *vm, gpa_t at, void *data, u64 size), void *data)
{
    struct guest_fault fault;
    gpa_t at;

    for (u64 done = 0, part; done < size; done += part) {
        part = min_u64(size - done, PAGE_4K - (linear + done) % PAGE_4K);
        enum walk_verdict verdict = guest_translate(guest, linear + done, access, &at, &fault);
        if (verdict == WALK_FAULT)
            guest_raise_fault(guest, &fault);
        else if (verdict == WALK_NO_TABLE)
            vm_stop_text(guest->vcpu.vm, "its page tables for 0x%lx lie where it has no memory",
                         linear + done);
        if (verdict != WALK_OK)
            return false; /* WALK_AGAIN: the instruction runs again */
        if (each)
            each(guest->vcpu.vm, at, (char *)data + done, part);
    }
    return true;
}

static void read_part(struct vm *vm, gpa_t at, void *data, u64 size)
{
    if (!vm_read(vm, at, data, size))
        memset(data, 0xff, size);
}

static void write_part(struct vm *vm, gpa_t at, void *data, u64 size)
{
    (void)!vm_write(vm, at, data, size); /* beyond RAM it is lost, as on an empty bus */
}

bool guest_reach(struct guest *guest, u64 linear, u64 size, bool write)
{
    return over_pages(guest, linear, size, access_of(guest, write), NULL, NULL);
}

bool guest_read_linear(struct guest *guest, u64 linear, void *to, u64 size)
{
    return over_pages(guest, linear, size, access_of(guest, false), read_part, to);
}

bool guest_write_linear(struct guest *guest, u64 linear, const void *from, u64 size)
{
    return guest_reach(guest, linear, size, true) &&
           over_pages(guest, linear, size, access_of(guest, true), write_part,
                      (void *)(uintptr_t)from);
}

bool guest_system_reach(struct guest *guest, u64 linear, u64 size, bool write)
{
    return over_pages(guest, linear, size, write ? ACCESS_WRITE : ACCESS_READ, NULL, NULL);
}

bool guest_system_read(struct guest *guest, u64 linear, void *to, u64 size)
{
    return over_pages(guest, linear, size, ACCESS_READ, read_part, to);
}

bool guest_system_write(struct guest *guest, u64 linear, const void *from, u64 size)
{
    return guest_system_reach(guest, linear, size, true) &&
           over_pages(guest, linear, size, ACCESS_WRITE, write_part, (void *)(uintptr_t)from);
}

bool guest_instruction(struct guest *guest, struct insn *insn)
{
    struct guest_paging paging = paging_of(guest);
    struct guest_memory memory = memory_of(guest);
    struct decode_mode mode = {.bits = (u8)guest->ops->code_bits(guest),
                               .amd_branches = guest->ops->amd_branches};
    u64 linear = guest->ops->get(guest, GUEST_RIP);
    struct guest_fault fault;
    struct guest_segment cs;

    if (mode.bits != 64) {
        guest->ops->segment(guest, SEG_CS, &cs);
        linear = (u32)(linear + cs.base);
    }
    enum walk_verdict verdict =
        guest_fetch(&paging, &memory, linear, access_of(guest, false), mode, insn, &fault);
    if (verdict == WALK_FAULT)
        guest_raise_fault(guest, &fault);
    else if (verdict == WALK_NO_TABLE)
        vm_stop_text(guest->vcpu.vm, "its code at 0x%lx lies where it has no memory", linear);
    return verdict == WALK_OK;
}

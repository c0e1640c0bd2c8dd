/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_space.h"

#include "arch/x86/cpu.h"
#include "lib/string.h"

static bool exchange(void *entry, u64 old, u64 new, unsigned size)
{
    u32 old32 = (u32)old;

    if (size == 8)
        return __atomic_compare_exchange_n((u64 *)entry, &old, new, false, __ATOMIC_SEQ_CST,
                                           __ATOMIC_SEQ_CST);
    return __atomic_compare_exchange_n((u32 *)entry, &old32, (u32) new, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

static always_inline struct guest_memory memory_of(struct guest *guest)
{
    const struct vm *vm = guest->vcpu.vm;
    return (struct guest_memory){vm->piece, vm->piece + vm->piece_count, exchange};
}

void guest_raise_fault(struct guest *guest, const struct guest_fault *fault)
{
    if (fault->vector == VECTOR_PF)
        guest->ops->set(guest, GUEST_CR2, fault->address);
    guest_raise(guest, fault->vector);
    guest->event.has_error = fault->has_error;
    guest->event.error = fault->error;
}

unsigned guest_access(const struct guest_view *view, bool write)
{
    return (write ? ACCESS_WRITE : ACCESS_READ) | (view->cpl == 3 ? ACCESS_USER : 0) |
           (view->rflags & RFLAGS_AC ? ACCESS_AC : 0);
}

enum walk_verdict guest_translate(struct guest *guest, const struct guest_view *view, u64 linear,
                                  unsigned access, gpa_t *at, struct guest_fault *fault)
{
    struct guest_memory memory = memory_of(guest);

    return guest_walk(&view->paging, &memory, linear, access, at, NULL, fault);
}

/* False: what the verdict asks for is done. WALK_AGAIN: the instruction runs again. */
static bool is_there(struct guest *guest, u64 linear, enum walk_verdict verdict,
                     const struct guest_fault *fault)
{
    if (verdict == WALK_FAULT)
        guest_raise_fault(guest, fault);
    else if (verdict == WALK_NO_TABLE)
        vm_stop_text(guest->vcpu.vm, "its page tables for 0x%lx lie where it has no memory",
                     linear);
    return verdict == WALK_OK;
}

/* Page by page; `each` is told the place of every part. */
static bool over_pages(struct guest *guest, const struct guest_view *view, u64 linear, u64 size,
                       unsigned access, void (*each)(struct vm *vm, gpa_t at, void *data, u64 size),
                       void *data)
{
    struct guest_fault fault;
    gpa_t at;

    for (u64 done = 0, part; done < size; done += part) {
        part = min_u64(size - done, PAGE_4K - (linear + done) % PAGE_4K);
        enum walk_verdict verdict =
            guest_translate(guest, view, linear + done, access, &at, &fault);
        if (!is_there(guest, linear + done, verdict, &fault))
            return false;
        if (each)
            each(guest->vcpu.vm, at, (char *)data + done, part);
    }
    return true;
}

bool guest_window(struct guest *guest, const struct guest_view *view, u64 linear, u64 size,
                  bool write, void **at)
{
    struct guest_fault fault;
    gpa_t page;
    enum walk_verdict verdict =
        guest_translate(guest, view, linear, guest_access(view, write), &page, &fault);

    if (!is_there(guest, linear, verdict, &fault))
        return false;
    *at = vm_at(guest->vcpu.vm, page, size);
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

/* As the guest's own code reaches memory, or as its processor itself does. */
static bool reach(struct guest *guest, bool system, u64 linear, u64 size, bool write,
                  void (*each)(struct vm *vm, gpa_t at, void *data, u64 size), void *data)
{
    struct guest_view view;

    guest_look(guest, &view);
    unsigned access = system ? (write ? ACCESS_WRITE : ACCESS_READ) : guest_access(&view, write);
    return over_pages(guest, &view, linear, size, access, each, data);
}

bool guest_reach(struct guest *guest, u64 linear, u64 size, bool write)
{
    return reach(guest, false, linear, size, write, NULL, NULL);
}

bool guest_read_linear(struct guest *guest, u64 linear, void *to, u64 size)
{
    return reach(guest, false, linear, size, false, read_part, to);
}

bool guest_write_linear(struct guest *guest, u64 linear, const void *from, u64 size)
{
    return guest_reach(guest, linear, size, true) &&
           reach(guest, false, linear, size, true, write_part, (void *)(uintptr_t)from);
}

bool guest_system_reach(struct guest *guest, u64 linear, u64 size, bool write)
{
    return reach(guest, true, linear, size, write, NULL, NULL);
}

bool guest_system_read(struct guest *guest, u64 linear, void *to, u64 size)
{
    return reach(guest, true, linear, size, false, read_part, to);
}

bool guest_system_write(struct guest *guest, u64 linear, const void *from, u64 size)
{
    return guest_system_reach(guest, linear, size, true) &&
           reach(guest, true, linear, size, true, write_part, (void *)(uintptr_t)from);
}

static no_inline const struct decoded *fetch(struct guest *guest, const struct guest_view *view,
                                             u64 linear, struct decode_mode mode)
{
    struct guest_memory memory = memory_of(guest);
    const struct decoded *code;
    struct guest_fault fault;
    enum walk_verdict verdict = guest_fetch(&guest->fetched, &view->paging, &memory, linear,
                                            view->cpl == 3, mode, &code, &fault);

    if (verdict == WALK_FAULT)
        guest_raise_fault(guest, &fault);
    else if (verdict == WALK_NO_TABLE)
        vm_stop_text(guest->vcpu.vm, "its code at 0x%lx lies where it has no memory", linear);
    return verdict == WALK_OK ? code : NULL;
}

static no_inline u64 in_code_segment(struct guest *guest, u64 rip)
{
    struct guest_segment cs;

    guest->ops->segment(guest, SEG_CS, &cs);
    return (u32)(rip + cs.base);
}

const struct decoded *guest_instruction(struct guest *guest, const struct guest_view *view)
{
    struct decode_mode mode = {.bits = view->bits, .amd_branches = guest->ops->amd_branches};
    u64 linear = likely(mode.bits == 64) ? view->rip : in_code_segment(guest, view->rip);
    const struct decoded *code =
        guest_fetch_known(&guest->fetched, &view->paging, linear, view->cpl == 3, mode);

    return likely(code) ? code : fetch(guest, view, linear, mode);
}

const struct insn *guest_insn(struct guest *guest)
{
    struct guest_view view;

    guest_look(guest, &view);
    const struct decoded *code = guest_instruction(guest, &view);
    return code ? &code->insn : NULL;
}

/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_space.h"
#include "arch/x86/cpu.h"
#include "arch/x86/guest_apic.h"
#include "arch/x86/guest_debug.h"
#include "arch/x86/mmio_emulate.h"
#include "arch/x86/mmio_op.h"

#define MMIO_BATCH                                                                                 \
    64 /* iterations of a string instruction before pending events get their turn                  \
        */

/* Who asks, for the bus. */
struct asker {
    struct guest *guest;
    const struct guest_view *view;
    u64 page; /* the exit's: no RAM is there */
};

static bool translate(void *ctx, u64 linear, bool write, gpa_t *at, struct guest_fault *fault)
{
    const struct asker *asker = ctx;
    unsigned access = guest_access(asker->view, write);
    enum walk_verdict verdict =
        guest_translate(asker->guest, asker->view, linear, access, at, fault);

    /* Tables that are nowhere, or change under us: a page that is not there, and the guest tries
     * again. */
    if (verdict != WALK_OK && verdict != WALK_FAULT)
        *fault = (struct guest_fault){VECTOR_PF, true, write ? 2 : 0, linear};
    return verdict == WALK_OK;
}

/* It is where the exit was, so no RAM, and not the local APIC. */
static bool is_device(const struct asker *asker, gpa_t at)
{
    return likely(at.v / PAGE_4K == asker->page && !guest_apic_is_near(at));
}

static u64 read_device(struct vm *vm, gpa_t at, unsigned size)
{
    lock_take(&vm->device_lock);
    u64 value = io_bus_read(&vm->mmio, at.v, size);
    lock_drop(&vm->device_lock);
    return value;
}

static void write_device(struct vm *vm, gpa_t at, unsigned size, u64 value)
{
    lock_take(&vm->device_lock);
    io_bus_write(&vm->mmio, at.v, size, value);
    lock_drop(&vm->device_lock);
}

static no_inline u64 read_any(struct guest *guest, gpa_t at, unsigned size)
{
    struct vm *vm = guest->vcpu.vm;
    u64 value = 0;

    if (guest_apic_read(guest, at, size, &value) || vm_read(vm, at, &value, size))
        return value;
    return read_device(vm, at, size);
}

static no_inline void write_any(struct guest *guest, gpa_t at, unsigned size, u64 value)
{
    struct vm *vm = guest->vcpu.vm;

    if (!guest_apic_write(guest, at, size, value) && !vm_write(vm, at, &value, size))
        write_device(vm, at, size, value);
}

static u64 read(void *ctx, gpa_t at, unsigned size)
{
    const struct asker *asker = ctx;

    return is_device(asker, at) ? read_device(asker->guest->vcpu.vm, at, size)
                                : read_any(asker->guest, at, size);
}

static void write(void *ctx, gpa_t at, unsigned size, u64 value)
{
    const struct asker *asker = ctx;

    if (is_device(asker, at))
        write_device(asker->guest->vcpu.vm, at, size, value);
    else
        write_any(asker->guest, at, size, value);
}

/* What the emulation of an instruction asks for; RSP and RFLAGS go back to the control block. */
static always_inline enum guest_action emulate(struct guest *guest, const struct guest_view *view,
                                               const struct mmio_op *op, gpa_t at, bool walking)
{
    struct asker asker = {guest, view, at.v / PAGE_4K};
    const struct mmio_bus bus = {&asker, translate, read, write};
    struct guest_cpu cpu;
    struct guest_fault fault;

    guest_cpu_fill(guest, view, &cpu);
    enum mmio_result result = mmio_emulate(op, &cpu, &bus, walking ? GPA_UNKNOWN : at,
                                           view->rflags & RFLAGS_TF ? 1 : MMIO_BATCH, &fault);
    if (unlikely(guest->gpr[GPR_RSP] != view->rsp))
        guest->ops->set(guest, GUEST_RSP, guest->gpr[GPR_RSP]);
    if (cpu.rflags != view->rflags)
        guest->ops->set(guest, GUEST_RFLAGS, cpu.rflags);
    if (likely(result == MMIO_DONE))
        return GUEST_SKIP;
    if (result == MMIO_AGAIN)
        return GUEST_AGAIN;
    guest_raise_fault(guest, &fault);
    return GUEST_RESUME;
}

static no_inline enum guest_action not_emulated(struct guest *guest, const struct guest_view *view,
                                                const struct insn *insn, gpa_t at)
{
    vm_stop_text(
        guest->vcpu.vm,
        "the instruction at 0x%lx (opcode 0x%02x of map %u, ModRM 0x%02x%s) is not emulated, and "
        "touched 0x%lx, where it has no memory",
        view->rip, insn->opcode, insn->map, insn->modrm,
        insn->encoding == INSN_LEGACY ? "" : ", VEX or EVEX", at.v);
    return GUEST_LOOK;
}

static no_inline enum guest_action emulate_one(struct guest *guest, const struct guest_view *view,
                                               const struct mmio_op *op, gpa_t at, bool walking)
{
    return emulate(guest, view, op, at, walking);
}

/* Where a plain move of 64-bit code goes; false if that takes more to be known. */
static bool moves_at(const struct guest *guest, const struct guest_view *view,
                     const struct decoded *code, u64 *linear)
{
    const struct guest_cpu cpu = {.gpr = (u64 *)guest->gpr, .rip = view->rip};

    if (!code->for_mmio || !mmio_op_is_move(&code->op) || code->insn.segment >= SEG_FS)
        return false;
    *linear = insn_offset(&code->insn, &cpu);
    return is_canonical(*linear, 48) && *linear % PAGE_4K + code->op.width <= PAGE_4K;
}

/* Nothing can come between this instruction and the next but by what this one does. */
static bool goes_on(struct guest *guest, const struct guest_view *view)
{
    return view->bits == 64 && !(view->rflags & (RFLAGS_TF | RFLAGS_RF)) && !guest->nmi &&
           !guest->window && !guest->ops->get(guest, GUEST_SHADOW) && !guest_has_breakpoints(guest);
}

static bool undisturbed(const struct guest *guest)
{
    return !guest->event.valid && !__atomic_load_n(&guest->vcpu.attention, __ATOMIC_ACQUIRE);
}

/*
 * The instruction behind it, if it is remembered, and a move to the same page: the first has shown
 * that it may be reached, and where it is. It cannot fault.
 */
static void emulate_next(struct guest *guest, struct guest_view *view, const struct mmio_op *first,
                         u64 page, gpa_t at)
{
    struct decode_mode mode = {.bits = 64, .amd_branches = guest->ops->amd_branches};
    u64 linear;

    view->rip += guest->length;
    view->rsp = guest->gpr[GPR_RSP];
    const struct decoded *code =
        guest_fetch_known(&guest->fetched, &view->paging, view->rip, view->cpl == 3, mode);
    if (!code || !moves_at(guest, view, code, &linear) || align_down(linear, PAGE_4K) != page ||
        (code->op.writes && !first->writes))
        return;
    at = gpa(align_down(at.v, PAGE_4K) + linear % PAGE_4K);
    if (emulate_one(guest, view, &code->op, at, false) == GUEST_SKIP)
        guest->length = (u8)(guest->length + code->insn.length);
}

/*
 * Two instructions in one exit, where it makes no difference but to the time: an I/O APIC's
 * register is selected by one and reached by the next.
 */
static no_inline enum guest_action emulate_two(struct guest *guest, struct guest_view *view,
                                               const struct decoded *code, gpa_t at, bool walking)
{
    u64 linear = 0;

    if (!code->for_mmio)
        return not_emulated(guest, view, &code->insn, at);
    bool two = !walking && goes_on(guest, view) && moves_at(guest, view, code, &linear) &&
               !((linear ^ at.v) & (PAGE_4K - 1)) && !guest_apic_is_near(at);
    enum guest_action action = emulate_one(guest, view, &code->op, at, walking);

    if (two && action == GUEST_SKIP && undisturbed(guest))
        emulate_next(guest, view, &code->op, align_down(linear, PAGE_4K), at);
    return action;
}

enum guest_action guest_mmio(struct guest *guest, gpa_t at, bool walking)
{
    struct guest_view view;

    if (unlikely(guest->event.valid)) {
        vm_stop_text(guest->vcpu.vm, "an event's delivery touched 0x%lx, where it has no memory",
                     at.v);
        return GUEST_LOOK;
    }
    guest_look(guest, &view);
    const struct decoded *code = guest_instruction(guest, &view);
    if (unlikely(!code))
        return GUEST_RESUME;
    guest->length = code->insn.length;
    if (unlikely(code->for_mmio != FOR_MMIO))
        return emulate_two(guest, &view, code, at, walking);
    return emulate(guest, &view, &code->op, at, walking);
}

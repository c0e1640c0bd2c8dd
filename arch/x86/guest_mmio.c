/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_space.h"
#include "arch/x86/cpu.h"
#include "arch/x86/guest_apic.h"
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
static enum guest_action emulate(struct guest *guest, const struct guest_view *view,
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
    if (unlikely(!code->for_mmio))
        return not_emulated(guest, &view, &code->insn, at);
    guest->length = code->insn.length;
    return emulate(guest, &view, &code->op, at, walking);
}

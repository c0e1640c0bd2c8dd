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

static u64 read(void *ctx, gpa_t at, unsigned size)
{
    struct guest *guest = ((const struct asker *)ctx)->guest;
    struct vm *vm = guest->vcpu.vm;
    u64 value = 0;

    if (guest_apic_read(guest, at, size, &value) || vm_read(vm, at, &value, size))
        return value;
    lock_take(&vm->device_lock);
    value = io_bus_read(&vm->mmio, at.v, size);
    lock_drop(&vm->device_lock);
    return value;
}

static void write(void *ctx, gpa_t at, unsigned size, u64 value)
{
    struct guest *guest = ((const struct asker *)ctx)->guest;
    struct vm *vm = guest->vcpu.vm;

    if (guest_apic_write(guest, at, size, value) || vm_write(vm, at, &value, size))
        return;
    lock_take(&vm->device_lock);
    io_bus_write(&vm->mmio, at.v, size, value);
    lock_drop(&vm->device_lock);
}

/* What the emulation of an instruction asks for; RSP and RFLAGS go back to the control block. */
static enum guest_action emulate(struct guest *guest, const struct guest_view *view,
                                 const struct mmio_op *op, gpa_t known)
{
    struct asker asker = {guest, view};
    const struct mmio_bus bus = {&asker, translate, read, write};
    struct guest_cpu cpu;
    struct guest_fault fault;

    guest_cpu_fill(guest, view, &cpu);
    enum mmio_result result =
        mmio_emulate(op, &cpu, &bus, known, view->rflags & RFLAGS_TF ? 1 : MMIO_BATCH, &fault);
    if (guest->gpr[GPR_RSP] != view->rsp)
        guest->ops->set(guest, GUEST_RSP, guest->gpr[GPR_RSP]);
    if (cpu.rflags != view->rflags)
        guest->ops->set(guest, GUEST_RFLAGS, cpu.rflags);
    if (result == MMIO_FAULT)
        guest_raise_fault(guest, &fault);
    return result == MMIO_DONE ? GUEST_SKIP : result == MMIO_AGAIN ? GUEST_AGAIN : GUEST_RESUME;
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
    return emulate(guest, &view, &code->op, walking ? GPA_UNKNOWN : at);
}

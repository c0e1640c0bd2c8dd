/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_space.h"
#include "arch/x86/cpu.h"
#include "arch/x86/guest_apic.h"
#include "arch/x86/mmio_emulate.h"
#include "arch/x86/mmio_op.h"

#define MMIO_BATCH                                                                                 \
    64 /* iterations of a string instruction before pending events get their turn                  \
        */

static bool translate(void *ctx, u64 linear, bool write, gpa_t *at, struct guest_fault *fault)
{
    struct guest *guest = ctx;
    unsigned access = write ? ACCESS_WRITE : ACCESS_READ;

    if (guest->ops->cpl(guest) == 3)
        access |= ACCESS_USER;
    if (guest->ops->get(guest, GUEST_RFLAGS) & RFLAGS_AC)
        access |= ACCESS_AC;
    enum walk_verdict verdict = guest_translate(guest, linear, access, at, fault);
    /* Tables that are nowhere, or change under us: a page that is not there, and the guest tries
     * again. */
    if (verdict != WALK_OK && verdict != WALK_FAULT)
        *fault = (struct guest_fault){VECTOR_PF, true, write ? 2 : 0, linear};
    return verdict == WALK_OK;
}

static u64 read(void *ctx, gpa_t at, unsigned size)
{
    struct vm *vm = ((struct guest *)ctx)->vcpu.vm;
    u64 value = 0;

    if (guest_apic_read(ctx, at, size, &value) || vm_read(vm, at, &value, size))
        return value;
    lock_take(&vm->device_lock);
    value = io_bus_read(&vm->mmio, at.v, size);
    lock_drop(&vm->device_lock);
    return value;
}

static void write(void *ctx, gpa_t at, unsigned size, u64 value)
{
    struct vm *vm = ((struct guest *)ctx)->vcpu.vm;

    if (guest_apic_write(ctx, at, size, value) || vm_write(vm, at, &value, size))
        return;
    lock_take(&vm->device_lock);
    io_bus_write(&vm->mmio, at.v, size, value);
    lock_drop(&vm->device_lock);
}

/* What the emulation of an instruction asks for; RSP and RFLAGS go back to the control block. */
static enum guest_action emulate(struct guest *guest, const struct mmio_op *op, gpa_t known)
{
    const struct mmio_bus bus = {guest, translate, read, write};
    struct guest_cpu cpu;
    struct guest_fault fault;

    guest_cpu_fill(guest, &cpu);
    u64 rsp = guest->gpr[GPR_RSP], rflags = cpu.rflags;
    enum mmio_result result =
        mmio_emulate(op, &cpu, &bus, known, rflags & RFLAGS_TF ? 1 : MMIO_BATCH, &fault);
    if (guest->gpr[GPR_RSP] != rsp)
        guest->ops->set(guest, GUEST_RSP, guest->gpr[GPR_RSP]);
    if (cpu.rflags != rflags)
        guest->ops->set(guest, GUEST_RFLAGS, cpu.rflags);
    if (result == MMIO_FAULT)
        guest_raise_fault(guest, &fault);
    return result == MMIO_DONE ? GUEST_SKIP : result == MMIO_AGAIN ? GUEST_AGAIN : GUEST_RESUME;
}

enum guest_action guest_mmio(struct guest *guest, gpa_t at, bool walking)
{
    struct vm *vm = guest->vcpu.vm;
    struct insn insn;
    struct mmio_op op;

    if (guest->event.valid) {
        vm_stop_text(vm, "an event's delivery touched 0x%lx, where it has no memory", at.v);
        return GUEST_LOOK;
    }
    if (!guest_instruction(guest, &insn))
        return GUEST_RESUME;
    if (!mmio_op_of(&insn, &op)) {
        vm_stop_text(
            vm,
            "the instruction at 0x%lx (opcode 0x%02x of map %u, ModRM 0x%02x%s) is not emulated, and "
            "touched 0x%lx, where it has no memory",
            guest->ops->get(guest, GUEST_RIP), insn.opcode, insn.map, insn.modrm,
            insn.encoding == INSN_LEGACY ? "" : ", VEX or EVEX", at.v);
        return GUEST_LOOK;
    }
    guest->length = insn.length;
    return emulate(guest, &op, walking ? GPA_UNKNOWN : at);
}

/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_exit.h"

#include "arch/x86/guest_space.h"

enum guest_action guest_exit_next(struct guest *guest)
{
    (void)guest;
    return GUEST_NEXT;
}

enum guest_action guest_exit_halt(struct guest *guest)
{
    (void)guest;
    return GUEST_HALT;
}

enum guest_action guest_exit_resume(struct guest *guest)
{
    (void)guest;
    return GUEST_RESUME;
}

enum guest_action guest_exit_look(struct guest *guest)
{
    (void)guest;
    return GUEST_LOOK;
}

enum guest_action guest_exit_ud(struct guest *guest)
{
    return guest_ud(guest);
}

enum guest_action guest_exit_gp(struct guest *guest)
{
    return guest_gp(guest);
}

enum guest_action guest_exit_triple_fault(struct guest *guest)
{
    struct vm *vm = guest->vcpu.vm;

    vm->end_rip = guest->ops->get(guest, GUEST_RIP);
    vm_stop(vm, VM_END_TRIPLE_FAULT, 0);
    return GUEST_LOOK;
}

enum guest_action guest_exit_invalid_opcode(struct guest *guest)
{
    const struct insn *insn = guest_insn(guest);

    if (!insn)
        return GUEST_RESUME;
    if (!insn_is(insn, MAP_0F, 0x01) || (insn->modrm != 0xc1 && insn->modrm != 0xd9))
        return guest_ud(guest); /* neither VMCALL nor VMMCALL */
    guest->length = insn->length;
    if (guest_hypercall(guest) != GUEST_NEXT)
        return GUEST_RESUME;
    return GUEST_SKIP;
}

enum guest_action guest_exit_unmapped(struct guest *guest, gpa_t at, bool fetch, bool walking)
{
    if (unlikely(vm_has(guest->vcpu.vm, at))) {
        vm_stop_text(guest->vcpu.vm, "its memory at 0x%lx is not mapped", at.v);
        return GUEST_LOOK;
    }
    if (fetch && !guest->event.valid)
        return guest_ud(guest); /* all ones is no instruction */
    return guest_mmio(guest, at, walking);
}

enum guest_action guest_exit_string_io(struct guest *guest, struct guest_io *io)
{
    const struct insn *insn = guest_insn(guest);

    if (!insn)
        return GUEST_RESUME;
    io->address_bytes = insn->addr_size;
    io->segment = io->in ? SEG_ES : (enum seg_reg)insn->segment;
    return guest_io(guest, io);
}

enum guest_action guest_exit_unasked(struct guest *guest, u64 number, const char *name)
{
    vm_stop_text(guest->vcpu.vm, "an exit 0x%lx (%s) that nothing had asked for", number, name);
    return GUEST_LOOK;
}

/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_debug.h"
#include "arch/x86/guest_port.h"

static enum guest_action past_port(struct guest *guest, u16 port, unsigned bytes)
{
    if (likely(!guest_has_breakpoints(guest)))
        return GUEST_NEXT;
    guest_breakpoints(guest, BREAK_PORT, port, bytes);
    return guest->hits ? GUEST_TRAP : GUEST_NEXT;
}

static always_inline enum guest_action in(struct guest *guest, u64 port, unsigned bytes)
{
    u64 *rax = &guest->gpr[GPR_RAX];
    u64 value = port_read(guest->vcpu.vm, port, bytes);

    if (bytes == 1)
        *(u8 *)rax = (u8)value;
    else
        gpr_write(rax, value, bytes);
    return GUEST_NEXT;
}

static always_inline enum guest_action out(struct guest *guest, u64 port, unsigned bytes)
{
    u64 rax = guest->gpr[GPR_RAX];

    port_write(guest->vcpu.vm, port, bytes, bytes == 1 ? (u8)rax : cut(rax, bytes));
    return GUEST_NEXT;
}

enum guest_action guest_in_byte(struct guest *guest, u64 port)
{
    return in(guest, port, 1);
}

enum guest_action guest_out_byte(struct guest *guest, u64 port)
{
    return out(guest, port, 1);
}

enum guest_action guest_in(struct guest *guest, u64 port, unsigned bytes)
{
    return in(guest, port, bytes);
}

enum guest_action guest_out(struct guest *guest, u64 port, unsigned bytes)
{
    return out(guest, port, bytes);
}

enum guest_action guest_io(struct guest *guest, const struct guest_io *io)
{
    if (io->string)
        return guest_string_io(guest, io);
    if (io->in)
        guest_in(guest, io->port, io->bytes);
    else
        guest_out(guest, io->port, io->bytes);
    return past_port(guest, io->port, io->bytes);
}

/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest.h"

/* Everything that emulation asks of the guest's memory and addresses: guest_space.c. */
#include "arch/x86/guest_debug.h"
#include "arch/x86/guest_space.h"
#include "arch/x86/cpu.h"

#define STRING_BATCH 32 /* iterations before pending events and other machines get their turn */

static always_inline u64 port_read(struct vm *vm, u16 port, unsigned bytes)
{
    lock_take(&vm->device_lock);
    u64 value = io_bus_read(&vm->ports, port, bytes);
    lock_drop(&vm->device_lock);
    return value;
}

static always_inline void port_write(struct vm *vm, u16 port, unsigned bytes, u64 value)
{
    lock_take(&vm->device_lock);
    io_bus_write(&vm->ports, port, bytes, value);
    lock_drop(&vm->device_lock);
}

/* One element of INS or OUTS. False: a fault is queued, or the machine stops; nothing has been
 * done. */
static bool move_element(struct guest *guest, struct guest_cpu *cpu, const struct guest_io *io)
{
    u64 *index = &guest->gpr[io->in ? GPR_RDI : GPR_RSI];
    s64 step = cpu->rflags & RFLAGS_DF ? -(s64)io->bytes : (s64)io->bytes;
    unsigned bits = guest->ops->code_bits(guest);
    struct guest_fault fault;
    u64 linear, value = 0;

    if (!guest_linear(cpu, bits, io->segment, cut(*index, io->address_bytes), io->bytes, io->in,
                      &linear, &fault)) {
        guest_raise_fault(guest, &fault);
        return false;
    }
    if (io->in) {
        /* The page is looked up first: a fault must not lose a byte that the device has given. */
        if (!guest_reach(guest, linear, io->bytes, true))
            return false;
        value = port_read(guest->vcpu.vm, io->port, io->bytes);
        if (!guest_write_linear(guest, linear, &value, io->bytes))
            return false;
    } else {
        if (!guest_read_linear(guest, linear, &value, io->bytes))
            return false;
        port_write(guest->vcpu.vm, io->port, io->bytes, value);
    }
    gpr_write(index, cut(*index, io->address_bytes) + (u64)step, io->address_bytes);
    if (guest_has_breakpoints(guest)) {
        guest_breakpoints(guest, BREAK_PORT, io->port, io->bytes);
        guest_breakpoints(guest, io->in ? BREAK_WRITE : BREAK_READ, linear, io->bytes);
    }
    return true;
}

static enum guest_action done(const struct guest *guest)
{
    return guest->hits ? GUEST_TRAP : GUEST_NEXT;
}

/* Restartable: RCX and the index tell how far it is, so a fault or a pending event may come
 * between. */
static enum guest_action string_io(struct guest *guest, const struct guest_io *io)
{
    struct guest_cpu cpu;
    struct guest_view view;
    u64 *rcx = &guest->gpr[GPR_RCX];
    unsigned batch = STRING_BATCH;

    guest_look(guest, &view);
    guest_cpu_fill(guest, &view, &cpu);
    if (cpu.rflags & RFLAGS_TF)
        batch = 1;
    if (!io->rep)
        return move_element(guest, &cpu, io) ? done(guest) : GUEST_RESUME;
    for (; cut(*rcx, io->address_bytes) && batch; batch--) {
        if (!move_element(guest, &cpu, io))
            return GUEST_RESUME;
        gpr_write(rcx, cut(*rcx, io->address_bytes) - 1, io->address_bytes);
        if (guest->vcpu.attention || guest->hits)
            break;
    }
    return cut(*rcx, io->address_bytes) ? GUEST_AGAIN : done(guest);
}

static enum guest_action past_port(struct guest *guest, u16 port, unsigned bytes)
{
    if (likely(!guest_has_breakpoints(guest)))
        return GUEST_NEXT;
    guest_breakpoints(guest, BREAK_PORT, port, bytes);
    return done(guest);
}

enum guest_action guest_in(struct guest *guest, u16 port, unsigned bytes)
{
    u64 *rax = &guest->gpr[GPR_RAX];
    u64 value = port_read(guest->vcpu.vm, port, bytes);

    if (likely(bytes == 1))
        *(u8 *)rax = (u8)value;
    else
        gpr_write(rax, value, bytes);
    return GUEST_NEXT;
}

enum guest_action guest_out(struct guest *guest, u16 port, unsigned bytes)
{
    u64 rax = guest->gpr[GPR_RAX];

    port_write(guest->vcpu.vm, port, bytes, likely(bytes == 1) ? (u8)rax : cut(rax, bytes));
    return GUEST_NEXT;
}

enum guest_action guest_io(struct guest *guest, const struct guest_io *io)
{
    if (io->string)
        return string_io(guest, io);
    if (io->in)
        guest_in(guest, io->port, io->bytes);
    else
        guest_out(guest, io->port, io->bytes);
    return past_port(guest, io->port, io->bytes);
}

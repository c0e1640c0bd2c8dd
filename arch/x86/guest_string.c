/* SPDX-License-Identifier: MIT */
/*
 * INS and OUTS. The elements of one page are translated at once:
 *
 *   index      index + step ...                       RCX elements are left
 *     |          |
 *   [ e ]      [ e ] ... [ e ]      | the next page: another run, with its own faults
 *     `----- a run of `count` ----'
 *
 * Restartable: RCX and the index tell how far it is, so a fault or a pending event may come between
 * any two elements.
 */
#include "arch/x86/guest.h"

/* Everything that emulation asks of the guest's memory and addresses: guest_space.c. */
#include "arch/x86/cpu.h"
#include "arch/x86/guest_debug.h"
#include "arch/x86/guest_port.h"
#include "arch/x86/guest_space.h"

#define STRING_BATCH 128 /* elements before pending events and other machines get their turn */

struct string {
    struct guest *guest;
    const struct guest_io *io;
    struct guest_view view;
    struct guest_cpu cpu;
    bool down, breakpoints;

    /* The run. */
    u64 linear; /* its first element's */
    u8 *at;     /* where that is; NULL: no RAM is there */
    unsigned count;
};

static u64 *index_of(const struct string *s)
{
    return &s->guest->gpr[s->io->in ? GPR_RDI : GPR_RSI];
}

static bool find_linear(struct string *s, u64 offset, unsigned size, u64 *linear,
                        struct guest_fault *fault)
{
    return guest_linear(&s->cpu, s->view.bits, s->io->segment, offset, size, s->io->in, linear,
                        fault);
}

/* How many of at most `most` elements lie in the first one's page, no end of the segment and no
 * wrap of the index among them. At least 1. */
static unsigned run_length(struct string *s, u64 offset, unsigned most)
{
    unsigned bytes = s->io->bytes, shift = bytes >> 1; /* 1, 2, 4 */
    unsigned in_page = (unsigned)s->linear & (PAGE_4K - 1);
    unsigned fit = s->down ? (in_page >> shift) + 1 : (unsigned)(PAGE_4K - in_page) >> shift;
    unsigned count = fit < most ? fit : most, beyond = (count - 1) * bytes;
    struct guest_fault fault;
    u64 low = s->down ? offset - beyond : offset, linear;

    if (s->breakpoints || count <= 1)
        return 1;
    if (low > offset || cut(low + beyond, s->io->address_bytes) != low + beyond ||
        !find_linear(s, low, beyond + bytes, &linear, &fault))
        return 1;
    return count;
}

/* The page is looked up before the port is read: a fault must not lose what the device has given.
 * False: a fault is queued or the machine stops, and nothing has been done. */
static bool find_run(struct string *s, unsigned most)
{
    u64 offset = cut(*index_of(s), s->io->address_bytes);
    struct guest_fault fault;
    void *at;

    if (!find_linear(s, offset, s->io->bytes, &s->linear, &fault)) {
        guest_raise_fault(s->guest, &fault);
        return false;
    }
    s->count = run_length(s, offset, most);
    if (!guest_window(s->guest, &s->view, s->linear, s->io->bytes, s->io->in, &at))
        return false;
    s->at = at;
    return true;
}

/* One element across two pages. */
static cold bool move_across(struct string *s)
{
    struct guest *guest = s->guest;
    const struct guest_io *io = s->io;
    u64 value = 0;

    s->count = 1;
    if (!io->in) {
        if (!guest_read_linear(guest, s->linear, &value, io->bytes))
            return false;
        port_write(guest->vcpu.vm, io->port, io->bytes, value);
        return true;
    }
    if (!guest_reach(guest, s->linear, io->bytes, true))
        return false;
    value = port_read(guest->vcpu.vm, io->port, io->bytes);
    return guest_write_linear(guest, s->linear, &value, io->bytes);
}

static always_inline void put(u8 *at, unsigned bytes, u64 value)
{
    if (likely(bytes == 1))
        *at = (u8)value;
    else if (bytes == 2)
        __builtin_memcpy(at, &(u16){(u16)value}, 2);
    else
        __builtin_memcpy(at, &(u32){(u32)value}, 4);
}

static always_inline u32 get(const u8 *at, unsigned bytes)
{
    u32 value = *at;

    if (unlikely(bytes != 1))
        value |= (u32)at[1] << 8;
    if (unlikely(bytes == 4))
        value |= (u32)at[2] << 16 | (u32)at[3] << 24;
    return value;
}

/* Under the lock: one access of a run. Mostly one device takes them all, and is asked directly. */
struct run {
    struct io_bus *bus;
    struct device *dev; /* NULL: the bus is to find out each time */
    const struct device_ops *ops;
    u64 offset;
    u16 port;
};

static struct run begin_run(struct io_bus *bus, u16 port, unsigned bytes)
{
    const struct io_range *range = io_bus_whole(bus, port, bytes);

    if (!range)
        return (struct run){.bus = bus, .port = port};
    return (struct run){bus, range->dev, range->dev->ops, range->reg + port, port};
}

static always_inline u64 run_read(const struct run *run, unsigned bytes)
{
    return likely(run->dev) ? run->ops->read(run->dev, run->offset, bytes)
                            : io_bus_read(run->bus, run->port, bytes);
}

static always_inline void run_write(const struct run *run, unsigned bytes, u64 value)
{
    if (likely(run->dev))
        run->ops->write(run->dev, run->offset, bytes, value);
    else
        io_bus_write(run->bus, run->port, bytes, value);
}

/* Until somebody calls; s->count is then how many were moved. */
static void move_run(struct string *s)
{
    struct vm *vm = s->guest->vcpu.vm;
    const u32 *attention = &s->guest->vcpu.attention;
    u8 nowhere[] = {0xff, 0xff, 0xff, 0xff}; /* beyond RAM */
    u8 *at = s->at ? s->at : nowhere;
    unsigned bytes = s->io->bytes, left = s->count;
    s64 step = !s->at ? 0 : s->down ? -(s64)bytes : bytes;

    lock_take(&vm->device_lock);
    struct run run = begin_run(&vm->ports, s->io->port, bytes);
    if (s->io->in) {
        do {
            put(at, bytes, run_read(&run, bytes));
            at += step;
        } while (--left && !__atomic_load_n(attention, __ATOMIC_RELAXED));
    } else {
        do {
            run_write(&run, bytes, get(at, bytes));
            at += step;
        } while (--left && !__atomic_load_n(attention, __ATOMIC_RELAXED));
    }
    lock_drop(&vm->device_lock);
    s->count -= left;
}

/* At most `most` elements. False: none, as above. */
static bool move(struct string *s, unsigned most)
{
    const struct guest_io *io = s->io;
    u64 *index = index_of(s);

    if (!find_run(s, most))
        return false;
    if ((s->linear & (PAGE_4K - 1)) + io->bytes <= PAGE_4K)
        move_run(s);
    else if (!move_across(s))
        return false;
    u64 by = (u64)s->count * io->bytes;
    gpr_write(index, s->down ? *index - by : *index + by, io->address_bytes);
    if (unlikely(s->breakpoints)) {
        guest_breakpoints(s->guest, BREAK_PORT, io->port, io->bytes);
        guest_breakpoints(s->guest, io->in ? BREAK_WRITE : BREAK_READ, s->linear, io->bytes);
    }
    return true;
}

static enum guest_action done(const struct guest *guest)
{
    return guest->hits ? GUEST_TRAP : GUEST_NEXT;
}

enum guest_action guest_string_io(struct guest *guest, const struct guest_io *io)
{
    struct string s = {.guest = guest, .io = io, .breakpoints = guest_has_breakpoints(guest)};
    u64 *rcx = &guest->gpr[GPR_RCX], left;

    guest_look(guest, &s.view);
    guest_cpu_fill(guest, &s.view, &s.cpu);
    s.down = s.view.rflags & RFLAGS_DF;
    if (!io->rep)
        return move(&s, 1) ? done(guest) : GUEST_RESUME;
    unsigned batch = s.view.rflags & RFLAGS_TF ? 1 : STRING_BATCH;
    while ((left = cut(*rcx, io->address_bytes)) && batch) {
        if (!move(&s, (unsigned)min_u64(left, batch)))
            return GUEST_RESUME;
        gpr_write(rcx, left - s.count, io->address_bytes);
        batch -= s.count;
        if (guest->vcpu.attention || guest->hits)
            break;
    }
    return cut(*rcx, io->address_bytes) ? GUEST_AGAIN : done(guest);
}

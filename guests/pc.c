/* SPDX-License-Identifier: MIT */
#include "guests/pc.h"

#include "lib/bits.h"
#include "lib/log.h"
#include "lib/string.h"

/* The wiring: a window of ports, the device, and which of its registers stands at the window's
 * start. */
static const struct {
    u16 base, length;
    size_t device; /* in struct pc */
    u8 reg;
} wiring[] = {
    {0x20,  2, offsetof(struct pc, pic),        PIC_MASTER  },
    {0x40,  4, offsetof(struct pc, pit),        PIT_COUNTERS},
    {0x61,  1, offsetof(struct pc, pit),        PIT_PORT_B  },
    {0xa0,  2, offsetof(struct pc, pic),        PIC_SLAVE   },
    {0xf4,  4, offsetof(struct pc, debug_exit), 0           },
    {0x3f8, 8, offsetof(struct pc, com1),       0           },
    {0x4d0, 2, offsetof(struct pc, pic),        PIC_ELCR    },
};

/* Every device once, for reset, timers and dumps. */
static const size_t devices[] = {
    offsetof(struct pc, pic),
    offsetof(struct pc, pit),
    offsetof(struct pc, com1),
    offsetof(struct pc, debug_exit),
};

enum { IRQ_PIT = 0, IRQ_COM1 = 4 };

static struct device *device_at(struct pc *pc, size_t offset)
{
    return (struct device *)((char *)pc + offset);
}

static u64 now(void *ctx)
{
    (void)ctx;
    return vm_now();
}

static void line(void *ctx, unsigned number, bool level)
{
    struct pc *pc = ctx;

    if (number != DEV_LINE_INTR)
        pic_line(&pc->pic, number, level);
    else if (level)
        vcpu_call(pc->vm->vcpu[0], ATTENTION_EVENT);
}

/* Read by the run loop without the lock, so written in one piece. */
static void set_deadline(struct pc *pc)
{
    u64 earliest = DEV_NEVER;

    for (unsigned i = 0; i < array_size(devices); i++)
        earliest = min_u64(earliest, device_at(pc, devices[i])->deadline);
    __atomic_store_n(&pc->vm->deadline, earliest, __ATOMIC_RELEASE);
}

/* Devices run with vCPU 0: its turn must not last beyond the new deadline. */
static void timer(void *ctx, struct device *dev)
{
    struct pc *pc = ctx;
    u64 before = pc->vm->deadline;
    (void)dev;

    set_deadline(pc);
    if (pc->vm->deadline < before && pc->vm->vcpu_count)
        vcpu_call(pc->vm->vcpu[0], ATTENTION_TIME);
}

static void output(void *ctx, unsigned stream, u8 byte)
{
    struct pc *pc = ctx;
    (void)stream;
    console_put(&pc->console, byte);
}

/* Gives COM1 what was typed, as far as it has room. */
static void take_input(struct pc *pc)
{
    u8 bytes[16];
    size_t room = min_u64(uart_room(&pc->com1), sizeof bytes);

    uart_receive(&pc->com1, bytes, console_take(&pc->console, bytes, room));
}

static void room(void *ctx, unsigned stream)
{
    (void)stream;
    take_input(ctx);
}

static void stop(void *ctx, enum dev_stop reason, u64 status)
{
    static const enum vm_end ends[] = {
        [DEV_STOP_EXIT] = VM_END_DEBUG_EXIT,
        [DEV_STOP_POWER_OFF] = VM_END_POWER_OFF,
        [DEV_STOP_RESET] = VM_END_RESET,
    };
    struct pc *pc = ctx;
    vm_stop(pc->vm, ends[reason], status);
}

static struct pc *pc_of(struct vm *vm)
{
    return vm->machine;
}

static bool interrupt_pending(struct vm *vm)
{
    return pic_pending(&pc_of(vm)->pic);
}

static u8 interrupt_take(struct vm *vm)
{
    return pic_ack(&pc_of(vm)->pic);
}

static void expire(struct vm *vm, u64 time)
{
    struct pc *pc = pc_of(vm);

    for (unsigned i = 0; i < array_size(devices); i++) {
        struct device *dev = device_at(pc, devices[i]);
        if (dev->deadline <= time)
            dev->ops->expire(dev, time);
    }
    set_deadline(pc);
}

static void input(struct vm *vm)
{
    take_input(pc_of(vm));
}

/* From any core, without the device lock: vCPU 0's core does it. */
static void input_waits(struct console *console)
{
    struct vm *vm = container_of(console, struct pc, console)->vm;

    __atomic_store_n(&vm->input_waits, true, __ATOMIC_RELEASE);
    vcpu_call(vm->vcpu[0], ATTENTION_TIME);
}

static void hold(struct console *console, u64 until_taken)
{
    vm_hold(container_of(console, struct pc, console)->vm, until_taken);
}

static void init_devices(struct pc *pc)
{
    pic_init(&pc->pic, &pc->host);
    pit_init(&pc->pit, &pc->host, IRQ_PIT);
    uart_init(&pc->com1, &pc->host, IRQ_COM1, 0);
    debug_exit_init(&pc->debug_exit, &pc->host);
}

const char *pc_init(struct pc *pc, struct vm *vm)
{
    const char *error = NULL;

    memset(pc, 0, sizeof *pc);
    pc->vm = vm;
    pc->host = (struct dev_host){pc, now, line, timer, output, room, stop};
    vm->machine = pc;
    vm->interrupt_pending = interrupt_pending;
    vm->interrupt_take = interrupt_take;
    vm->expire = expire;
    vm->input = input;
    vm->deadline = DEV_NEVER;
    io_bus_init_ports(&vm->ports);
    io_bus_init_mmio(&vm->mmio);
    init_devices(pc);
    for (unsigned i = 0; i < array_size(wiring) && !error; i++)
        error = io_bus_add(&vm->ports, wiring[i].base, wiring[i].length,
                           device_at(pc, wiring[i].device), wiring[i].reg);
    return error;
}

void pc_start(struct pc *pc)
{
    console_add(&pc->console, pc->vm->config->name, input_waits, hold);
}

void pc_finish(struct pc *pc)
{
    console_remove(&pc->console);
}

/* SPDX-License-Identifier: MIT */
#include "guests/pc.h"

#include "guests/pc_map.h"
#include "lib/bits.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/string.h"

/* The wiring: a window of ports or memory, the device, and which of its registers stands at the
 * window's start. The byte at PC_PORT_RESET is within the PCI address's window: pci.h. */
struct wire {
    u32 base, length;
    size_t device; /* in struct pc */
    u32 reg;
};

static const struct wire port_wiring[] = {
    {PC_PORT_PIC_MASTER,   2,            offsetof(struct pc, pic),        PIC_MASTER  },
    {PC_PORT_PIT,          4,            offsetof(struct pc, pit),        PIT_COUNTERS},
    {PC_PORT_I8042_DATA,   1,            offsetof(struct pc, i8042),      I8042_DATA  },
    {PC_PORT_B,            1,            offsetof(struct pc, pit),        PIT_PORT_B  },
    {PC_PORT_I8042_STATUS, 1,            offsetof(struct pc, i8042),      I8042_STATUS},
    {PC_PORT_CMOS,         RTC_PORTS,    offsetof(struct pc, rtc),        0           },
    {PC_PORT_A,            1,            offsetof(struct pc, reset),      RESET_PORT_A},
    {PC_PORT_PIC_SLAVE,    2,            offsetof(struct pc, pic),        PIC_SLAVE   },
    {PC_PORT_DEBUG_EXIT,   4,            offsetof(struct pc, debug_exit), 0           },
    {PC_PORT_COM1,         UART_PORTS,   offsetof(struct pc, com1),       0           },
    {PC_PORT_ELCR,         2,            offsetof(struct pc, pic),        PIC_ELCR    },
    {PC_PORT_FW_CFG,       FW_CFG_PORTS, offsetof(struct pc, fw_cfg),     0           },
    {PC_PORT_PM_EVENT,     4,            offsetof(struct pc, pm),         PM_EVENT    },
    {PC_PORT_PM_CONTROL,   2,            offsetof(struct pc, pm),         PM_CONTROL  },
    {PC_PORT_PM_TIMER,     4,            offsetof(struct pc, pm),         PM_TIMER    },
    {PC_PORT_PCI_ADDRESS,  4,            offsetof(struct pc, pci),        PCI_ADDRESS },
    {PC_PORT_PCI_DATA,     4,            offsetof(struct pc, pci),        PCI_DATA    },
};

static const struct wire memory_wiring[] = {
    {PC_ECAM_BASE, PC_ECAM_SIZE, offsetof(struct pc, pci), PCI_ECAM},
};

_Static_assert(HPET_BLOCK == PC_HPET_BLOCK, "the HPET is what its ACPI table says");

static const struct wire hpet_wiring[] = {
    {PC_HPET_BASE, HPET_SIZE, offsetof(struct pc, hpet), 0},
};

enum { PM_TIMER_BITS = 32 }; /* FADT's TMR_VAL_EXT says so */

static struct device *device_at(struct pc *pc, size_t offset)
{
    return (struct device *)((char *)pc + offset);
}

static u64 now(void *ctx)
{
    (void)ctx;
    return vm_now();
}

/* An interrupt input is up if a device holds it; but those of the PIT and the clock are the HPET's
 * alone while it replaces them (IA-PC HPET specification, 2.2). */
static bool level_of(const struct pc *pc, unsigned number)
{
    bool replaced =
        hpet_replaces_legacy(&pc->hpet) && (number == PC_IRQ_PIT || number == PC_IRQ_RTC);
    u32 up = replaced ? pc->hpet_lines_up : pc->lines_up | pc->hpet_lines_up;

    return up >> number & 1;
}

static void set_input(struct pc *pc, unsigned number)
{
    bool level = level_of(pc, number);

    if (level == (pc->inputs_up >> number & 1))
        return;
    pc->inputs_up ^= 1u << number;
    pic_line(&pc->pic, number, level);
    pc_apic_isa(pc, number, level);
}

static u32 with_bit(u32 set, unsigned bit, bool value)
{
    return (set & ~(1u << bit)) | (u32)value << bit;
}

/* ACPI's RTC status follows the clock's interrupt (82371AB PIIX4 data sheet, PMSTS). */
static no_inline void isa_line(struct pc *pc, unsigned number, bool level)
{
    pc->lines_up = with_bit(pc->lines_up, number, level);
    set_input(pc, number);
    if (number == PC_IRQ_RTC && level)
        pm_raise(&pc->pm, PM_RTC);
}

static void line(void *ctx, unsigned number, bool level)
{
    if (number == DEV_LINE_INTR)
        pc_apic_intr(ctx, level);
    else
        isa_line(ctx, number, level);
}

/* Mostly it is the PIT, alone on its input. */
static void pulse(void *ctx, unsigned number)
{
    struct pc *pc = ctx;
    u32 bit = 1u << number;

    if (unlikely(number != PC_IRQ_PIT || hpet_replaces_legacy(&pc->hpet) ||
                 pc->hpet_lines_up & bit)) {
        line(ctx, number, false);
        line(ctx, number, true);
        return;
    }
    pc->lines_up |= bit;
    pc->inputs_up |= bit;
    pic_pulse(&pc->pic, number);
    ioapic_pulse(&pc->apic.ioapic, PC_PIN_PIT);
}

static void hpet_line(void *ctx, unsigned number, bool level)
{
    struct pc *pc = ctx;

    pc->hpet_lines_up = with_bit(pc->hpet_lines_up, number, level);
    set_input(pc, number);
}

static void hpet_pulse(void *ctx, unsigned number)
{
    hpet_line(ctx, number, false);
    hpet_line(ctx, number, true);
}

/* Read by the run loop without the lock, so written in one piece. */
static void set_deadline(struct pc *pc, struct device *earliest)
{
    pc->earliest = earliest;
    __atomic_store_n(&pc->vm->deadline, earliest->deadline, __ATOMIC_RELEASE);
}

static always_inline struct device *earlier(struct device *a, struct device *b)
{
    return b->deadline < a->deadline ? b : a;
}

/* Of those that want to run at a time. */
enum { TIMED = 5 };

static void find_earliest(struct pc *pc)
{
    struct device *earliest = earlier(&pc->pit.dev, &pc->com1.dev);

    earliest = earlier(earliest, &pc->rtc.dev);
    earliest = earlier(earliest, &pc->pm.dev);
    set_deadline(pc, earlier(earliest, &pc->hpet.dev));
}

/* Devices run with vCPU 0: its turn must not last beyond the new deadline. */
static void timer(void *ctx, struct device *dev)
{
    struct pc *pc = ctx;
    bool sooner = dev->deadline < pc->vm->deadline;

    if (sooner)
        set_deadline(pc, dev);
    else if (dev == pc->earliest)
        find_earliest(pc);
    if (sooner && pc->vm->vcpu_count)
        vcpu_call(pc->vm->vcpu[0], ATTENTION_TIME);
}

static void output(void *ctx, unsigned stream, u8 byte)
{
    struct pc *pc = ctx;
    (void)stream;
    console_put(&pc->console, byte);
}

/* Gives COM1 what was typed, as far as it has room. */
static cold void take_input(struct pc *pc)
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

static void expire(struct vm *vm, u64 time)
{
    struct pc *pc = vm->machine;

    /* Each one's deadline is past `time` then. */
    for (unsigned i = 0; i < TIMED && pc->earliest->deadline <= time; i++)
        pc->earliest->ops->expire(pc->earliest, time);
}

static void input(struct vm *vm)
{
    take_input(vm->machine);
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

/* As a PC's firmware leaves it: the SCI is level-triggered, which ACPI's tables say, too. */
static void set_edges(struct pc *pc)
{
    pc->pic.dev.ops->write(&pc->pic.dev, PIC_ELCR + 1, 1, BIT(PC_IRQ_SCI - 8));
}

static cold void init_devices(struct pc *pc, u64 wall)
{
    const struct vm_config *config = pc->vm->config;
    u16 cpus = (u16)config->cpus;

    pic_init(&pc->pic, &pc->host);
    set_edges(pc);
    pit_init(&pc->pit, &pc->host, PC_IRQ_PIT);
    uart_init(&pc->com1, &pc->host, PC_IRQ_COM1, 0);
    debug_exit_init(&pc->debug_exit, &pc->host);
    rtc_init(&pc->rtc, &pc->host, PC_IRQ_RTC, wall);
    rtc_set_memory(&pc->rtc, guest_memory_low(config->memory), guest_memory_high(config->memory));
    pm_init(&pc->pm, &pc->host, PC_IRQ_SCI, PM_TIMER_BITS, PC_S5_TYPE);
    reset_init(&pc->reset, &pc->host);
    i8042_init(&pc->i8042, &pc->host, PC_IRQ_KEYBOARD);
    fw_cfg_init(&pc->fw_cfg, &pc->host, config->memory, cpus, cpus);
    pci_init(&pc->pci, &pc->host, &pc->reset.dev);
    hpet_init(&pc->hpet, &pc->hpet_host);
    find_earliest(pc);
}

/* One map of the memory, for the loaders and for those who ask fw_cfg. */
static cold const char *add_map(struct pc *pc)
{
    e820_make(&pc->e820, pc->vm->config->memory);
    if (!e820_add(&pc->e820, PC_ECAM_BASE, PC_ECAM_SIZE, MEM_RESERVED))
        return "its memory map has no room for ECAM";
    return fw_cfg_add(&pc->fw_cfg, "etc/e820", pc->e820.entry,
                      pc->e820.count * (u32)sizeof pc->e820.entry[0])
               ? NULL
               : "fw_cfg has no room for another file";
}

static cold const char *wire(struct pc *pc, struct io_bus *bus, const struct wire *wiring,
                             unsigned count)
{
    const char *error = NULL;

    for (unsigned i = 0; i < count && !error; i++)
        error = io_bus_add(bus, wiring[i].base, wiring[i].length, device_at(pc, wiring[i].device),
                           wiring[i].reg);
    return error;
}

cold const char *pc_init(struct pc *pc, struct vm *vm, u64 wall)
{
    const char *error;

    memset(pc, 0, sizeof *pc);
    pc->vm = vm;
    pc->host = (struct dev_host){pc, now, line, pulse, timer, output, room, stop};
    pc->hpet_host = (struct dev_host){pc, now, hpet_line, hpet_pulse, timer, output, room, stop};
    vm->machine = pc;
    vm->expire = expire;
    vm->expire_own = pc_apic_expire;
    vm->signalled = pc_apic_signalled;
    vm->input = input;
    vm->deadline = DEV_NEVER;
    vm->epoch = wall * NS_PER_S;
    io_bus_init_ports(&vm->ports);
    io_bus_init_mmio(&vm->mmio);
    init_devices(pc, wall);
    error = add_map(pc);
    if (!error)
        error = pc_apic_init(pc);
    if (!error)
        error = wire(pc, &vm->ports, port_wiring, array_size(port_wiring));
    if (!error)
        error = wire(pc, &vm->mmio, memory_wiring, array_size(memory_wiring));
    if (!error && vm->config->hpet)
        error = wire(pc, &vm->mmio, hpet_wiring, array_size(hpet_wiring));
    return error;
}

bool pc_add_vcpu(struct pc *pc, struct vcpu *vcpu)
{
    return pc_apic_add(pc, vcpu);
}

void pc_destroy(struct pc *pc)
{
    pc_apic_destroy(pc);
}

void pc_start(struct pc *pc)
{
    console_add(&pc->console, pc->vm->config->name, input_waits, hold);
}

void pc_finish(struct pc *pc)
{
    console_remove(&pc->console);
}

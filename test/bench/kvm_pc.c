/* SPDX-License-Identifier: MIT */
/*
 * The PC that guests/pc.c builds, from the same models, for as long as a Linux boots and measures.
 * PIC, PIT and APICs are the kernel's. There is no HPET, whose comparators would need a thread of
 * their own, and no alarm of the clock's.
 */
#include <linux/kvm.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "core/io_bus.h"
#include "drivers/emu/debug_exit.h"
#include "drivers/emu/fw_cfg.h"
#include "drivers/emu/i8042.h"
#include "drivers/emu/pci.h"
#include "drivers/emu/pm.h"
#include "drivers/emu/reset.h"
#include "drivers/emu/rtc.h"
#include "drivers/emu/uart.h"
#include "guests/load_e820.h"
#include "guests/pc_map.h"
#include "test/bench/kvm_machine.h"

static struct {
    int vm;
    bool ended;
    struct dev_host host;
    struct uart com1;
    struct rtc rtc;
    struct pm pm;
    struct reset reset;
    struct i8042 i8042;
    struct fw_cfg fw_cfg;
    struct pci pci;
    struct debug_exit debug_exit;
    struct io_bus ports;
} pc;

static u64 now(void *ctx)
{
    struct timespec t;
    (void)ctx;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

static void line(void *ctx, unsigned number, bool level)
{
    struct kvm_irq_level irq = {.irq = number, .level = level};
    (void)ctx;
    KVM_CALL(pc.vm, KVM_IRQ_LINE, &irq);
}

static void pulse(void *ctx, unsigned number)
{
    line(ctx, number, false);
    line(ctx, number, true);
}

static void timer(void *ctx, struct device *dev)
{
    (void)ctx;
    (void)dev;
}

static void output(void *ctx, unsigned stream, u8 byte)
{
    (void)ctx;
    (void)stream;
    said_add(byte);
}

static void room(void *ctx, unsigned stream)
{
    (void)ctx;
    (void)stream;
}

static void stop(void *ctx, enum dev_stop reason, u64 status)
{
    (void)ctx;
    pc.ended = true;
    ended_set(reason == DEV_STOP_RESET ? 1 : (unsigned)status);
}

static bool port(bool out, u16 number, u8 *data, u8 size, u32 count)
{
    for (u32 i = 0; i < count; i++, data += size) {
        u64 value = 0;
        if (!out)
            value = io_bus_read(&pc.ports, number, size);
        else
            memcpy(&value, data, size);
        if (out)
            io_bus_write(&pc.ports, number, size, value);
        else
            memcpy(data, &value, size);
    }
    return !pc.ended;
}

static bool memory(bool write, u64 at, u8 *data, u32 size)
{
    u64 value = ~0ull;
    bool config = at - PC_ECAM_BASE < PC_ECAM_SIZE;

    memcpy(&value, data, write ? size : 0);
    if (config && write)
        pc.pci.dev.ops->write(&pc.pci.dev, PCI_ECAM + (at - PC_ECAM_BASE), size, value);
    else if (config)
        value = pc.pci.dev.ops->read(&pc.pci.dev, PCI_ECAM + (at - PC_ECAM_BASE), size);
    memcpy(data, &value, write ? 0 : size);
    return !pc.ended;
}

static void wire(u16 base, u16 length, struct device *dev, u64 reg)
{
    const char *error = io_bus_add(&pc.ports, base, length, dev, reg);
    if (error)
        fail("%s", error);
}

static void init_devices(u64 size)
{
    uart_init(&pc.com1, &pc.host, PC_IRQ_COM1, 0);
    rtc_init(&pc.rtc, &pc.host, PC_IRQ_RTC, (u64)time(NULL));
    rtc_set_memory(&pc.rtc, guest_memory_low(size), guest_memory_high(size));
    pm_init(&pc.pm, &pc.host, PC_IRQ_SCI, 32, PC_S5_TYPE);
    reset_init(&pc.reset, &pc.host);
    i8042_init(&pc.i8042, &pc.host, PC_IRQ_KEYBOARD);
    fw_cfg_init(&pc.fw_cfg, &pc.host, size, 1, 1);
    pci_init(&pc.pci, &pc.host, &pc.reset.dev);
    debug_exit_init(&pc.debug_exit, &pc.host);
}

const struct kvm_devices *pc_devices(int vm, u64 size)
{
    static const struct kvm_devices devices = {port, memory};

    pc.vm = vm;
    pc.host = (struct dev_host){&pc, now, line, pulse, timer, output, room, stop};
    io_bus_init_ports(&pc.ports);
    init_devices(size);
    wire(PC_PORT_I8042_DATA, 1, &pc.i8042.dev, I8042_DATA);
    wire(PC_PORT_I8042_STATUS, 1, &pc.i8042.dev, I8042_STATUS);
    wire(PC_PORT_CMOS, RTC_PORTS, &pc.rtc.dev, 0);
    wire(PC_PORT_A, 1, &pc.reset.dev, RESET_PORT_A);
    wire(PC_PORT_DEBUG_EXIT, 4, &pc.debug_exit.dev, 0);
    wire(PC_PORT_COM1, UART_PORTS, &pc.com1.dev, 0);
    wire(PC_PORT_FW_CFG, FW_CFG_PORTS, &pc.fw_cfg.dev, 0);
    wire(PC_PORT_PM_EVENT, 4, &pc.pm.dev, PM_EVENT);
    wire(PC_PORT_PM_CONTROL, 2, &pc.pm.dev, PM_CONTROL);
    wire(PC_PORT_PM_TIMER, 4, &pc.pm.dev, PM_TIMER);
    wire(PC_PORT_PCI_ADDRESS, 4, &pc.pci.dev, PCI_ADDRESS);
    wire(PC_PORT_PCI_DATA, 4, &pc.pci.dev, PCI_DATA);
    return &devices;
}

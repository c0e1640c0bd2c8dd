/* SPDX-License-Identifier: MIT */
#include "drivers/host/power.h"

#include "arch/x86/mmio.h"
#include "arch/x86/port.h"
#include "lib/bits.h"

/* ACPI 6.4, 4.8.3.2.1, PM1 control. */
#define PM1_SCI_EN       BIT(0)
#define PM1_SLP_TYP_AT   10
#define PM1_SLP_TYP_MASK MASK(12, 10)
#define PM1_SLP_EN       BIT(13)

/* 4.8.3.7, sleep control and status of hardware-reduced machines. */
#define SLEEP_TYP_AT 2
#define SLEEP_EN     BIT(5)
#define WAKE_STATUS  BIT(7)

#define PCI_ADDRESS   0xcf8
#define PCI_DATA      0xcfc
#define RESET_CONTROL 0xcf9 /* of PC chip sets: bit 1 a full reset, bit 2 now */
#define KBD_PORT      0x64  /* 8042: bit 1 of the status is "input buffer full" */
#define KBD_FULL      BIT(1)
#define KBD_RESET     0xfe

/* There may be no clock when power goes: waits are counted in reads of a port that takes about a
 * microsecond on any PC (the POST code port). */
#define DELAY_PORT     0x80
#define ENABLE_WAIT_US 3000000u
#define SETTLE_WAIT_US 100000u

/* A register that can be reached from here. */
struct reg {
    struct acpi_reg where;
    volatile void *at; /* of one in memory */
};

static struct acpi_power power;
static struct reg pm1a, pm1b, sleep_control, sleep_status, reset;

static struct reg reach(struct acpi_reg where, volatile void *(*map)(hpa_t base, u64 size))
{
    struct reg reg = {.where = where};
    if (where.space == ACPI_MEMORY) {
        reg.at = map(hpa(where.address), sizeof(u32));
        if (!reg.at)
            reg.where.space = ACPI_NOWHERE;
    }
    return reg;
}

void power_init(const struct acpi_info *acpi, volatile void *(*map)(hpa_t base, u64 size))
{
    power = acpi->power;
    pm1a = reach(power.pm1a_control, map);
    pm1b = reach(power.pm1b_control, map);
    sleep_control = reach(power.sleep_control, map);
    sleep_status = reach(power.sleep_status, map);
    reset = reach(power.reset, map);
}

static bool exists(const struct reg *reg)
{
    return reg->where.space != ACPI_NOWHERE;
}

static void delay_us(u32 count)
{
    while (count--)
        (void)port_read8(DELAY_PORT);
}

/* The PM1 control register is 16 bits in I/O space; 32-bit access is right where it is in memory,
 * as its upper half is reserved. */
static u32 pm1_read(const struct reg *reg)
{
    return reg->at ? mmio_read32(reg->at) : port_read16((u16)reg->where.address);
}

static void pm1_write(const struct reg *reg, u32 value)
{
    if (reg->at)
        mmio_write32(reg->at, value);
    else
        port_write16((u16)reg->where.address, (u16)value);
}

/* A byte at mechanism 1's ports; ACPI 5.2.3.2 lays device, function and offset out so. */
static void pci_write8(u64 address, u8 value)
{
    u32 offset = (u32)bits_get(address, 7, 0);
    port_write32(PCI_ADDRESS, (u32)(BIT(31) | bits_get(address, 36, 32) << 11 |
                                    bits_get(address, 18, 16) << 8 | (offset & ~3u)));
    port_write8((u16)(PCI_DATA + (offset & 3)), value);
}

static void write8(const struct reg *reg, u8 value)
{
    if (reg->at)
        mmio_write8(reg->at, value);
    else if (reg->where.space == ACPI_PCI_CONFIG)
        pci_write8(reg->where.address, value);
    else
        port_write8((u16)reg->where.address, value);
}

/* 4.8.2.5: the PM1 registers are the firmware's until SCI_EN says that they are ours. */
static void enable_acpi(void)
{
    if ((pm1_read(&pm1a) & PM1_SCI_EN) || !power.smi_command || !power.acpi_enable)
        return;
    port_write8((u16)power.smi_command, power.acpi_enable);
    for (u32 us = 0; us < ENABLE_WAIT_US && !(pm1_read(&pm1a) & PM1_SCI_EN); us++)
        delay_us(1);
}

/* 7.4.2.6 and 16.1.7: the type into both registers, then both with SLP_EN, A first. */
static void sleep_pm1(void)
{
    u32 keep_a, keep_b = 0;

    enable_acpi();
    keep_a = pm1_read(&pm1a) & ~(u32)(PM1_SLP_TYP_MASK | PM1_SLP_EN);
    keep_a |= (u32)power.s5_type_a << PM1_SLP_TYP_AT;
    pm1_write(&pm1a, keep_a);
    if (exists(&pm1b)) {
        keep_b = pm1_read(&pm1b) & ~(u32)(PM1_SLP_TYP_MASK | PM1_SLP_EN);
        keep_b |= (u32)power.s5_type_b << PM1_SLP_TYP_AT;
        pm1_write(&pm1b, keep_b);
    }
    pm1_write(&pm1a, keep_a | (u32)PM1_SLP_EN);
    if (exists(&pm1b))
        pm1_write(&pm1b, keep_b | (u32)PM1_SLP_EN);
    delay_us(SETTLE_WAIT_US);
}

static void sleep_reduced(void)
{
    if (exists(&sleep_status))
        write8(&sleep_status, (u8)WAKE_STATUS); /* written 1 to clear */
    write8(&sleep_control, (u8)((u32)power.s5_type_a << SLEEP_TYP_AT | (u32)SLEEP_EN));
    delay_us(SETTLE_WAIT_US);
}

/*
 * Without ACPI tables: the PM1 control ports of QEMU's q35 and pc (0x604), of Bochs and old QEMU
 * (0xb004), with SLP_EN and type 0; and the port where Bochs listens for a word.
 */
static void off_emulators(void)
{
    port_write16(0x604, (u16)PM1_SLP_EN);
    port_write16(0xb004, (u16)PM1_SLP_EN);
    for (const char *word = "Shutdown"; *word; word++)
        port_write8(0x8900, (u8)*word);
    delay_us(SETTLE_WAIT_US);
}

void power_off(void)
{
    if (power.s5_found && exists(&sleep_control))
        sleep_reduced();
    else if (power.s5_found && exists(&pm1a))
        sleep_pm1();
    off_emulators();
}

void power_reboot(void)
{
    if (exists(&reset)) {
        write8(&reset, power.reset_value);
        delay_us(SETTLE_WAIT_US);
    }
    u8 control = port_read8(RESET_CONTROL) & (u8) ~(BIT(1) | BIT(2));
    port_write8(RESET_CONTROL, (u8)(control | BIT(1)));
    port_write8(RESET_CONTROL, (u8)(control | BIT(1) | BIT(2)));
    delay_us(SETTLE_WAIT_US);
    for (u32 us = 0; us < SETTLE_WAIT_US && (port_read8(KBD_PORT) & KBD_FULL); us++)
        delay_us(1);
    port_write8(KBD_PORT, KBD_RESET);
    delay_us(SETTLE_WAIT_US);
}

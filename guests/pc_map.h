/* SPDX-License-Identifier: MIT */
/*
 * Where a guest's PC has its devices: the wiring uses it, and the firmware tables tell the guest.
 */
#ifndef GUESTS_PC_MAP_H
#define GUESTS_PC_MAP_H

/* Memory. */
#define PC_ECAM_BASE   0xe0000000u /* PCI configuration: one bus */
#define PC_ECAM_SIZE   0x100000u
#define PC_IOAPIC_BASE 0xfec00000u
#define PC_HPET_BASE   0xfed00000u
#define PC_LAPIC_BASE  0xfee00000u

/* The low half of the HPET's capabilities (1.0a, 2.3.4): vendor, legacy replacement, 64 bits, three
 * comparators, revision 1. And the fewest ticks that a comparator may be ahead. */
#define PC_HPET_BLOCK    0x8086a201u
#define PC_HPET_MIN_TICK 128

/* Ports. */
enum pc_port {
    PC_PORT_PIC_MASTER = 0x20,
    PC_PORT_PIT = 0x40,
    PC_PORT_I8042_DATA = 0x60,
    PC_PORT_B = 0x61,
    PC_PORT_I8042_STATUS = 0x64,
    PC_PORT_CMOS = 0x70,
    PC_PORT_A = 0x92,
    PC_PORT_PIC_SLAVE = 0xa0,
    PC_PORT_DEBUG_EXIT = 0xf4,
    PC_PORT_COM1 = 0x3f8,
    PC_PORT_ELCR = 0x4d0,
    PC_PORT_FW_CFG = 0x510,
    PC_PORT_PM_EVENT = 0x600,   /* PM1a status and enable, 4 bytes */
    PC_PORT_PM_CONTROL = 0x604, /* PM1a control, 2 bytes */
    PC_PORT_PM_TIMER = 0x608,   /* 4 bytes */
    PC_PORT_PCI_ADDRESS = 0xcf8,
    PC_PORT_RESET = 0xcf9, /* one byte, within the former's window */
    PC_PORT_PCI_DATA = 0xcfc,
};

/* ISA interrupts; the IOAPIC's pins have the same numbers but for the PIT's. */
enum pc_irq {
    PC_IRQ_PIT = 0,
    PC_IRQ_KEYBOARD = 1,
    PC_IRQ_COM1 = 4,
    PC_IRQ_RTC = 8,
    PC_IRQ_SCI = 9,
    PC_IRQ_MOUSE = 12,
};

enum {
    PC_PIN_PIT = 2, /* the IOAPIC's; pin 0 is the PIC's output */
    PC_IOAPIC_PINS = 24,
    PC_S5_TYPE = 5,     /* SLP_TYP of soft-off */
    PC_RESET_VALUE = 6, /* at PC_PORT_RESET */
    PC_CMOS_CENTURY = 0x32,
    PC_LAST_BUS = 0, /* of PCI: what PC_ECAM_SIZE has room for */
};

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The tables that list hardware: MADT (interrupt controllers), HPET, MCFG (PCI configuration).
 */
#include "guests/acpi.h"
#include "guests/pc_map.h"

/* ACPI 6.1, 5.2.12: what stands in front of the entries. */
struct madt_head {
    u32 lapic, flags;
} packed;
#define MADT_PICS 1u /* there are two 8259A as well, to be masked */

struct madt_lapic {
    u8 type, length, uid, apic_id;
    u32 flags;
} packed;
_Static_assert(sizeof(struct madt_lapic) == 8, "5.2.12.2");
#define LAPIC_ENABLED 1u

struct madt_ioapic {
    u8 type, length, id, reserved;
    u32 address, gsi;
} packed;
_Static_assert(sizeof(struct madt_ioapic) == 12, "5.2.12.3");

struct madt_override {
    u8 type, length, bus, irq;
    u32 gsi;
    u16 flags;
} packed;
_Static_assert(sizeof(struct madt_override) == 10, "5.2.12.5");
#define EDGE_HIGH  0x05
#define LEVEL_HIGH 0x0d

struct madt_nmi {
    u8 type, length, uid;
    u16 flags;
    u8 lint;
} packed;
_Static_assert(sizeof(struct madt_nmi) == 6, "5.2.12.7");
#define ALL_CPUS 0xff

enum { MADT_LAPIC = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_NMI = 4 };

static void put_lapics(struct firmware *fw)
{
    for (u32 i = 0; i < fw->config->cpus; i++) {
        struct madt_lapic entry = {MADT_LAPIC, sizeof entry, (u8)i, (u8)i, LAPIC_ENABLED};
        firmware_put(fw, &entry, sizeof entry);
    }
}

u32 acpi_put_madt(struct firmware *fw)
{
    static const struct madt_override overrides[] = {
        {MADT_OVERRIDE, sizeof(struct madt_override), 0, PC_IRQ_PIT, PC_PIN_PIT, EDGE_HIGH },
        {MADT_OVERRIDE, sizeof(struct madt_override), 0, PC_IRQ_SCI, PC_IRQ_SCI, LEVEL_HIGH},
    };
    struct madt_head head = {PC_LAPIC_BASE, MADT_PICS};
    struct madt_ioapic ioapic = {MADT_IOAPIC, sizeof ioapic,  (u8)fw->config->cpus,
                                 0,           PC_IOAPIC_BASE, 0};
    struct madt_nmi nmi = {MADT_NMI, sizeof nmi, ALL_CPUS, 0, 1};
    u32 table = acpi_begin(fw, "APIC", 4);

    firmware_put(fw, &head, sizeof head);
    put_lapics(fw);
    firmware_put(fw, &ioapic, sizeof ioapic);
    firmware_put(fw, overrides, sizeof overrides);
    firmware_put(fw, &nmi, sizeof nmi);
    acpi_end(fw, table);
    return table;
}

/* IA-PC HPET specification 1.0a, 3.2.4. The block's id is the low half of its capabilities. */
struct hpet_body {
    u32 block;
    u8 space, width, offset, access;
    u64 address;
    u8 number;
    u16 minimum_tick;
    u8 protection;
} packed;
_Static_assert(sizeof(struct hpet_body) == 20, "3.2.4");

u32 acpi_put_hpet(struct firmware *fw)
{
    struct hpet_body body = {.block = PC_HPET_BLOCK, .width = 64, .address = PC_HPET_BASE};
    u32 table = acpi_begin(fw, "HPET", 1);

    body.minimum_tick = PC_HPET_MIN_TICK;
    firmware_put(fw, &body, sizeof body);
    acpi_end(fw, table);
    return table;
}

/* PCI Firmware Specification 3.0, 4.1.2. */
struct mcfg_body {
    u8 reserved0[8];
    u64 base;
    u16 segment;
    u8 first_bus, last_bus;
    u32 reserved1;
} packed;
_Static_assert(sizeof(struct mcfg_body) == 24, "4.1.2");

u32 acpi_put_mcfg(struct firmware *fw)
{
    struct mcfg_body body = {.base = PC_ECAM_BASE, .last_bus = PC_LAST_BUS};
    u32 table = acpi_begin(fw, "MCFG", 1);

    firmware_put(fw, &body, sizeof body);
    acpi_end(fw, table);
    return table;
}

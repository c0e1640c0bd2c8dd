/* SPDX-License-Identifier: MIT */
/*
 * The multiprocessor table (MultiProcessor Specification 1.4, chapter 4), for systems that do not
 * read ACPI: the same processors and interrupts once more.
 */
#include "drivers/emu/ioapic.h"
#include "drivers/emu/lapic_regs.h"
#include "guests/firmware_parts.h"
#include "guests/pc_map.h"
#include "lib/bits.h"
#include "lib/string.h"

enum { MP_CPU, MP_BUS, MP_IOAPIC, MP_IO_INTERRUPT, MP_LOCAL_INTERRUPT };
enum { BUS_PCI, BUS_ISA };
enum { MP_INT, MP_NMI, MP_SMI, MP_EXTINT };

#define MP_VERSION  4 /* 1.4 */
#define CPU_ENABLED BIT(0)
#define CPU_BOOT    BIT(1)
#define ALL_APICS   0xff

/* 4.3.4: polarity in bits 1:0, trigger in bits 3:2; 0 is the bus's own way. */
#define LEVEL_HIGH 0x0d

struct mp_pointer {
    char signature[4];
    u32 table;
    u8 length; /* in paragraphs */
    u8 version, checksum;
    u8 feature[5]; /* [0] 0: there is a table. [1] bit 7 clear: virtual wire, no IMCR */
} packed;
_Static_assert(sizeof(struct mp_pointer) == 16, "4.1");

struct mp_header {
    char signature[4];
    u16 length;
    u8 version, checksum;
    char oem[8], product[12];
    u32 oem_table;
    u16 oem_size, entries;
    u32 lapic;
    u16 extended_length;
    u8 extended_checksum, reserved;
} packed;
_Static_assert(sizeof(struct mp_header) == 44, "4.2");

struct mp_cpu {
    u8 type, apic_id, apic_version, flags;
    u32 signature, features;
    u32 reserved[2];
} packed;
_Static_assert(sizeof(struct mp_cpu) == 20, "4.3.1");

struct mp_bus {
    u8 type, id;
    char name[6];
} packed;
_Static_assert(sizeof(struct mp_bus) == 8, "4.3.2");

struct mp_ioapic {
    u8 type, id, version, enabled;
    u32 address;
} packed;
_Static_assert(sizeof(struct mp_ioapic) == 8, "4.3.3");

struct mp_interrupt {
    u8 type, kind;
    u16 flags;
    u8 bus, irq, apic, pin;
} packed;
_Static_assert(sizeof(struct mp_interrupt) == 8, "4.3.4");

static u32 put_cpus(struct firmware *fw)
{
    for (u32 i = 0; i < fw->config->cpus; i++) {
        struct mp_cpu cpu = {.type = MP_CPU,
                             .apic_id = (u8)i,
                             .apic_version = (u8)LAPIC_VERSION_VALUE,
                             .flags = (u8)(CPU_ENABLED | (i ? 0 : CPU_BOOT)),
                             .signature = 0x600, /* a family; the CPUID instruction says more */
                             .features = 0x201}; /* FPU and APIC */
        firmware_put(fw, &cpu, sizeof cpu);
    }
    return fw->config->cpus;
}

static u32 put_buses(struct firmware *fw)
{
    static const struct mp_bus buses[] = {
        {MP_BUS, BUS_PCI, "PCI   "},
        {MP_BUS, BUS_ISA, "ISA   "},
    };
    firmware_put(fw, buses, sizeof buses);
    return array_size(buses);
}

/*
 * The PIC's output at pin 0, each ISA interrupt at the pin of its number; the PIT has another, and
 * the cascade none.
 */
static u32 put_interrupts(struct firmware *fw, u8 ioapic)
{
    struct mp_interrupt entry = {MP_IO_INTERRUPT, MP_EXTINT, 0, BUS_ISA, 0, ioapic, 0};
    u32 count = 1;

    firmware_put(fw, &entry, sizeof entry);
    entry.kind = MP_INT;
    for (u8 irq = 0; irq < 16; irq++) {
        if (irq == PC_PIN_PIT)
            continue;
        entry.irq = irq;
        entry.pin = irq == PC_IRQ_PIT ? PC_PIN_PIT : irq;
        entry.flags = irq == PC_IRQ_SCI ? LEVEL_HIGH : 0;
        firmware_put(fw, &entry, sizeof entry);
        count++;
    }
    return count;
}

/* The PIC's output at LINT0 of the first (virtual wire, 3.6.2.2), NMI at LINT1 of all. */
static u32 put_local_interrupts(struct firmware *fw)
{
    static const struct mp_interrupt entries[] = {
        {MP_LOCAL_INTERRUPT, MP_EXTINT, 0, BUS_ISA, 0, 0,         0},
        {MP_LOCAL_INTERRUPT, MP_NMI,    0, BUS_ISA, 0, ALL_APICS, 1},
    };
    firmware_put(fw, entries, sizeof entries);
    return array_size(entries);
}

static u32 put_entries(struct firmware *fw)
{
    struct mp_ioapic ioapic = {MP_IOAPIC, (u8)fw->config->cpus, IOAPIC_VERSION, 1, PC_IOAPIC_BASE};
    u32 count = put_cpus(fw) + put_buses(fw);

    firmware_put(fw, &ioapic, sizeof ioapic);
    return count + 1 + put_interrupts(fw, ioapic.id) + put_local_interrupts(fw);
}

void mptable_put(struct firmware *fw)
{
    struct mp_pointer pointer = {"_MP_", 0, 1, MP_VERSION, 0, {0}};
    struct mp_header header = {.signature = "PCMP",
                               .version = MP_VERSION,
                               .oem = "TRIVET  ",
                               .product = "PC          ",
                               .lapic = PC_LAPIC_BASE};
    u32 at;

    firmware_align(fw, 16);
    pointer.table = firmware_here(fw) + sizeof pointer;
    pointer.checksum = firmware_checksum((u8 *)&pointer, sizeof pointer);
    firmware_put(fw, &pointer, sizeof pointer);
    at = firmware_here(fw);
    if (!firmware_put(fw, &header, sizeof header))
        return;
    header.entries = (u16)put_entries(fw);
    header.length = (u16)(firmware_here(fw) - at);
    memcpy(firmware_at(fw, at), &header, sizeof header);
    header.checksum = firmware_checksum(firmware_at(fw, at), header.length);
    memcpy(firmware_at(fw, at), &header, sizeof header);
}

/* SPDX-License-Identifier: MIT */
/*
 * MADT (5.2.12): processors and interrupt controllers. After the header the local APICs' address
 * (the processors tell it themselves) and flags, then entries: u8 type, u8 length, content.
 */
#include "drivers/host/acpi_table.h"

#include "lib/bits.h"
#include "lib/bytes.h"

#define ENTRIES   44
#define UID_ALL_8 0xff
#define ID_NONE_8 0xff

typedef void (*entry_handler)(struct acpi_reader *reader, const u8 *entry);

/* True if one more fits; says that it does not, but not for each that follows. */
static bool has_room(struct acpi_reader *reader, unsigned count, unsigned limit, const char *what)
{
    if (count < limit)
        return true;
    if (reader->full != what)
        acpi_warn(reader, "there are more %s than Trivet's limit, %u; the rest is left out", what,
                  limit);
    reader->full = what;
    return false;
}

/* Firmware with more than 255 processors lists the low ones in both forms: they are one. */
static struct acpi_cpu *find_cpu(struct acpi_info *info, u32 apic_id)
{
    for (unsigned i = 0; i < info->cpu_count; i++)
        if (info->cpu[i].apic_id == apic_id)
            return &info->cpu[i];
    return NULL;
}

static void add_cpu(struct acpi_reader *reader, struct acpi_cpu cpu)
{
    struct acpi_info *info = reader->info;
    if (!cpu.enabled && !cpu.online_capable) {
        info->cpus_unusable++;
        return;
    }
    struct acpi_cpu *known = find_cpu(info, cpu.apic_id);
    if (known) {
        known->enabled |= cpu.enabled;
        known->online_capable |= cpu.online_capable;
    } else if (has_room(reader, info->cpu_count, ACPI_CPUS_MAX, "processors")) {
        info->cpu[info->cpu_count++] = cpu;
    }
}

static void read_lapic(struct acpi_reader *reader, const u8 *entry)
{
    u32 flags = bytes_u32(entry + 4);
    if (entry[3] != ID_NONE_8)
        add_cpu(reader, (struct acpi_cpu){.apic_id = entry[3],
                                          .uid = entry[2],
                                          .enabled = flags & BIT(0),
                                          .online_capable = flags & BIT(1)});
}

static void read_x2apic(struct acpi_reader *reader, const u8 *entry)
{
    u32 flags = bytes_u32(entry + 8), apic_id = bytes_u32(entry + 4);
    if (apic_id != ~0u)
        add_cpu(reader, (struct acpi_cpu){.apic_id = apic_id,
                                          .uid = bytes_u32(entry + 12),
                                          .enabled = flags & BIT(0),
                                          .online_capable = flags & BIT(1),
                                          .x2apic = true});
}

static void read_ioapic(struct acpi_reader *reader, const u8 *entry)
{
    struct acpi_info *info = reader->info;
    if (has_room(reader, info->ioapic_count, ACPI_IOAPICS_MAX, "I/O APICs"))
        info->ioapic[info->ioapic_count++] = (struct acpi_ioapic){
            .id = entry[2], .base = hpa(bytes_u32(entry + 4)), .gsi_base = bytes_u32(entry + 8)};
}

/* Table 5.50, MPS INTI flags: 3 in bits 1:0 is active low, 3 in bits 3:2 level. "Conforms to the
 * bus" is, for ISA and for NMI, active high and edge. */
static bool flags_low(u16 flags)
{
    return bits_get(flags, 1, 0) == 3;
}

static bool flags_level(u16 flags)
{
    return bits_get(flags, 3, 2) == 3;
}

static void read_override(struct acpi_reader *reader, const u8 *entry)
{
    struct acpi_info *info = reader->info;
    u16 flags = bytes_u16(entry + 8);
    if (has_room(reader, info->override_count, ACPI_OVERRIDES_MAX, "interrupt overrides"))
        info->override[info->override_count++] =
            (struct acpi_override){.irq = entry[3],
                                   .gsi = bytes_u32(entry + 4),
                                   .active_low = flags_low(flags),
                                   .level = flags_level(flags)};
}

static void add_nmi(struct acpi_reader *reader, u32 uid, u16 flags, u8 lint)
{
    struct acpi_info *info = reader->info;
    if (has_room(reader, info->nmi_count, ACPI_NMIS_MAX, "NMI entries"))
        info->nmi[info->nmi_count++] = (struct acpi_nmi){
            .uid = uid, .lint = lint, .active_low = flags_low(flags), .level = flags_level(flags)};
}

static void read_lapic_nmi(struct acpi_reader *reader, const u8 *entry)
{
    add_nmi(reader, entry[2] == UID_ALL_8 ? ACPI_UID_ALL : entry[2], bytes_u16(entry + 3),
            entry[5]);
}

static void read_x2apic_nmi(struct acpi_reader *reader, const u8 *entry)
{
    add_nmi(reader, bytes_u32(entry + 4), bytes_u16(entry + 2), entry[8]);
}

/* clang-format off */
/* By type (table 5.45), with the length that each has. */
static const struct {
    u8 length;
    entry_handler read;
} entries[] = {
    [0]  = {8,  read_lapic},
    [1]  = {12, read_ioapic},
    [2]  = {10, read_override},
    [4]  = {6,  read_lapic_nmi},
    [9]  = {16, read_x2apic},
    [10] = {12, read_x2apic_nmi},
};
/* clang-format on */

static void read_entry(struct acpi_reader *reader, const u8 *entry)
{
    u8 type = entry[0], length = entry[1];
    if (type >= array_size(entries) || !entries[type].read)
        return;
    if (length < entries[type].length)
        acpi_warn(reader, "a MADT entry of type %u is %u bytes long, not %u; it is skipped", type,
                  length, entries[type].length);
    else
        entries[type].read(reader, entry);
}

void acpi_madt(struct acpi_reader *reader, const struct acpi_table *table)
{
    struct acpi_info *info = reader->info;
    u32 at = ENTRIES;

    info->has_madt = true;
    while (at < table->length) {
        u32 left = table->length - at;
        u8 length = left >= 2 ? table->bytes[at + 1] : 0;
        if (length < 2 || length > left) {
            acpi_warn(reader,
                      "the MADT's entry at byte %u says it is %u bytes long, with %u left; what "
                      "follows is not read",
                      at, length, left);
            info->broken++;
            return;
        }
        read_entry(reader, table->bytes + at);
        at += length;
    }
}

/* SPDX-License-Identifier: MIT */
#include "drivers/host/acpi.h"

#include "drivers/host/acpi_table.h"
#include "lib/bits.h"
#include "lib/bytes.h"
#include "lib/fmt.h"
#include "lib/log.h"
#include "lib/string.h"

/*
 *   RSDP ──► XSDT (u64 each) ──► MADT, FADT, …      5.2.5 to 5.2.8
 *       └──► RSDT (u32 each) ──►        └──► DSDT
 */
#define RSDP_OLD     20
#define RSDP_NEW     36
#define TABLES_MAX   256
#define WARNINGS_MAX 32

void acpi_warn(struct acpi_reader *reader, const char *format, ...)
{
    char text[160];
    va_list args;

    if (reader->warnings++ >= WARNINGS_MAX)
        return;
    va_start(args, format);
    fmt_va(text, sizeof text, format, args);
    va_end(args);
    log_warn("acpi: %s", text);
    if (reader->warnings == WARNINGS_MAX)
        log_warn("acpi: there is more that is broken; it is not listed");
}

static u8 byte_sum(const u8 *bytes, u32 length)
{
    u8 sum = 0;
    while (length--)
        sum = (u8)(sum + *bytes++);
    return sum;
}

struct acpi_reg acpi_gas(const u8 *at)
{
    static const u8 spaces[] = {ACPI_MEMORY, ACPI_PORT, ACPI_PCI_CONFIG};
    struct acpi_reg reg = {.bits = at[1], .address = bytes_u64(at + 4)};

    if (at[0] < array_size(spaces) && reg.address != 0)
        reg.space = (enum acpi_space)spaces[at[0]];
    if (reg.space == ACPI_PORT && reg.address > 0xffff)
        reg.space = ACPI_NOWHERE;
    return reg;
}

static void read_name(const u8 *header, char name[5])
{
    for (int i = 0; i < 4; i++)
        name[i] = header[i] > ' ' && header[i] < 0x7f ? (char)header[i] : '?';
    name[4] = 0;
}

static bool fail(struct acpi_reader *reader)
{
    reader->info->broken++;
    return false;
}

bool acpi_load(struct acpi_reader *reader, u64 base, struct acpi_table *table)
{
    const u8 *header = base ? reader->memory->map(hpa(base), ACPI_HEADER) : NULL;
    if (!header) {
        acpi_warn(reader, "there is no memory at 0x%lx, where a table should be", base);
        return fail(reader);
    }
    read_name(header, table->name);
    table->length = bytes_u32(header + 4);
    if (table->length < ACPI_HEADER || table->length > ACPI_TABLE_MAX) {
        acpi_warn(reader, "table %s at 0x%lx says it is %u bytes long; 36 to 1 MiB can be",
                  table->name, base, table->length);
        return fail(reader);
    }
    table->bytes = reader->memory->map(hpa(base), table->length);
    if (!table->bytes) {
        acpi_warn(reader, "table %s at 0x%lx, %u bytes, runs out of memory's end", table->name,
                  base, table->length);
        return fail(reader);
    }
    u8 sum = byte_sum(table->bytes, table->length);
    if (sum) {
        acpi_warn(reader, "table %s at 0x%lx is skipped: its bytes sum to 0x%02x, not 0",
                  table->name, base, sum);
        return fail(reader);
    }
    return true;
}

/* The tables that are read, and the fewest bytes each can have. */
static const struct {
    char name[5];
    bool many;
    u32 least;
    void (*read)(struct acpi_reader *reader, const struct acpi_table *table);
} readers[] = {
    {"APIC", false, 44,  acpi_madt},
    {"FACP", false, 116, acpi_fadt},
    {"SSDT", true,  36,  acpi_ssdt},
    {"SPCR", false, 76,  acpi_spcr},
    {"HPET", true,  56,  acpi_hpet},
    {"MCFG", false, 44,  acpi_mcfg},
};

/* `seen` has a bit for each kind: of a table that there is to be one of, the first counts. */
static void read_table(struct acpi_reader *reader, const struct acpi_table *table, u64 *seen)
{
    for (unsigned i = 0; i < array_size(readers); i++) {
        if (strcmp(table->name, readers[i].name) != 0)
            continue;
        if (table->length < readers[i].least) {
            acpi_warn(reader, "table %s is %u bytes long, too short for its content of %u",
                      table->name, table->length, readers[i].least);
            reader->info->broken++;
        } else if (!readers[i].many && (*seen & BIT(i))) {
            acpi_warn(reader, "there is a second table %s; the first one counts", table->name);
        } else {
            *seen |= BIT(i);
            readers[i].read(reader, table);
        }
        return;
    }
}

/* Follows the XSDT or RSDT at `base`. False if it is not whole. */
static bool read_root(struct acpi_reader *reader, u64 base, const char *name, u32 entry_size)
{
    struct acpi_table root, table;
    u64 seen = 0;

    if (!acpi_load(reader, base, &root))
        return false;
    if (strcmp(root.name, name) != 0) {
        acpi_warn(reader, "the table at 0x%lx is %s, not %s", base, root.name, name);
        return fail(reader);
    }
    reader->info->present = true;
    u32 count = (root.length - ACPI_HEADER) / entry_size;
    if (count > TABLES_MAX) {
        acpi_warn(reader, "the %s lists %u tables; the first %d are read", name, count, TABLES_MAX);
        count = TABLES_MAX;
    }
    for (u32 i = 0; i < count; i++) {
        const u8 *entry = root.bytes + ACPI_HEADER + i * entry_size;
        u64 at = entry_size == 8 ? bytes_u64(entry) : bytes_u32(entry);
        if (!acpi_load(reader, at, &table))
            continue;
        reader->info->tables++;
        read_table(reader, &table, &seen);
    }
    return true;
}

static bool rsdp_whole(const u8 *rsdp)
{
    return memcmp(rsdp, "RSD PTR ", 8) == 0 && byte_sum(rsdp, RSDP_OLD) == 0;
}

/* 5.2.5.3: revision at 15, RSDT at 16, then from revision 2 length at 20, XSDT at 24. */
static u64 xsdt_of(struct acpi_reader *reader, const u8 *rsdp, u32 size)
{
    if (size < RSDP_NEW || rsdp[15] < 2)
        return 0;
    if (bytes_u32(rsdp + 20) != RSDP_NEW || byte_sum(rsdp, RSDP_NEW) != 0) {
        acpi_warn(reader, "the RSDP's second part has a wrong length or checksum");
        return 0;
    }
    return bytes_u64(rsdp + 24);
}

static bool read_rsdp(struct acpi_reader *reader, const u8 *rsdp, u32 size)
{
    if (size < RSDP_OLD || !rsdp_whole(rsdp)) {
        acpi_warn(reader, "the RSDP has a wrong signature or checksum");
        return fail(reader);
    }
    u64 xsdt = xsdt_of(reader, rsdp, size);
    u32 rsdt = bytes_u32(rsdp + 16);
    if (xsdt && read_root(reader, xsdt, "XSDT", 8))
        return true;
    if (rsdt && read_root(reader, rsdt, "RSDT", 4))
        return true;
    acpi_warn(reader, "the RSDP leads to no XSDT or RSDT");
    return false;
}

/* 5.2.5.1: on a 16-byte boundary. */
static bool search_range(struct acpi_reader *reader, u64 base, u32 size)
{
    const u8 *bytes = reader->memory->map(hpa(base), size);
    for (u32 at = 0; bytes && at + RSDP_OLD <= size; at += 16) {
        if (!rsdp_whole(bytes + at))
            continue;
        u32 left = size - at;
        return read_rsdp(reader, bytes + at, left < RSDP_NEW ? RSDP_OLD : RSDP_NEW);
    }
    return false;
}

/* The first KiB of the EBDA, whose segment the BIOS leaves at 0x40e, then the BIOS's ROM. */
static bool search_bios(struct acpi_reader *reader)
{
    const u8 *segment = reader->memory->map(hpa(0x40e), 2);
    u64 ebda = segment ? (u64)bytes_u16(segment) << 4 : 0;
    if (ebda >= 0x400 && ebda <= 0xa0000 - KiB && search_range(reader, ebda, KiB))
        return true;
    return search_range(reader, 0xe0000, 0x20000);
}

void acpi_read(const struct acpi_memory *memory, const u8 *rsdp, u32 rsdp_size, bool search,
               struct acpi_info *info)
{
    struct acpi_reader reader = {.memory = memory, .info = info};

    memset(info, 0, sizeof *info);
    if (rsdp_size && read_rsdp(&reader, rsdp, rsdp_size))
        return;
    if (search && search_bios(&reader))
        return;
    acpi_warn(&reader, "no usable tables were found");
}

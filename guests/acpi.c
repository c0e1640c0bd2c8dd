/* SPDX-License-Identifier: MIT */
/*
 * The root: RSDP, which leads to the XSDT (and the RSDT, for who knows no other), which lists the
 * tables.
 */
#include "guests/acpi.h"

#include "lib/string.h"

struct acpi_rsdp {
    char signature[8];
    u8 checksum; /* of the first 20 bytes */
    char oem[6];
    u8 revision;
    u32 rsdt, length;
    u64 xsdt;
    u8 extended_checksum; /* of all */
    u8 reserved[3];
} packed;
_Static_assert(sizeof(struct acpi_rsdp) == 36, "5.2.5.3");

#define RSDP_OLD_SIZE 20
#define TABLES_MAX    4

u32 acpi_begin(struct firmware *fw, const char *signature, u8 revision)
{
    struct acpi_header header = {.revision = revision,
                                 .oem = "TRIVET",
                                 .oem_table = "TRIVETPC",
                                 .oem_revision = 1,
                                 .creator = "TRVT",
                                 .creator_revision = 1};
    u32 table;

    firmware_align(fw, 16);
    table = firmware_here(fw);
    memcpy(header.signature, signature, sizeof header.signature);
    firmware_put(fw, &header, sizeof header);
    return table;
}

void acpi_end(struct firmware *fw, u32 table)
{
    struct acpi_header *header = (struct acpi_header *)firmware_at(fw, table);

    if (fw->full) /* then the header may be missing */
        return;
    header->length = firmware_here(fw) - table;
    header->checksum = firmware_checksum(firmware_at(fw, table), header->length);
}

static u32 put_rsdt(struct firmware *fw, const u32 *tables, u32 count)
{
    u32 rsdt = acpi_begin(fw, "RSDT", 1);
    firmware_put(fw, tables, count * (u32)sizeof *tables);
    acpi_end(fw, rsdt);
    return rsdt;
}

static u32 put_xsdt(struct firmware *fw, const u32 *tables, u32 count)
{
    u32 xsdt = acpi_begin(fw, "XSDT", 1);
    for (u32 i = 0; i < count; i++) {
        u64 address = tables[i];
        firmware_put(fw, &address, sizeof address);
    }
    acpi_end(fw, xsdt);
    return xsdt;
}

static u32 put_tables(struct firmware *fw, u32 *tables)
{
    u32 count = 0;

    tables[count++] = acpi_put_fadt(fw, acpi_put_dsdt(fw));
    tables[count++] = acpi_put_madt(fw);
    if (fw->config->hpet)
        tables[count++] = acpi_put_hpet(fw);
    if (fw->config->ecam)
        tables[count++] = acpi_put_mcfg(fw);
    return count;
}

u32 acpi_put(struct firmware *fw)
{
    struct acpi_rsdp rsdp = {
        .signature = "RSD PTR ", .oem = "TRIVET", .revision = 2, .length = sizeof rsdp};
    u32 tables[TABLES_MAX], count = put_tables(fw, tables);

    rsdp.rsdt = put_rsdt(fw, tables, count);
    rsdp.xsdt = put_xsdt(fw, tables, count);
    rsdp.checksum = firmware_checksum((u8 *)&rsdp, RSDP_OLD_SIZE);
    rsdp.extended_checksum = firmware_checksum((u8 *)&rsdp, sizeof rsdp);
    firmware_align(fw, 16);
    firmware_put(fw, &rsdp, sizeof rsdp);
    return firmware_here(fw) - (u32)sizeof rsdp;
}

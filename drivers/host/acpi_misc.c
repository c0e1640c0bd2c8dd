/* SPDX-License-Identifier: MIT */
/*
 * The small tables: where the serial console, the HPETs and PCI's configuration space are.
 */
#include "drivers/host/acpi_table.h"

#include "lib/bytes.h"

/* Microsoft's "Serial Port Console Redirection Table": the codes of its baud rate byte. */
static u32 spcr_baud(struct acpi_reader *reader, u8 code)
{
    static const u32 bauds[] = {[3] = 9600, [4] = 19200, [6] = 57600, [7] = 115200};
    if (code < array_size(bauds) && (code == 0 || bauds[code] != 0))
        return bauds[code];
    acpi_warn(reader, "the SPCR's baud rate code %u is none that is defined; the rate is kept",
              code);
    return 0;
}

void acpi_spcr(struct acpi_reader *reader, const struct acpi_table *table)
{
    struct acpi_serial *serial = &reader->info->serial;
    const u8 *spcr = table->bytes;

    *serial = (struct acpi_serial){.present = true,
                                   .interface = spcr[36],
                                   .base = acpi_gas(spcr + 40),
                                   .baud = spcr_baud(reader, spcr[58])};
}

/* IA-PC HPET specification 3.2.4: the base as a Generic Address Structure at 40. */
void acpi_hpet(struct acpi_reader *reader, const struct acpi_table *table)
{
    struct acpi_info *info = reader->info;
    struct acpi_reg base = acpi_gas(table->bytes + 40);

    if (base.space != ACPI_MEMORY)
        acpi_warn(reader, "the HPET's registers are not in memory; it is left out");
    else if (info->hpet_count == ACPI_HPETS_MAX)
        acpi_warn(reader, "there are more HPETs than Trivet's limit, %d", ACPI_HPETS_MAX);
    else
        info->hpet[info->hpet_count++] = base;
}

/* PCI Firmware Specification 4.1.2: from 44 on, 16 bytes a segment. */
void acpi_mcfg(struct acpi_reader *reader, const struct acpi_table *table)
{
    struct acpi_info *info = reader->info;
    for (u32 at = 44; at + 16 <= table->length; at += 16) {
        const u8 *entry = table->bytes + at;
        struct acpi_segment segment = {.base = hpa(bytes_u64(entry)),
                                       .segment = bytes_u16(entry + 8),
                                       .first_bus = entry[10],
                                       .last_bus = entry[11]};
        if (segment.base.v == 0 || segment.last_bus < segment.first_bus) {
            acpi_warn(reader, "the MCFG's segment %u, buses %u to %u at 0x%lx, cannot be",
                      segment.segment, segment.first_bus, segment.last_bus, segment.base.v);
        } else if (info->segment_count == ACPI_SEGMENTS_MAX) {
            acpi_warn(reader, "there are more PCI segments than Trivet's limit, %d",
                      ACPI_SEGMENTS_MAX);
            return;
        } else {
            info->segment[info->segment_count++] = segment;
        }
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * ACPI tables as a guest reads them (ACPI 6.1, chapter 5). Only guests/acpi*.c include it.
 */
#ifndef GUESTS_ACPI_H
#define GUESTS_ACPI_H

#include "guests/firmware_parts.h"

struct acpi_header {
    char signature[4];
    u32 length;
    u8 revision, checksum;
    char oem[6], oem_table[8];
    u32 oem_revision;
    char creator[4];
    u32 creator_revision;
} packed;
_Static_assert(sizeof(struct acpi_header) == 36, "5.2.6");

/* Begins a table at the area's end and gives its address; acpi_end sees to length and checksum. */
u32 acpi_begin(struct firmware *fw, const char *signature, u8 revision);
void acpi_end(struct firmware *fw, u32 table);

/* Whole tables: each gives its address. */
u32 acpi_put_dsdt(struct firmware *fw);
u32 acpi_put_fadt(struct firmware *fw, u32 dsdt);
u32 acpi_put_madt(struct firmware *fw);
u32 acpi_put_hpet(struct firmware *fw);
u32 acpi_put_mcfg(struct firmware *fw);

#endif

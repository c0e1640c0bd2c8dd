/* SPDX-License-Identifier: MIT */
/*
 * Between drivers/host/acpi.c, which finds and checks tables, and the readers of each kind. A
 * reader gets a whole table whose length (at least its kind's `least`) and checksum are
 * right; what the table says inside is still not to be believed.
 */
#ifndef DRIVERS_HOST_ACPI_TABLE_H
#define DRIVERS_HOST_ACPI_TABLE_H

#include "drivers/host/acpi.h"

#define ACPI_HEADER    36 /* 5.2.6: signature, u32 length, revision, checksum, OEM fields */
#define ACPI_TABLE_MAX MiB

struct acpi_table {
    char name[5]; /* signature, made printable */
    const u8 *bytes;
    u32 length;
};

struct acpi_reader {
    const struct acpi_memory *memory;
    struct acpi_info *info;
    unsigned warnings;
    const char *full; /* the list last found too short */
};

/* A line in the log, up to a limit: what is broken may be broken a thousand times. */
void acpi_warn(struct acpi_reader *reader, const char *format, ...) printf_like(2, 3);

/* Maps and checks the table at `base`. False, and a warning, unless it is whole. */
must_check bool acpi_load(struct acpi_reader *reader, u64 base, struct acpi_table *table);

/* The 12 bytes of a Generic Address Structure. */
struct acpi_reg acpi_gas(const u8 *at);

void acpi_madt(struct acpi_reader *reader, const struct acpi_table *table);
void acpi_fadt(struct acpi_reader *reader, const struct acpi_table *table);
void acpi_ssdt(struct acpi_reader *reader, const struct acpi_table *table);
void acpi_spcr(struct acpi_reader *reader, const struct acpi_table *table);
void acpi_hpet(struct acpi_reader *reader, const struct acpi_table *table);
void acpi_mcfg(struct acpi_reader *reader, const struct acpi_table *table);

/* The two values of \_S5 in AML; false if there is none of a form that is understood. */
must_check bool acpi_find_s5(const u8 *aml, u32 length, u8 *type_a, u8 *type_b);

#endif

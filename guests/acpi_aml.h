/* SPDX-License-Identifier: MIT */
/*
 * ACPI's byte code, written front to back (ACPI 6.1, chapters 6.4 and 20.2). Only
 * guests/acpi_*.c include it.
 */
#ifndef GUESTS_ACPI_AML_H
#define GUESTS_ACPI_AML_H

#include "guests/acpi.h"

/*
 * What has a length comes in pairs: u32 at = aml_begin_...(); its contents; aml_end(fw, at). Names
 * are four characters.
 */
u32 aml_begin_scope(struct firmware *fw, const char *name);
u32 aml_begin_device(struct firmware *fw, const char *name, u32 id);
u32 aml_begin_method(struct firmware *fw, const char *name, u8 arguments);
void aml_end(struct firmware *fw, u32 at);

void aml_integer(struct firmware *fw, u32 value);
void aml_name(struct firmware *fw, const char *name); /* a value follows */
void aml_name_bytes(struct firmware *fw, const char *name, const u8 *values, u8 count);
void aml_return_argument(struct firmware *fw, u8 number);

/* A device's resources: Name (_CRS, Buffer) around descriptors. */
struct aml_resources {
    u8 bytes[160];
    u32 used;
    bool full; /* one did not fit, which is passed on to the area */
};
void aml_io(struct aml_resources *r, u16 base, u8 size);
void aml_irq(struct aml_resources *r, u8 irq);
void aml_memory(struct aml_resources *r, u32 base, u32 size);
void aml_window_buses(struct aml_resources *r, u16 first, u16 last);
void aml_window_io(struct aml_resources *r, u16 first, u16 last);
void aml_window_memory(struct aml_resources *r, u32 first, u32 last);
void aml_resources(struct firmware *fw, const struct aml_resources *r);

/* A name as in EisaId ("PNP0A08"), its digits as a number. */
#define AML_PNP(digits) (0xd041u | ((digits) >> 8 & 0xffu) << 16 | ((digits)&0xffu) << 24)

#endif

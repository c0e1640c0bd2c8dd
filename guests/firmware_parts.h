/* SPDX-License-Identifier: MIT */
/*
 * What the makers of firmware tables share: an area that fills up from its start. Only
 * guests/firmware.c, acpi*.c, mptable.c and smbios.c include it.
 */
#ifndef GUESTS_FIRMWARE_PARTS_H
#define GUESTS_FIRMWARE_PARTS_H

#include "guests/firmware.h"

struct firmware {
    const struct firmware_config *config;
    u8 *bytes; /* FIRMWARE_SIZE of them */
    u32 used;  /* at most FIRMWARE_SIZE */
    bool full; /* something did not fit, and was left out */
};

/* Appends; false, and nothing done, if it does not fit. The callers need not look: `full` stays. */
bool firmware_put(struct firmware *fw, const void *data, u32 size);
void firmware_align(struct firmware *fw, u32 to);

/* Where the next byte will be in the guest. */
static inline u32 firmware_here(const struct firmware *fw)
{
    return FIRMWARE_BASE + fw->used;
}

static inline u8 *firmware_at(struct firmware *fw, u32 address)
{
    return fw->bytes + (address - FIRMWARE_BASE);
}

/* The byte that makes the sum of all `size` bytes 0, if that byte itself is 0 now. */
u8 firmware_checksum(const u8 *bytes, u32 size) must_check;

/* The makers, in the area's order; they append to it. */
void smbios_put(struct firmware *fw);
void mptable_put(struct firmware *fw);
u32 acpi_put(struct firmware *fw); /* the RSDP's address */

#endif

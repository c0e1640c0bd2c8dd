/* SPDX-License-Identifier: MIT */
/*
 * What a PC's firmware leaves in memory for the system that it starts: ACPI, the multiprocessor
 * table of older times, SMBIOS. Pure: bytes out of a few numbers. All of it lies where each of the
 * three is searched for, in the upper half of what the memory map calls reserved (load_e820.h).
 * guests/pc_map.h has the addresses that it tells.
 */
#ifndef GUESTS_FIRMWARE_H
#define GUESTS_FIRMWARE_H

#include "guests/load_e820.h"
#include "lib/types.h"

#define FIRMWARE_BASE 0xf0000u
#define FIRMWARE_SIZE 0x4000u /* twice what 64 vCPUs take */
_Static_assert(FIRMWARE_BASE >= GUEST_ROM_BASE && FIRMWARE_BASE + FIRMWARE_SIZE <= GUEST_ROM_END,
               "in the reserved area");

/* APIC ids are 8 bits wide here: the vCPUs have 0 to cpus - 1, the IOAPIC the next one. */
#define FIRMWARE_CPUS_MAX 254

struct firmware_config {
    u32 cpus;
    u64 memory; /* bytes, as in the manifest */
    bool hpet;
    bool ecam;
};

/*
 * Fills area[FIRMWARE_SIZE], which belongs at FIRMWARE_BASE, and gives the address of ACPI's RSDP;
 * 0 if it does not all fit.
 */
u64 firmware_build(u8 *area, const struct firmware_config *config) must_check;

#endif

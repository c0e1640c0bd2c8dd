/* SPDX-License-Identifier: MIT */
/*
 * What ACPI's static tables say of the machine, as one plain struct. Pure over an accessor of
 * memory: tables are firmware's, so every signature, length and checksum is checked, and a broken
 * table is named in the log and skipped. Section numbers are of ACPI 6.4.
 */
#ifndef DRIVERS_HOST_ACPI_H
#define DRIVERS_HOST_ACPI_H

#include "mm/addr.h"

#define ACPI_CPUS_MAX      512
#define ACPI_IOAPICS_MAX   64
#define ACPI_OVERRIDES_MAX 64
#define ACPI_NMIS_MAX      64
#define ACPI_HPETS_MAX     8
#define ACPI_SEGMENTS_MAX  16

/* Gives `size` readable bytes at `base`, which stay so while acpi_read runs; NULL if it cannot. */
struct acpi_memory {
    const void *(*map)(hpa_t base, u64 size);
};

/* Generic Address Structure (5.2.3.2), where it names something that Trivet can reach. */
enum acpi_space { ACPI_NOWHERE, ACPI_MEMORY, ACPI_PORT, ACPI_PCI_CONFIG };

struct acpi_reg {
    enum acpi_space space;
    u8 bits;     /* width; 0 if the firmware did not say */
    u64 address; /* PCI_CONFIG: device in bits 47:32, function 31:16, offset 15:0, on bus 0 */
};

/* A processor that can run now (enabled) or be made to (online_capable); others are not listed. */
struct acpi_cpu {
    u32 apic_id, uid;
    bool enabled, online_capable, x2apic;
};

struct acpi_ioapic {
    hpa_t base;
    u32 gsi_base;
    u8 id;
};

/* ISA interrupt `irq` arrives at `gsi`. */
struct acpi_override {
    u32 gsi;
    u8 irq;
    bool active_low, level;
};

#define ACPI_UID_ALL 0xffffffffu

/* NMI at pin LINT`lint` of the processor `uid`, or of all. */
struct acpi_nmi {
    u32 uid;
    u8 lint;
    bool active_low, level;
};

struct acpi_power {
    bool present; /* there is a FADT */
    bool hw_reduced;
    struct acpi_reg pm1a_control, pm1b_control, sleep_control, sleep_status;
    u32 smi_command; /* port; 0: ACPI is always on */
    u8 acpi_enable;  /* the value to write there */
    struct acpi_reg reset;
    u8 reset_value;
    bool s5_found;
    u8 s5_type_a, s5_type_b;
};

struct acpi_serial {
    bool present;
    u8 interface; /* 0, 1 and 0x12: 16550 and compatible */
    struct acpi_reg base;
    u32 baud; /* 0: as the firmware left it */
};

struct acpi_segment {
    hpa_t base; /* of bus 0, whether or not that is in the range */
    u16 segment;
    u8 first_bus, last_bus;
};

struct acpi_info {
    bool present; /* a root table was found */
    unsigned tables, broken;

    bool has_madt;
    struct acpi_cpu cpu[ACPI_CPUS_MAX];
    unsigned cpu_count, cpus_unusable;
    struct acpi_ioapic ioapic[ACPI_IOAPICS_MAX];
    unsigned ioapic_count;
    struct acpi_override override[ACPI_OVERRIDES_MAX];
    unsigned override_count;
    struct acpi_nmi nmi[ACPI_NMIS_MAX];
    unsigned nmi_count;

    struct acpi_power power;
    struct acpi_reg pm_timer;
    bool pm_timer_32; /* 32 bits wide, not 24 */

    struct acpi_serial serial;
    struct acpi_reg hpet[ACPI_HPETS_MAX];
    unsigned hpet_count;
    struct acpi_segment segment[ACPI_SEGMENTS_MAX];
    unsigned segment_count;
};

/*
 * Reads everything. `rsdp` is the 20 or 36 bytes that the boot loader passed (rsdp_size says which;
 * 0: none). If they are none or broken and `search` is set (a BIOS machine), the places that
 * BIOSes use are searched. *info is always valid afterwards; what was not found is zero.
 */
void acpi_read(const struct acpi_memory *memory, const u8 *rsdp, u32 rsdp_size, bool search,
               struct acpi_info *info);

#endif

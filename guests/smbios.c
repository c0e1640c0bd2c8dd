/* SPDX-License-Identifier: MIT */
/*
 * SMBIOS: what a machine is called and what it consists of (DMTF DSP0134 2.8). Linux looks at the
 * BIOS's date and at the names, and prints them; the rest is what the specification requires (6.2).
 */
#include "guests/firmware_parts.h"
#include "lib/bits.h"
#include "lib/string.h"

struct smbios_entry {
    char anchor[4];
    u8 checksum, length, major, minor;
    u16 largest;
    u8 revision, formatted[5];
    char dmi_anchor[5];
    u8 dmi_checksum;
    u16 table_length;
    u32 table;
    u16 count;
    u8 bcd_revision;
} packed;
_Static_assert(sizeof(struct smbios_entry) == 0x1f, "5.2.1");
#define DMI_PART 0x10 /* from dmi_anchor on, with a checksum of its own */

struct smbios_header {
    u8 type, length;
    u16 handle;
} packed;

enum smbios_handle {
    H_BIOS,
    H_SYSTEM,
    H_CHASSIS,
    H_CPU,
    H_ARRAY,
    H_DIMM,
    H_LOW,
    H_HIGH,
    H_BOOT,
    H_END
};
#define NONE16 0xffff

/* Strings follow each structure and are counted from 1; 0 is none. */
struct smbios_bios {
    struct smbios_header header;
    u8 vendor, version;
    u16 segment;
    u8 date, rom_size;
    u64 characteristics;
    u8 extended[2], major, minor, ec_major, ec_minor;
} packed;
_Static_assert(sizeof(struct smbios_bios) == 0x18, "7.1");
#define BIOS_NOT_SAID BIT(3) /* no characteristics are given */
#define BIOS_VIRTUAL  BIT(4) /* second extension byte: it is a virtual machine's */

struct smbios_system {
    struct smbios_header header;
    u8 maker, product, version, serial;
    u8 uuid[16]; /* zeros: none */
    u8 wake_up, sku, family;
} packed;
_Static_assert(sizeof(struct smbios_system) == 0x1b, "7.2");
#define WAKE_POWER_SWITCH 6

struct smbios_chassis {
    struct smbios_header header;
    u8 maker, type, version, serial, asset, boot, power, thermal, security;
    u32 oem;
    u8 height, cords, elements, element_length, sku;
} packed;
_Static_assert(sizeof(struct smbios_chassis) == 0x16, "7.4");
#define CHASSIS_OTHER 1
#define STATE_SAFE    3

struct smbios_cpu {
    struct smbios_header header;
    u8 socket, type, family, maker;
    u64 id;
    u8 version, voltage;
    u16 clock, max_speed, speed;
    u8 status, upgrade;
    u16 cache[3];
    u8 serial, asset, part, cores, cores_enabled, threads;
    u16 characteristics, family2;
} packed;
_Static_assert(sizeof(struct smbios_cpu) == 0x2a, "7.5");
#define CPU_CENTRAL   3
#define CPU_FAMILY    2    /* unknown: CPUID says it */
#define CPU_RUNNING   0x41 /* populated, enabled */
#define CPU_NO_SOCKET 6

struct smbios_array {
    struct smbios_header header;
    u8 location, use, correction;
    u32 kilobytes;
    u16 error, devices;
    u64 bytes;
} packed;
_Static_assert(sizeof(struct smbios_array) == 0x17, "7.17");
#define ARRAY_BOARD     3
#define ARRAY_SYSTEM    3
#define ARRAY_NO_ECC    3
#define ARRAY_EXTENDED  0x80000000u /* the size is in `bytes` */
#define NO_ERROR_HANDLE 0xfffe

struct smbios_dimm {
    struct smbios_header header;
    u16 array, error, total_width, data_width, size;
    u8 form, set, locator, bank, type;
    u16 detail, speed;
    u8 maker, serial, asset, part, attributes;
    u32 extended_size;
    u16 clock, min_voltage, max_voltage, voltage;
} packed;
_Static_assert(sizeof(struct smbios_dimm) == 0x28, "7.18");
#define DIMM_OTHER    1
#define DIMM_RAM      7
#define DIMM_EXTENDED 0x7fff /* the size is in `extended_size` */

struct smbios_range {
    struct smbios_header header;
    u32 first, last; /* KiB; all ones: in the long ones, bytes */
    u16 array;
    u8 width;
    u64 long_first, long_last;
} packed;
_Static_assert(sizeof(struct smbios_range) == 0x1f, "7.20");

struct smbios_boot {
    struct smbios_header header;
    u8 reserved[6], status;
} packed;
_Static_assert(sizeof(struct smbios_boot) == 0xb, "7.33");

/* Where the structures begin, how many there are and the longest of them, for the entry point. */
struct smbios_list {
    u32 base;
    u16 count, largest;
};

/* The structure, its strings one behind the other, a 0 more; two of them if there is no string. */
static void put(struct firmware *fw, struct smbios_list *list, const void *data, u32 size,
                const char *strings, u32 strings_size)
{
    u32 at = firmware_here(fw);

    firmware_put(fw, data, size);
    firmware_put(fw, strings, strings_size);
    firmware_put(fw, "\0", strings_size ? 1 : 2);
    list->count++;
    list->largest = (u16)max_u64(list->largest, firmware_here(fw) - at);
}
#define PUT(data, strings)           put(fw, list, &(data), sizeof(data), strings, sizeof(strings))
#define PUT_BARE(data)               put(fw, list, &(data), sizeof(data), "", 0)
#define HEADER(type, number, handle) .header = {number, sizeof(struct type), handle}

static void put_names(struct firmware *fw, struct smbios_list *list)
{
    struct smbios_bios bios = {
        HEADER(smbios_bios, 0, H_BIOS), .vendor = 1,      .version = 2,
        .segment = FIRMWARE_BASE >> 4,  .date = 3,        .characteristics = BIOS_NOT_SAID,
        .extended = {0, BIOS_VIRTUAL},
          .ec_major = 0xff, .ec_minor = 0xff
    };
    struct smbios_system system = {HEADER(smbios_system, 1, H_SYSTEM), .maker = 1, .product = 2,
                                   .wake_up = WAKE_POWER_SWITCH};
    struct smbios_chassis chassis = {HEADER(smbios_chassis, 3, H_CHASSIS),
                                     .maker = 1,
                                     .type = CHASSIS_OTHER,
                                     .boot = STATE_SAFE,
                                     .power = STATE_SAFE,
                                     .thermal = STATE_SAFE,
                                     .security = STATE_SAFE};

    PUT(bios, "Trivet\0" VERSION "\00001/01/2026");
    PUT(system, "Trivet\0Virtual PC");
    PUT(chassis, "Trivet");
}

static void put_cpu(struct firmware *fw, struct smbios_list *list)
{
    struct smbios_cpu cpu = {
        HEADER(smbios_cpu, 4, H_CPU),
        .socket = 1,
        .type = CPU_CENTRAL,
        .family = CPU_FAMILY,
        .status = CPU_RUNNING,
        .upgrade = CPU_NO_SOCKET,
        .cache = {NONE16, NONE16, NONE16},
        .cores = (u8)fw->config->cpus,
        .cores_enabled = (u8)fw->config->cpus,
        .threads = (u8)fw->config->cpus,
        .family2 = CPU_FAMILY
    };
    PUT(cpu, "CPU 0");
}

/* One module holds it all. Sizes are rounded down to what the fields can say. */
static void put_memory(struct firmware *fw, struct smbios_list *list)
{
    u64 size = fw->config->memory, mib = size / MiB;
    struct smbios_array array = {HEADER(smbios_array, 16, H_ARRAY),
                                 .location = ARRAY_BOARD,
                                 .use = ARRAY_SYSTEM,
                                 .correction = ARRAY_NO_ECC,
                                 .kilobytes = ARRAY_EXTENDED,
                                 .error = NO_ERROR_HANDLE,
                                 .devices = 1,
                                 .bytes = size};
    struct smbios_dimm dimm = {HEADER(smbios_dimm, 17, H_DIMM),
                               .array = H_ARRAY,
                               .error = NO_ERROR_HANDLE,
                               .total_width = NONE16,
                               .data_width = NONE16,
                               .size = (u16)min_u64(mib, DIMM_EXTENDED),
                               .form = DIMM_OTHER,
                               .locator = 1,
                               .type = DIMM_RAM,
                               .extended_size = mib < DIMM_EXTENDED ? 0 : (u32)mib};
    PUT_BARE(array);
    PUT(dimm, "DIMM 0");
}

static void put_range(struct firmware *fw, struct smbios_list *list, u16 handle, u64 base, u64 size)
{
    struct smbios_range range = {HEADER(smbios_range, 19, handle),
                                 .first = ~0u,
                                 .last = ~0u,
                                 .array = H_ARRAY,
                                 .width = 1,
                                 .long_first = base,
                                 .long_last = base + size - 1};
    if (size)
        PUT_BARE(range);
}

static void put_all(struct firmware *fw, struct smbios_list *list)
{
    u64 memory = fw->config->memory;
    struct smbios_boot boot = {HEADER(smbios_boot, 32, H_BOOT)};
    struct smbios_header end = {127, sizeof end, H_END};

    put_names(fw, list);
    put_cpu(fw, list);
    put_memory(fw, list);
    put_range(fw, list, H_LOW, 0, guest_memory_low(memory));
    put_range(fw, list, H_HIGH, GUEST_HIGH_BASE, guest_memory_high(memory));
    PUT_BARE(boot);
    PUT_BARE(end);
}

void smbios_put(struct firmware *fw)
{
    struct smbios_entry entry = {.anchor = "_SM_",
                                 .length = sizeof entry,
                                 .major = 2,
                                 .minor = 8,
                                 .dmi_anchor = "_DMI_",
                                 .bcd_revision = 0x28};
    struct smbios_list list = {.base = firmware_here(fw)};

    put_all(fw, &list);
    entry.largest = list.largest;
    entry.table_length = (u16)(firmware_here(fw) - list.base);
    entry.table = list.base;
    entry.count = list.count;
    entry.dmi_checksum = firmware_checksum((u8 *)&entry + DMI_PART, sizeof entry - DMI_PART);
    entry.checksum = firmware_checksum((u8 *)&entry, sizeof entry);
    firmware_align(fw, 16);
    firmware_put(fw, &entry, sizeof entry);
}

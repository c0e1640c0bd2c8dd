/* SPDX-License-Identifier: MIT */
/*
 * drivers/host/acpi*.c over a flat physical memory of 64 KiB at 64 KiB. The input is a row of
 * tables, each u8 kind, u16 length, content; the harness gives them signatures, and checksums in
 * passing, or hardly any would be read. Every look is an exact-size copy: no over-read goes unseen.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/host/acpi.h"
#include "lib/bits.h"
#include "lib/log.h"

#define BASE       0x10000u
#define SIZE       0x10000u
#define TABLES     48u
#define COPIES_MAX 1024

static u8 ram[SIZE];
static void *copies[COPIES_MAX];
static unsigned copy_count;
static bool true_sums;

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

void log_print(enum log_level level, const char *format, ...)
{
    (void)level, (void)format;
}

static u8 sum(const u8 *bytes, u64 size)
{
    u8 all = 0;
    while (size--)
        all = (u8)(all + *bytes++);
    return all;
}

static const void *map(hpa_t base, u64 size)
{
    if (base.v < BASE || base.v - BASE > SIZE || size > SIZE - (base.v - BASE))
        return NULL;
    if (copy_count == COPIES_MAX)
        abort(); /* 257 tables, two looks each, and the DSDTs: there is no reason for more */
    u8 *copy = malloc(size ? size : 1);
    memcpy(copy, ram + (base.v - BASE), size);
    if (true_sums && size >= 36)
        copy[9] = (u8)(copy[9] - sum(copy, size));
    copies[copy_count++] = copy;
    return copy;
}

/* Lays the tables out from `at` on and lists them in an XSDT at the start; returns how many. */
static u32 lay_out(const u8 *data, size_t size)
{
    static const char names[8][5] = {"APIC", "FACP", "SSDT", "SPCR",
                                     "HPET", "MCFG", "DSDT", "FUZZ"};
    u32 count = 0, at = 0x400, dsdt = 0;

    while (size >= 3 && count < TABLES) {
        u32 kind = data[0] & 7, length = 36u + ((u32)data[1] | (u32)(data[2] & 0x1f) << 8);
        u32 content = (u32)min_u64(size - 3, length - 36);
        if (at + length > SIZE)
            break;
        memcpy(ram + at, names[kind], 4);
        memcpy(ram + at + 4, &length, 4);
        memcpy(ram + at + 36, data + 3, content);
        u64 address = BASE + at;
        if (kind == 6)
            dsdt = BASE + at;
        if (kind == 1 && dsdt && length >= 44)
            memcpy(ram + at + 40, &dsdt, 4);
        memcpy(ram + 0x24 + count++ * 8, &address, 8);
        at += length;
        data += 3 + content;
        size -= 3 + content;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    static struct acpi_info info;
    static const struct acpi_memory memory = {map};
    u8 rsdp[36] = "RSD PTR ";
    const u64 xsdt = BASE;

    if (size < 1)
        return 0;
    memset(ram, 0, sizeof ram);
    copy_count = 0;
    true_sums = !(data[0] & 1);
    u32 length = 36 + lay_out(data + 1, size - 1) * 8;
    memcpy(ram, "XSDT", 4);
    memcpy(ram + 4, &length, 4);
    ram[9] = (u8)-sum(ram, length);

    rsdp[15] = 2;
    rsdp[20] = 36;
    memcpy(rsdp + 24, &xsdt, 8);
    rsdp[8] = (u8)-sum(rsdp, 20);
    rsdp[32] = (u8)-sum(rsdp, 36);
    acpi_read(&memory, rsdp, 36, data[0] & 2, &info);
    while (copy_count)
        free(copies[--copy_count]);
    if (info.cpu_count > ACPI_CPUS_MAX || info.segment_count > ACPI_SEGMENTS_MAX || !info.present)
        abort();
    return 0;
}

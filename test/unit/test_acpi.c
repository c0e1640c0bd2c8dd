/* SPDX-License-Identifier: MIT */
/* drivers/host/acpi*.c over hand-made tables in a small physical memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/host/acpi.h"
#include "lib/log.h"

#define RAM 0x120000u

static u8 ram[RAM];
static struct acpi_info info;
static char log_text[65536];
static size_t log_used;

/* Every look at memory is an exact-size copy, so that the address sanitizer sees any over-read. */
static void *copies[4096];
static unsigned copy_count;

void log_print(enum log_level level, const char *format, ...)
{
    va_list args;
    assert_int_equal(level, LOG_WARN);
    va_start(args, format);
    int length = vsnprintf(log_text + log_used, sizeof log_text - log_used, format, args);
    va_end(args);
    log_used += (size_t)length;
    assert_true(log_used + 1 < sizeof log_text);
    log_text[log_used++] = '\n';
    log_text[log_used] = 0;
}

static const void *map(hpa_t base, u64 size)
{
    if (base.v > RAM || size > RAM - base.v || copy_count == 4096)
        return NULL;
    void *copy = malloc(size);
    memcpy(copy, ram + base.v, size);
    copies[copy_count++] = copy;
    return copy;
}

static const struct acpi_memory memory = {map};

static void read_all(const u8 *rsdp, u32 size, bool search)
{
    log_used = 0;
    log_text[0] = 0;
    acpi_read(&memory, rsdp, size, search, &info);
    while (copy_count)
        free(copies[--copy_count]);
}

static void check_log(const char *part)
{
    if (!strstr(log_text, part))
        fail_msg("the log does not say \"%s\", but:\n%s", part, log_text);
}

/* --- the builder: a table at `at`, its bytes written by offset, then closed with its checksum */

static u32 at, length;

static void set(u32 offset, u64 value, u32 size)
{
    memcpy(ram + at + offset, &value, size);
}

static void open_table(u32 where, const char *signature, u32 size)
{
    at = where;
    length = size;
    memset(ram + at, 0, size);
    memcpy(ram + at, signature, 4);
    set(4, size, 4);
    memcpy(ram + at + 10, "TRIVETTESTTEST", 14);
}

static void close_sum(u32 where, u32 size, u32 checksum_at)
{
    u8 sum = 0;
    ram[where + checksum_at] = 0;
    for (u32 i = 0; i < size; i++)
        sum = (u8)(sum + ram[where + i]);
    ram[where + checksum_at] = (u8)-sum;
}

static void close_table(void)
{
    close_sum(at, length, 9);
}

static void set_gas(u32 offset, u8 space, u8 bits, u64 address)
{
    set(offset, space, 1);
    set(offset + 1, bits, 1);
    set(offset + 4, address, 8);
}

static void make_rsdp(u32 where, u8 revision, u32 rsdt, u64 xsdt)
{
    memset(ram + where, 0, 36);
    memcpy(ram + where, "RSD PTR ", 8);
    at = where;
    set(15, revision, 1);
    set(16, rsdt, 4);
    close_sum(where, 20, 8);
    set(20, 36, 4);
    set(24, xsdt, 8);
    close_sum(where, 36, 32);
}

static void make_root(u32 where, bool wide, unsigned count, const u64 *tables)
{
    u32 entry = wide ? 8 : 4;
    open_table(where, wide ? "XSDT" : "RSDT", 36 + count * entry);
    for (unsigned i = 0; i < count; i++)
        set(36 + i * entry, tables[i], entry);
    close_table();
}

/* One table at 0x3000 under an XSDT, read. */
static void read_one(void)
{
    close_table();
    make_root(0x2000, true, 1, (const u64[]){0x3000});
    make_rsdp(0x1000, 2, 0, 0x2000);
    read_all(ram + 0x1000, 36, false);
}

static int clear(void **state)
{
    (void)state;
    memset(ram, 0, sizeof ram);
    return 0;
}

static void make_mcfg(u32 where, u64 base)
{
    open_table(where, "MCFG", 60);
    set(44, base, 8);
    set(52, 7, 2);
    set(54, 1, 1);
    set(55, 0x7f, 1);
    close_table();
}

/* --- finding ------------------------------------------------------------------------------ */

static void test_xsdt_is_preferred(void **state)
{
    (void)state;
    make_mcfg(0x3000, 0xe0000000);
    make_mcfg(0x4000, 0xf0000000);
    make_root(0x2000, true, 1, (const u64[]){0x3000});
    make_root(0x2800, false, 1, (const u64[]){0x4000});
    make_rsdp(0x1000, 2, 0x2800, 0x2000);
    read_all(ram + 0x1000, 36, false);
    assert_string_equal(log_text, "");
    assert_true(info.present);
    assert_int_equal(info.tables, 1);
    assert_int_equal(info.segment_count, 1);
    assert_int_equal(info.segment[0].base.v, 0xe0000000);
    assert_int_equal(info.segment[0].segment, 7);
    assert_int_equal(info.segment[0].first_bus, 1);
    assert_int_equal(info.segment[0].last_bus, 0x7f);

    /* The first 20 bytes alone, and revision 0, lead to the RSDT. */
    read_all(ram + 0x1000, 20, false);
    assert_int_equal(info.segment[0].base.v, 0xf0000000);
    make_rsdp(0x1000, 0, 0x2800, 0x2000);
    read_all(ram + 0x1000, 36, false);
    assert_int_equal(info.segment[0].base.v, 0xf0000000);
}

static void test_rsdt_when_the_xsdt_is_broken(void **state)
{
    (void)state;
    make_mcfg(0x4000, 0xf0000000);
    make_root(0x2800, false, 1, (const u64[]){0x4000});
    make_root(0x2000, true, 1, (const u64[]){0x4000});
    ram[0x2000 + 40] ^= 1;
    make_rsdp(0x1000, 2, 0x2800, 0x2000);
    read_all(ram + 0x1000, 36, false);
    check_log("table XSDT at 0x2000 is skipped: its bytes sum to 0x");
    assert_int_equal(info.segment_count, 1);

    make_rsdp(0x1000, 2, 0x2800, 1ull << 60);
    read_all(ram + 0x1000, 36, false);
    check_log("no memory at 0x1000000000000000");
    assert_int_equal(info.segment_count, 1);

    make_rsdp(0x1000, 2, 0x2800, 0x4000);
    read_all(ram + 0x1000, 36, false);
    check_log("at 0x4000 is MCFG, not XSDT");
    assert_int_equal(info.segment_count, 1);

    make_root(0x2000, true, 0, NULL);
    make_rsdp(0x1000, 2, 0x2800, 0x2000);
    ram[0x1000 + 33] ^= 1;
    read_all(ram + 0x1000, 36, false);
    check_log("second part has a wrong length or checksum");
    assert_int_equal(info.segment_count, 1);
}

static void test_no_rsdp(void **state)
{
    (void)state;
    u8 rsdp[36] = "RSD PTR ";
    read_all(NULL, 0, false);
    check_log("no usable tables");
    rsdp[8] = 1;
    read_all(rsdp, 36, false);
    check_log("RSDP has a wrong signature or checksum");
    assert_false(info.present);
    make_rsdp(0x1000, 2, 0, 0);
    read_all(ram + 0x1000, 36, false);
    check_log("leads to no XSDT or RSDT");
}

static void test_search(void **state)
{
    (void)state;
    make_mcfg(0x3000, 0xe0000000);
    make_root(0x2000, false, 1, (const u64[]){0x3000});
    make_rsdp(0xfffe0, 0, 0x2000, 0); /* the last place that there is */
    make_rsdp(0xf0008, 0, 0, 0);      /* not on a 16-byte boundary */
    read_all(NULL, 0, true);
    assert_int_equal(info.segment_count, 1);

    memset(ram + 0xe0000, 0, 0x20000);
    read_all(NULL, 0, true);
    assert_int_equal(info.segment_count, 0);
    ram[0x40f] = 0x9f; /* the EBDA at 0x9f000 */
    make_rsdp(0x9f3e0, 0, 0x2000, 0);
    read_all(NULL, 0, true);
    assert_int_equal(info.segment_count, 1);
    read_all(NULL, 0, false);
    assert_int_equal(info.segment_count, 0);
    make_rsdp(0x9f3e0, 0, 0, 0);
    make_rsdp(0x9f400, 0, 0x2000, 0); /* behind the first KiB */
    read_all(NULL, 0, true);
    assert_int_equal(info.segment_count, 0);
}

static void test_broken_tables_are_skipped(void **state)
{
    (void)state;
    for (u64 i = 0; i < 6; i++)
        make_mcfg((u32)(0x3000 + i * 0x100), 0xe0000000 + (i << 20));
    ram[0x3000 + 9]++;
    at = 0x3100;
    set(4, 35, 4);
    at = 0x3200;
    set(4, 0x100001, 4);
    at = 0x3300;
    set(4, 0x11ff00, 4);
    open_table(0x3400, "MC\nG", 36); /* no such table, and no such letter */
    ram[0x3400 + 36] = 0;
    set(4, ~0u, 4);
    make_root(0x2000, true, 8,
              (const u64[]){0x3000, 0x3100, 0x3200, 0x3300, 0x3400, 0, ~0ull - 8, 0x3500});
    make_rsdp(0x1000, 2, 0, 0x2000);
    read_all(ram + 0x1000, 36, false);
    check_log("table MCFG at 0x3000 is skipped: its bytes sum to 0x01, not 0");
    check_log("table MCFG at 0x3100 says it is 35 bytes long");
    check_log("table MCFG at 0x3200 says it is 1048577 bytes long");
    check_log("table MCFG at 0x3300 says it is 1179392 bytes long");
    check_log("table MC?G at 0x3400 says it is 4294967295 bytes long");
    check_log("no memory at 0x0,");
    check_log("no memory at 0xfffffffffffffff7,");
    assert_int_equal(info.broken, 7);
    assert_int_equal(info.tables, 1);
    assert_int_equal(info.segment_count, 1);
    assert_int_equal(info.segment[0].base.v, 0xe0500000);
}

static void test_table_at_the_end_of_memory(void **state)
{
    (void)state;
    make_mcfg(RAM - 60, 0xe0000000);
    make_root(0x2000, true, 1, (const u64[]){RAM - 60});
    make_rsdp(0x1000, 2, 0, 0x2000);
    read_all(ram + 0x1000, 36, false);
    assert_int_equal(info.segment_count, 1);
    at = RAM - 60;
    set(4, 61, 4);
    read_all(ram + 0x1000, 36, false);
    check_log("runs out of memory's end");
    assert_int_equal(info.segment_count, 0);
}

static void test_short_and_double(void **state)
{
    (void)state;
    static const struct {
        char name[5];
        u32 least;
    } kinds[] = {
        {"APIC", 44 },
        {"FACP", 116},
        {"SPCR", 76 },
        {"HPET", 56 },
        {"MCFG", 44 }
    };
    for (unsigned i = 0; i < 5; i++) {
        char text[64];
        open_table(0x3000, kinds[i].name, kinds[i].least - 1);
        read_one();
        snprintf(text, sizeof text, "table %s is %u bytes long, too short", kinds[i].name,
                 kinds[i].least - 1);
        check_log(text);
        open_table(0x3000, kinds[i].name, kinds[i].least);
        read_one();
        assert_null(strstr(log_text, "too short"));
    }
    make_mcfg(0x3000, 0xe0000000);
    make_mcfg(0x4000, 0xf0000000);
    make_root(0x2000, true, 2, (const u64[]){0x3000, 0x4000});
    read_all(ram + 0x1000, 36, false);
    check_log("second table MCFG");
    assert_int_equal(info.segment_count, 1);
}

/* A list that leads to itself, and far too many tables: it ends, and the log stays short. */
static void test_no_loops_no_floods(void **state)
{
    (void)state;
    u64 tables[300];
    for (unsigned i = 0; i < 300; i++)
        tables[i] = i % 2 ? 0x2000 : 0;
    make_root(0x2000, true, 300, tables);
    make_rsdp(0x1000, 2, 0, 0x2000);
    read_all(ram + 0x1000, 36, false);
    check_log("the XSDT lists 300 tables; the first 256 are read");
    check_log("there is more that is broken");
    assert_int_equal(info.tables, 128);
    unsigned lines = 0;
    for (const char *s = log_text; *s; s++)
        lines += *s == '\n';
    assert_int_equal(lines, 33);
}

/* --- MADT --------------------------------------------------------------------------------- */

static u32 entry_at;

static void open_madt(u32 size)
{
    open_table(0x3000, "APIC", size);
    set(36, 0xfee00000, 4);
    set(40, 1, 4);
    entry_at = 44;
}

static void entry(const u8 *bytes, u32 size)
{
    memcpy(ram + at + entry_at, bytes, size);
    entry_at += size;
}

#define put_entry(...) entry((const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__}))

static void test_madt(void **state)
{
    (void)state;
    open_madt(44 + 8 * 4 + 16 * 3 + 12 + 10 * 2 + 6 + 12 + 5);
    put_entry(0, 8, 10, 0, 1, 0, 0, 0);
    put_entry(0, 8, 11, 2, 2, 0, 0, 0);                             /* online-capable only */
    put_entry(0, 8, 12, 4, 0, 0, 0, 0);                             /* neither */
    put_entry(0, 8, 13, 0xff, 1, 0, 0, 0);                          /* no processor */
    put_entry(9, 16, 0, 0, 0x00, 1, 0, 0, 1, 0, 0, 0, 20, 1, 0, 0); /* 0x100 */
    put_entry(9, 16, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 11, 0, 0, 0);    /* 2 again */
    put_entry(9, 16, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 9, 0, 0, 0);
    put_entry(1, 12, 3, 0, 0, 0, 0xc0, 0xfe, 24, 0, 0, 0);
    put_entry(2, 10, 0, 0, 2, 0, 0, 0, 0, 0);
    put_entry(2, 10, 0, 9, 9, 0, 0, 0, 0x0f, 0);
    put_entry(4, 6, 0xff, 0x05, 0, 1);
    put_entry(10, 12, 0x0d, 0, 20, 1, 0, 0, 1, 0, 0, 0);
    put_entry(0x7f, 5, 1, 2, 3); /* unknown */
    read_one();
    assert_string_equal(log_text, "");
    assert_true(info.has_madt);

    assert_int_equal(info.cpu_count, 3);
    assert_int_equal(info.cpus_unusable, 1);
    assert_int_equal(info.cpu[0].apic_id, 0);
    assert_int_equal(info.cpu[0].uid, 10);
    assert_true(info.cpu[0].enabled && !info.cpu[0].online_capable && !info.cpu[0].x2apic);
    assert_int_equal(info.cpu[1].apic_id, 2);
    assert_true(info.cpu[1].enabled && info.cpu[1].online_capable);
    assert_int_equal(info.cpu[2].apic_id, 0x100);
    assert_int_equal(info.cpu[2].uid, 0x114);
    assert_true(info.cpu[2].enabled && info.cpu[2].x2apic);

    assert_int_equal(info.ioapic_count, 1);
    assert_int_equal(info.ioapic[0].id, 3);
    assert_int_equal(info.ioapic[0].base.v, 0xfec00000);
    assert_int_equal(info.ioapic[0].gsi_base, 24);

    assert_int_equal(info.override_count, 2);
    assert_int_equal(info.override[0].irq, 0);
    assert_int_equal(info.override[0].gsi, 2);
    assert_true(!info.override[0].active_low && !info.override[0].level);
    assert_int_equal(info.override[1].irq, 9);
    assert_true(info.override[1].active_low && info.override[1].level);

    assert_int_equal(info.nmi_count, 2);
    assert_int_equal(info.nmi[0].uid, ACPI_UID_ALL);
    assert_int_equal(info.nmi[0].lint, 1);
    assert_true(!info.nmi[0].active_low && !info.nmi[0].level);
    assert_int_equal(info.nmi[1].uid, 0x114);
    assert_int_equal(info.nmi[1].lint, 1);
    assert_false(info.nmi[1].active_low);
    assert_true(info.nmi[1].level);
}

static void test_madt_broken_entries(void **state)
{
    (void)state;
    static const struct {
        u8 bytes[3];
        const char *says;
    } cases[] = {
        {{0, 0, 0}, "entry at byte 52 says it is 0 bytes long, with 3 left"},
        {{0, 1, 0}, "entry at byte 52 says it is 1 bytes long, with 3 left"},
        {{0, 4, 0}, "entry at byte 52 says it is 4 bytes long, with 3 left"},
        {{0, 3, 0}, "MADT entry of type 0 is 3 bytes long, not 8"          },
    };
    for (unsigned i = 0; i < 4; i++) {
        open_madt(44 + 8 + 3);
        put_entry(0, 8, 10, 5, 1, 0, 0, 0);
        entry(cases[i].bytes, 3);
        read_one();
        check_log(cases[i].says);
        assert_int_equal(info.cpu_count, 1);
    }
    open_madt(44 + 1);
    read_one();
    check_log("says it is 0 bytes long, with 1 left");

    static const u8 least[] = {8, 12, 10, 0, 6, 0, 0, 0, 0, 16, 12};
    for (u8 type = 0; type < sizeof least; type++) {
        if (!least[type])
            continue;
        open_madt(44u + least[type] - 1u);
        put_entry(type, (u8)(least[type] - 1));
        read_one();
        check_log("it is skipped");
        assert_int_equal(info.cpu_count + info.ioapic_count + info.nmi_count, 0);
    }
}

static void test_madt_too_many(void **state)
{
    (void)state;
    open_madt(44 + 600 * 16);
    for (u32 i = 0; i < 600; i++)
        put_entry(9, 16, 0, 0, (u8)i, (u8)(i >> 8), 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
    read_one();
    assert_int_equal(info.cpu_count, 512);
    assert_int_equal(info.cpu[511].apic_id, 511);
    assert_string_equal(log_text, "acpi: there are more processors than Trivet's limit, 512; the "
                                  "rest is left out\n");
    open_madt(44 + 65 * 12);
    for (u32 i = 0; i < 65; i++)
        put_entry(1, 12, (u8)i, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    read_one();
    assert_int_equal(info.ioapic_count, 64);
    check_log("more I/O APICs");
}

/* --- FADT and \_S5 ------------------------------------------------------------------------ */

/* Compiled by iasl 20200925 from: Scope (\_SB) { Device (PCI0) { Name (_HID, "PNP0A03") } }
 * Name (_S3, Package (4) { 1, 1, 0, 0 }) Name (\_S5, Package (4) { 5, 7, 0, 0 }) */
static const u8 dsdt_root_name[] = {
    0x44, 0x53, 0x44, 0x54, 0x61, 0x00, 0x00, 0x00, 0x02, 0x35, 0x54, 0x52, 0x49, 0x56,
    0x45, 0x54, 0x54, 0x45, 0x53, 0x54, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
    0x49, 0x4e, 0x54, 0x4c, 0x25, 0x09, 0x20, 0x20, 0x10, 0x1b, 0x5c, 0x5f, 0x53, 0x42,
    0x5f, 0x5b, 0x82, 0x13, 0x50, 0x43, 0x49, 0x30, 0x08, 0x5f, 0x48, 0x49, 0x44, 0x0d,
    0x50, 0x4e, 0x50, 0x30, 0x41, 0x30, 0x33, 0x00, 0x08, 0x5f, 0x53, 0x33, 0x5f, 0x12,
    0x0a, 0x04, 0x0a, 0x01, 0x0a, 0x01, 0x0a, 0x00, 0x0a, 0x00, 0x08, 0x5c, 0x5f, 0x53,
    0x35, 0x5f, 0x12, 0x0a, 0x04, 0x0a, 0x05, 0x0a, 0x07, 0x0a, 0x00, 0x0a, 0x00};

/* From: Name (_S5, Package () { 0, 1 }) Method (MAIN) { Return (0x12345678) } */
static const u8 dsdt_plain_name[] = {
    0x44, 0x53, 0x44, 0x54, 0x3d, 0x00, 0x00, 0x00, 0x02, 0x48, 0x54, 0x52, 0x49, 0x56, 0x45, 0x54,
    0x54, 0x45, 0x53, 0x54, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x49, 0x4e, 0x54, 0x4c,
    0x25, 0x09, 0x20, 0x20, 0x08, 0x5f, 0x53, 0x35, 0x5f, 0x12, 0x06, 0x02, 0x0a, 0x00, 0x0a, 0x01,
    0x14, 0x0c, 0x4d, 0x41, 0x49, 0x4e, 0x00, 0xa4, 0x0c, 0x78, 0x56, 0x34, 0x12};

static void make_aml(u32 where, const char *signature, const void *aml, u32 size)
{
    open_table(where, signature, 36 + size);
    memcpy(ram + where + 36, aml, size);
    close_table();
}

static void open_fadt(u32 size)
{
    open_table(0x3000, "FACP", size);
    set(40, 0x5000, 4);   /* DSDT */
    set(48, 0xb2, 4);     /* SMI_CMD */
    set(52, 0xa0, 1);     /* ACPI_ENABLE */
    set(64, 0x604, 4);    /* PM1a_CNT_BLK */
    set(76, 0x608, 4);    /* PM_TMR_BLK */
    set(89, 2, 1);        /* PM1_CNT_LEN */
    set(91, 4, 1);        /* PM_TMR_LEN */
    set(109, 3, 2);       /* IAPC_BOOT_ARCH */
    set(112, 1u << 8, 4); /* TMR_VAL_EXT */
}

static void test_fadt_of_acpi_1(void **state)
{
    (void)state;
    memcpy(ram + 0x5000, dsdt_root_name, sizeof dsdt_root_name);
    open_fadt(116);
    set(112, 1u << 8 | 1u << 10, 4); /* a reset register, but the table ends before it */
    read_one();
    assert_string_equal(log_text, "");
    assert_true(info.power.present);
    assert_int_equal(info.power.pm1a_control.space, ACPI_PORT);
    assert_int_equal(info.power.pm1a_control.address, 0x604);
    assert_int_equal(info.power.pm1a_control.bits, 16);
    assert_int_equal(info.power.pm1b_control.space, ACPI_NOWHERE);
    assert_int_equal(info.power.smi_command, 0xb2);
    assert_int_equal(info.power.acpi_enable, 0xa0);
    assert_int_equal(info.power.reset.space, ACPI_NOWHERE);
    assert_false(info.power.hw_reduced);
    assert_int_equal(info.pm_timer.address, 0x608);
    assert_true(info.pm_timer_32);
    assert_true(info.power.s5_found);
    assert_int_equal(info.power.s5_type_a, 5);
    assert_int_equal(info.power.s5_type_b, 7);
}

static void test_fadt_of_acpi_5(void **state)
{
    (void)state;
    memcpy(ram + 0x6000, dsdt_plain_name, sizeof dsdt_plain_name);
    open_fadt(268);
    set(68, 0x1234, 4);
    set(112, 1u << 10 | 1u << 12, 4); /* RESET_REG_SUP, HEADLESS */
    set_gas(116, 1, 8, 0xcf9);
    set(128, 6, 1);
    set(140, 0x6000, 8);
    set_gas(172, 1, 16, 0x1804);
    set_gas(208, 0, 32, 0xfed81808);
    read_one();
    assert_string_equal(log_text, "");
    assert_int_equal(info.power.pm1a_control.address, 0x1804);
    assert_int_equal(info.power.pm1b_control.address, 0x1234); /* its X_ field is 0 */
    assert_int_equal(info.pm_timer.space, ACPI_MEMORY);
    assert_int_equal(info.pm_timer.address, 0xfed81808);
    assert_int_equal(info.pm_timer.bits, 32);
    assert_false(info.pm_timer_32);
    assert_int_equal(info.power.reset.space, ACPI_PORT);
    assert_int_equal(info.power.reset.address, 0xcf9);
    assert_int_equal(info.power.reset_value, 6);
    assert_true(info.power.s5_found);
    assert_int_equal(info.power.s5_type_a, 0);
    assert_int_equal(info.power.s5_type_b, 1);

    open_fadt(268);
    set(112, 1u << 20 | 1u << 12, 4); /* HW_REDUCED_ACPI, HEADLESS */
    set_gas(116, 1, 8, 0xcf9);
    set(140, 0x6000, 8);
    set_gas(244, 0, 8, 0xfed00010);
    set_gas(256, 0, 8, 0xfed00018);
    read_one();
    assert_true(info.power.hw_reduced);
    assert_int_equal(info.power.pm1a_control.space, ACPI_NOWHERE);
    assert_int_equal(info.power.reset.space, ACPI_NOWHERE); /* not supported by the flag */
    assert_int_equal(info.power.sleep_control.address, 0xfed00010);
    assert_int_equal(info.power.sleep_status.address, 0xfed00018);
    assert_int_equal(info.pm_timer.space, ACPI_NOWHERE);

    open_fadt(267); /* ends inside the sleep status register */
    set(112, 1u << 20, 4);
    set_gas(244, 0, 8, 0xfed00010);
    read_one();
    assert_int_equal(info.power.sleep_control.space, ACPI_MEMORY);
    assert_int_equal(info.power.sleep_status.space, ACPI_NOWHERE);
}

static void test_dsdt_is_checked(void **state)
{
    (void)state;
    memcpy(ram + 0x5000, dsdt_root_name, sizeof dsdt_root_name);
    open_fadt(268);
    set(140, 1ull << 40, 8); /* X_DSDT leads nowhere, DSDT does */
    read_one();
    check_log("no memory at 0x10000000000");
    assert_true(info.power.s5_found);

    ram[0x5000 + 60] ^= 1;
    open_fadt(116);
    read_one();
    check_log("table DSDT at 0x5000 is skipped");
    check_log("leads to no DSDT");
    assert_false(info.power.s5_found);

    make_mcfg(0x5000, 1);
    open_fadt(116);
    read_one();
    check_log("at 0x5000 is MCFG, not DSDT");
}

static void test_s5_in_an_ssdt(void **state)
{
    (void)state;
    const u8 *s5 = dsdt_root_name + 36;
    make_aml(0x5000, "DSDT", "\x10\x05_SB_", 6);
    make_aml(0x6000, "SSDT", s5, sizeof dsdt_root_name - 36);
    open_fadt(116);
    close_table();
    make_root(0x2000, true, 2, (const u64[]){0x3000, 0x6000});
    make_rsdp(0x1000, 2, 0, 0x2000);
    read_all(ram + 0x1000, 36, false);
    assert_true(info.power.s5_found);
    assert_int_equal(info.power.s5_type_a, 5);

    /* The DSDT's wins, wherever the SSDT is listed. */
    memcpy(ram + 0x5000, dsdt_plain_name, sizeof dsdt_plain_name);
    for (int first = 0; first < 2; first++) {
        make_root(0x2000, true, 2, (const u64[]){first ? 0x6000 : 0x3000, first ? 0x3000 : 0x6000});
        read_all(ram + 0x1000, 36, false);
        assert_int_equal(info.power.s5_type_a, 0);
        assert_int_equal(info.power.s5_type_b, 1);
    }
}

#define S5 "\x08_S5_\x12"

/* ACPI 6.4, 20.2: the encodings of integers and of package lengths; -1: not understood. */
static void test_s5_encodings(void **state)
{
    (void)state;
    static const struct {
        const char *aml;
        u32 size;
        int a, b;
    } cases[] = {
        {S5 "\x04\x02\x00\x01",                                       10, 0,  1},
        {S5 "\x06\x02\x0a\x05\x0a\x03",                               12, 5,  3},
        {S5 "\x08\x02\x0b\x05\x00\x0b\x02\x00",                       14, 5,  2},
        {S5 "\x0c\x02\x0c\x05\x00\x00\x00\x0c\x07\x00\x00\x00",       18, 5,  7},
        {S5 "\x0c\x02\x0e\x06\x00\x00\x00\x00\x00\x00\x00\x01",       18, 6,  1},
        {S5 "\x47\x00\x02\x0a\x05\x0a\x03",                           13, 5,  3}, /* length in two bytes */
        {S5 "\x88\x00\x00\x02\x0a\x05\x0a\x03",                       14, 5,  3}, /* in three */
        {S5 "\xc9\x00\x00\x00\x02\x0a\x05\x0a\x03",                   15, 5,  3}, /* in four */
        {S5 "\x45\x01\x02\x0e\x05\0\0\0\0\0\0\0\x0e\x03\0\0\0\0\0\0", 27, 5,  3}, /* 21 */
        {S5 "\x05\x01\x0b\x05\x07",                                   11, 5,  7}, /* both in one element */
        {S5 "\x03\x01\x01",                                           9,  1,  0},
        {"\x08_S5_\x08_S5_\x12\x04\x02\x01\x01",                      15, 1,  1}, /* the first is no definition */
        {S5 "\x04\x02\xff\x01",                                       10, -1, 0}, /* Ones is no sleep type */
        {S5 "\x06\x02\x0a\x08\x0a\x03",                               12, -1, 0}, /* nor is 8 */
        {S5 "\x06\x02\x0a\x05\x0a\x03",                               11, -1, 0}, /* cut off */
        {S5 "\x06\x02\x0a\x05\x0a\x03",                               8,  -1, 0},
        {S5 "\x05\x02\x0a\x05\x0a\x03",                               12, -1, 0}, /* the package ends inside */
        {S5 "\x00\x02\x0a\x05\x0a\x03",                               12, -1, 0}, /* shorter than its length */
        {S5 "\xcf\xff\xff\xff\x02\x00\x00",                           13, -1, 0},
        {S5 "\x04\x00\x00\x00",                                       10, -1, 0}, /* no elements */
        {S5 "\x06\x02\x70\x05\x0a\x03",                               12, -1, 0},
        {"\x08_S5_",                                                  5,  -1, 0},
        {"\x08\\_S5",                                                 5,  -1, 0},
        {"\x08_S5_\x13\x04\x02\x00\x01",                              10, -1, 0},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make_aml(0x3000, "SSDT", cases[i].aml, cases[i].size);
        read_one();
        if (info.power.s5_found != (cases[i].a >= 0))
            fail_msg("case %u", i);
        if (!info.power.s5_found)
            continue;
        assert_int_equal(info.power.s5_type_a, cases[i].a);
        assert_int_equal(info.power.s5_type_b, cases[i].b);
    }
}

/* --- the small tables --------------------------------------------------------------------- */

static void test_spcr(void **state)
{
    (void)state;
    open_table(0x3000, "SPCR", 80);
    set(36, 0, 1);
    set_gas(40, 1, 8, 0x3f8);
    set(58, 7, 1);
    set(64, 0xffff, 2);
    set(66, 0xffff, 2);
    read_one();
    assert_string_equal(log_text, "");
    assert_true(info.serial.present);
    assert_int_equal(info.serial.interface, 0);
    assert_int_equal(info.serial.base.space, ACPI_PORT);
    assert_int_equal(info.serial.base.address, 0x3f8);
    assert_int_equal(info.serial.baud, 115200);

    open_table(0x3000, "SPCR", 80);
    set(36, 0x12, 1);
    set_gas(40, 0, 32, 0xfe032000);
    set(64, 0x1234, 2);
    set(66, 0x8086, 2);
    set(68, 1, 1);
    set(69, 2, 1);
    set(70, 3, 1);
    set(75, 4, 1);
    read_one();
    assert_int_equal(info.serial.interface, 0x12);
    assert_int_equal(info.serial.base.space, ACPI_MEMORY);
    assert_int_equal(info.serial.baud, 0);

    /* Codes from Microsoft's table; the others are not defined. */
    static const u32 bauds[] = {0, 0, 0, 9600, 19200, 0, 57600, 115200, 0};
    for (u8 code = 0; code < 9; code++) {
        at = 0x3000;
        length = 80;
        set(58, code, 1);
        read_one();
        assert_int_equal(info.serial.baud, bauds[code]);
        assert_int_equal(strstr(log_text, "baud rate code") != NULL, code && !bauds[code]);
    }
}

static void test_hpet(void **state)
{
    (void)state;
    open_table(0x3000, "HPET", 56);
    set(36, 0x8086a201, 4);
    set_gas(40, 0, 0, 0xfed00000);
    read_one();
    assert_int_equal(info.hpet_count, 1);
    assert_int_equal(info.hpet[0].address, 0xfed00000);
    open_table(0x3000, "HPET", 56);
    set_gas(40, 1, 0, 0x1000);
    read_one();
    assert_int_equal(info.hpet_count, 0);
    check_log("registers are not in memory");
}

static void test_mcfg_bad_segments(void **state)
{
    (void)state;
    make_mcfg(0x3000, 0);
    read_one();
    check_log("segment 7, buses 1 to 127 at 0x0, cannot be");
    make_mcfg(0x3000, 0xe0000000);
    set(54, 0x80, 1);
    read_one();
    check_log("buses 128 to 127");
    open_table(0x3000, "MCFG", 44 + 15);
    set(44, 0xe0000000, 8);
    read_one();
    assert_int_equal(info.segment_count, 0);
    open_table(0x3000, "MCFG", 44 + 17 * 16 + 15);
    for (u32 i = 0; i < 18; i++)
        set(44 + i * 16, 0xe0000000, i < 17 ? 8 : 4);
    read_one();
    check_log("more PCI segments than Trivet's limit, 16");
    assert_int_equal(info.segment_count, 16);
}

static void test_unreachable_registers(void **state)
{
    (void)state;
    open_fadt(268);
    set(64, 0x10000, 4); /* no port */
    set(68, 0, 4);
    set_gas(172, 1, 16, 0x10000);
    set_gas(184, 0x7f, 16, 0x10); /* functional fixed hardware */
    set(48, 0x12345, 4);
    read_one();
    assert_int_equal(info.power.pm1a_control.space, ACPI_NOWHERE);
    assert_int_equal(info.power.pm1b_control.space, ACPI_NOWHERE);
    assert_int_equal(info.power.smi_command, 0);
}

#define t(f) cmocka_unit_test_setup(f, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        t(test_xsdt_is_preferred),
        t(test_rsdt_when_the_xsdt_is_broken),
        t(test_no_rsdp),
        t(test_search),
        t(test_broken_tables_are_skipped),
        t(test_table_at_the_end_of_memory),
        t(test_short_and_double),
        t(test_no_loops_no_floods),
        t(test_madt),
        t(test_madt_broken_entries),
        t(test_madt_too_many),
        t(test_fadt_of_acpi_1),
        t(test_fadt_of_acpi_5),
        t(test_dsdt_is_checked),
        t(test_s5_in_an_ssdt),
        t(test_s5_encodings),
        t(test_spcr),
        t(test_hpet),
        t(test_mcfg_bad_segments),
        t(test_unreachable_registers),
    };
    return cmocka_run_group_tests_name("acpi", tests, NULL, NULL);
}

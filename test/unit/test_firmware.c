/* SPDX-License-Identifier: MIT */
/* guests/firmware: what a guest finds, read back by the host's ACPI parser, by the MP
 * specification's rules, by SMBIOS's, and by ACPICA's disassembler and compiler. */
#include <stdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "drivers/emu/ioapic.h"
#include "drivers/emu/lapic_regs.h"
#include "drivers/host/acpi.h"
#include "guests/firmware.h"
#include "guests/pc_map.h"
#include "lib/bytes.h"

static u8 area[FIRMWARE_SIZE];
static u64 rsdp;
static struct firmware_config config;

static void build(u32 cpus, u64 memory, bool hpet, bool ecam)
{
    u8 *exact = malloc(FIRMWARE_SIZE); /* the sanitizer sees its ends */
    config = (struct firmware_config){cpus, memory, hpet, ecam};
    memset(exact, 0xa5, FIRMWARE_SIZE);
    rsdp = firmware_build(exact, &config);
    memcpy(area, exact, FIRMWARE_SIZE);
    free(exact);
}

/* A guest's address, all of whose bytes must be in the area. */
static const u8 *at(u64 address, u64 size)
{
    assert_true(address >= FIRMWARE_BASE && size <= FIRMWARE_SIZE &&
                address - FIRMWARE_BASE <= FIRMWARE_SIZE - size);
    return area + (address - FIRMWARE_BASE);
}

static u8 sum(const u8 *bytes, u64 size)
{
    u8 total = 0;
    while (size--)
        total = (u8)(total + *bytes++);
    return total;
}

/* As a system searches: on paragraphs, the whole area; exactly once. */
static u64 find(const char *anchor)
{
    u64 found = 0;
    for (u32 i = 0; i < FIRMWARE_SIZE; i += 16) {
        if (memcmp(area + i, anchor, strlen(anchor)) == 0) {
            assert_int_equal(found, 0);
            found = FIRMWARE_BASE + i;
        }
    }
    assert_true(found);
    return found;
}

/* --- ACPI --------------------------------------------------------------------------------- */

static const void *map(hpa_t base, u64 size)
{
    if (base.v < FIRMWARE_BASE || size > FIRMWARE_SIZE ||
        base.v - FIRMWARE_BASE > FIRMWARE_SIZE - size)
        return NULL;
    return area + (base.v - FIRMWARE_BASE);
}

static const struct acpi_info *read_acpi(void)
{
    static const struct acpi_memory memory = {map};
    static struct acpi_info info;
    memset(&info, 0, sizeof info);
    acpi_read(&memory, at(rsdp, 36), 36, false, &info);
    return &info;
}

static void check_table(u64 address, const char *signature)
{
    const u8 *table = at(address, 36);
    u32 length = bytes_u32(table + 4);
    assert_memory_equal(table, signature, 4);
    assert_true(length >= 36);
    assert_int_equal(sum(at(address, length), length), 0);
}

/* The n-th table of the XSDT, which must be the RSDT's as well. */
static u64 listed(unsigned n)
{
    const u8 *root = at(rsdp, 36);
    u64 xsdt = bytes_u64(root + 24), rsdt = bytes_u32(root + 16);
    u64 table;
    check_table(xsdt, "XSDT");
    check_table(rsdt, "RSDT");
    if (36 + 8 * n + 8 > bytes_u32(at(xsdt, 36) + 4))
        return 0;
    table = bytes_u64(at(xsdt + 36 + 8 * n, 8));
    assert_int_equal(table, bytes_u32(at(rsdt + 36 + 4 * n, 4)));
    return table;
}

static u64 table(const char *signature)
{
    for (unsigned n = 0; listed(n); n++)
        if (memcmp(at(listed(n), 4), signature, 4) == 0)
            return listed(n);
    return 0;
}

static void test_rsdp(void **state)
{
    (void)state;
    build(4, 256 * MiB, true, true);
    assert_int_equal(find("RSD PTR "), rsdp);
    assert_int_equal(sum(at(rsdp, 20), 20), 0);
    assert_int_equal(sum(at(rsdp, 36), 36), 0);
    assert_int_equal(at(rsdp, 36)[15], 2);
    check_table(listed(0), "FACP");
    check_table(listed(1), "APIC");
    check_table(listed(2), "HPET");
    check_table(listed(3), "MCFG");
    assert_int_equal(listed(4), 0);
    build(4, 256 * MiB, false, false);
    assert_int_equal(table("HPET"), 0);
    assert_int_equal(table("MCFG"), 0);
    assert_int_equal(listed(2), 0);
}

static void test_fadt(void **state)
{
    const u8 *fadt;
    (void)state;
    build(1, 128 * MiB, true, true);
    fadt = at(table("FACP"), 276);
    assert_int_equal(bytes_u32(fadt + 4), 276);
    check_table(bytes_u32(fadt + 40), "DSDT");
    assert_int_equal(bytes_u32(fadt + 40), bytes_u64(fadt + 140));
    assert_memory_equal(at(bytes_u32(fadt + 36), 64), "FACS\x40\0\0\0", 8);
    assert_int_equal(bytes_u64(fadt + 132), 0);
    assert_int_equal(bytes_u16(fadt + 46), 9);
    assert_int_equal(bytes_u32(fadt + 48), 0); /* no SMI command */
    assert_int_equal(bytes_u32(fadt + 56), 0x600);
    assert_int_equal(bytes_u32(fadt + 64), 0x604);
    assert_int_equal(bytes_u32(fadt + 76), 0x608);
    assert_int_equal(bytes_u16(fadt + 109) & 2, 0); /* no 8042 is said */
    assert_int_equal(fadt[108], 0x32);
    assert_int_equal(bytes_u32(fadt + 112),
                     0x525); /* RESET, TMR_VAL_EXT, no sleep key, C1, WBINVD */
}

/* Wherever the DSDT in front of it ends. */
static void test_facs_alignment(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        build(1, 128 * MiB, i & 1, i & 2);
        assert_int_equal(bytes_u32(at(table("FACP"), 276) + 36) % 64, 0);
    }
}

static void test_host_parser(void **state)
{
    (void)state;
    for (u32 cpus = 1; cpus <= 64; cpus++) {
        build(cpus, 3 * GiB, true, true);
        const struct acpi_info *info = read_acpi();
        assert_int_equal(info->cpu_count, cpus);
        for (u32 i = 0; i < cpus; i++) {
            assert_int_equal(info->cpu[i].apic_id, i);
            assert_true(info->cpu[i].enabled);
        }
        assert_int_equal(info->ioapic_count, 1);
        assert_int_equal(info->ioapic[0].base.v, PC_IOAPIC_BASE);
        assert_int_equal(info->override_count, 2);
        assert_int_equal(info->nmi_count, 1);
    }
}

static void test_madt(void **state)
{
    static const u8 tail[] = {1, 12, 7,    0, 0, 0, 0xc0, 0xfe, 0,  0, 0, 0, /* IOAPIC 7 */
                              2, 10, 0,    0, 2, 0, 0,    0,    5,  0,       /* PIT: edge, high */
                              2, 10, 0,    9, 9, 0, 0,    0,    13, 0,       /* SCI: level, high */
                              4, 6,  0xff, 0, 0, 1};
    const u8 *madt;
    (void)state;
    build(7, 128 * MiB, true, true);
    madt = at(table("APIC"), 44 + 7 * 8 + sizeof tail);
    assert_int_equal(bytes_u32(madt + 4), 44 + 7 * 8 + sizeof tail);
    assert_int_equal(bytes_u32(madt + 36), 0xfee00000);
    assert_int_equal(bytes_u32(madt + 40), 1);
    assert_memory_equal(madt + 44 + 6 * 8, "\0\x08\x06\x06\x01\0\0\0", 8);
    assert_memory_equal(madt + 44 + 7 * 8, tail, sizeof tail);
}

/* --- by ACPICA's tools --------------------------------------------------------------------- */

static char directory[] = "/tmp/trivet-iasl-XXXXXX";

static void say(const char *command)
{
    static char text[4096];
    FILE *output = popen(command, "r");
    text[fread(text, 1, sizeof text - 1, output)] = 0;
    pclose(output);
    fail_msg("%s:\n%s", command, text);
}

static void shell(const char *format, const char *name)
{
    char command[512], again[600];
    snprintf(command, sizeof command, format, directory, name, name, name, name);
    if (system(command)) {
        snprintf(again, sizeof again, "cd %s && cat *.log", directory);
        say(again);
    }
}

static void store(const char *name, const u8 *bytes, u32 size)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%s.aml", directory, name);
    FILE *file = fopen(path, "wb");
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

/* All but the checksum, and the creator, where iasl puts its own name and version. */
static void compare(const char *name, const u8 *bytes, u32 size)
{
    static u8 other[FIRMWARE_SIZE];
    char path[64];
    snprintf(path, sizeof path, "%s/again-%s.aml", directory, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(other, 1, sizeof other, file), size);
    fclose(file);
    memcpy(other + 9, bytes + 9, 1);
    memcpy(other + 28, bytes + 28, 8);
    assert_memory_equal(other, bytes, size);
}

/* No error, no warning, and the same bytes out of the text. FACS has no checksum to compare. */
static void through_iasl(const char *name, u64 address, const char *options)
{
    const u8 *bytes = at(address, 36);
    u32 size = bytes_u32(bytes + 4);
    char format[400];
    store(name, bytes, size);
    snprintf(format, sizeof format,
             "cd %%s && iasl -d %%s.aml >disassemble.log 2>&1 && "
             "! grep -iE 'error|warning|invalid' disassemble.log && "
             "iasl %s -p again-%%s %%s.dsl >assemble.log 2>&1 && "
             "grep -qE '0 Errors, 0 Warnings|^Compilation successful. 0 Errors' assemble.log",
             options);
    shell(format, name);
    compare(name, bytes, size);
}

/* What the DSDT's text must say, blanks and comments taken out. */
static const char *const dsdt_says[] = {
    "Name(_S5,Package(0x04){0x05,0x05,Zero,Zero})",
    "Device(PCI0){Name(_HID,EisaId(\"PNP0A08\"))Name(_CID,EisaId(\"PNP0A03\"))",
    "WordBusNumber(ResourceProducer,MinFixed,MaxFixed,PosDecode,0x0000,0x0000,0x0000,",
    "IO(Decode16,0x0CF8,0x0CF8,0x01,0x08,)",
    "EntireRange,0x0000,0x0000,0x0CF7,0x0000,0x0CF8,",
    "EntireRange,0x0000,0x0D00,0xFFFF,0x0000,0xF300,",
    "NonCacheable,ReadWrite,0x00000000,0xC0000000,0xDFFFFFFF,0x00000000,0x20000000,",
    "NonCacheable,ReadWrite,0x00000000,0xE0100000,0xFEBFFFFF,0x00000000,0x1EB00000,",
    "Method(_OSC,4,NotSerialized){Return(Arg3)}",
    "EisaId(\"PNP0501\"))Name(_UID,One)Name(_CRS,ResourceTemplate(){IO(Decode16,0x03F8,0x03F8,0x01,"
    "0x08,)IRQNoFlags(){4}})",
    "EisaId(\"PNP0B00\"))Name(_CRS,ResourceTemplate(){IO(Decode16,0x0070,0x0070,0x01,0x02,)"
    "IRQNoFlags(){8}})",
    "EisaId(\"PNP0103\"))Name(_CRS,ResourceTemplate(){Memory32Fixed(ReadWrite,0xFED00000,0x00000400,)",
    "EisaId(\"PNP0C02\"))Name(_CRS,ResourceTemplate(){Memory32Fixed(ReadWrite,0xE0000000,0x00100000,)",
};

static const char *dsdt_text(void)
{
    static char text[16384];
    char command[200];
    snprintf(command, sizeof command,
             "sed 's,//.*,,' %s/dsdt.dsl | tr -d ' \\n' | sed 's,/\\*[^*]*\\*/,,g'", directory);
    FILE *output = popen(command, "r");
    text[fread(text, 1, sizeof text - 1, output)] = 0;
    pclose(output);
    return text;
}

static void check_dsdt_text(void)
{
    const char *text = dsdt_text();
    for (unsigned i = 0; i < sizeof dsdt_says / sizeof *dsdt_says; i++)
        if (!strstr(text, dsdt_says[i]))
            fail_msg("not in the DSDT: %s\n%s", dsdt_says[i], text);
}

static void all_through_iasl(void)
{
    const u8 *fadt = at(table("FACP"), 276);
    through_iasl("dsdt", bytes_u32(fadt + 40), "-we");
    through_iasl("facp", table("FACP"), "-we");
    through_iasl("apic", table("APIC"), "-we");
    through_iasl("xsdt", bytes_u64(at(rsdp, 36) + 24), "-we");
    through_iasl("rsdt", bytes_u32(at(rsdp, 36) + 16), "-we");
    if (config.hpet)
        through_iasl("hpet", table("HPET"), "-we");
    if (config.ecam)
        through_iasl("mcfg", table("MCFG"), "-we");
}

static void test_iasl(void **state)
{
    (void)state;
    if (system("command -v iasl >/dev/null 2>&1"))
        skip();
    assert_non_null(mkdtemp(directory));
    for (unsigned i = 0; i < 4; i++) {
        build(1 + i * 21, 256 * MiB, i & 1, i & 2);
        all_through_iasl();
    }
    check_dsdt_text(); /* of the last, which has everything */
}

static int remove_directory(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", directory);
    return system(command);
}

/* --- the MP table (MultiProcessor Specification 1.4, chapter 4) ------------------------------ */

static const u8 *mp_table(void)
{
    u64 pointer = find("_MP_");
    const u8 *p = at(pointer, 16);
    assert_int_equal(p[8], 1); /* one paragraph */
    assert_int_equal(p[9], 4); /* 1.4 */
    assert_int_equal(sum(p, 16), 0);
    assert_int_equal(p[11], 0); /* a table, no default configuration */
    const u8 *header = at(bytes_u32(p + 4), 44);
    u16 length = bytes_u16(header + 4);
    assert_memory_equal(header, "PCMP", 4);
    assert_int_equal(sum(at(bytes_u32(p + 4), length), length), 0);
    assert_int_equal(bytes_u32(header + 36), 0xfee00000);
    assert_int_equal(bytes_u16(header + 40), 0); /* no extended table */
    return header;
}

static u32 mp_size(u8 type)
{
    assert_true(type <= 4);
    return type ? 8 : 20;
}

/* Entries are sorted by type (4.3), as many as the header says, and end where it says. */
static void mp_walk(const u8 *header, unsigned count[5], const u8 *first[5])
{
    const u8 *entry = header + 44, *end = header + bytes_u16(header + 4);
    u8 type = 0;
    unsigned entries = bytes_u16(header + 34);
    for (memset(count, 0, 5 * sizeof *count); entries--; entry += mp_size(type)) {
        assert_true(entry < end && *entry >= type);
        type = *entry;
        if (!count[type]++)
            first[type] = entry;
    }
    assert_ptr_equal(entry, end);
}

static void mp_check_interrupts(const u8 *entry, unsigned count, u8 ioapic)
{
    unsigned pins = 0;
    for (unsigned i = 0; i < count; i++, entry += 8) {
        assert_int_equal(entry[1], i ? 0 : 3); /* the first is the PIC's output, ExtINT */
        assert_int_equal(entry[4], 1);         /* the ISA bus */
        assert_int_equal(entry[6], ioapic);
        assert_int_equal(entry[7], i == 0 ? 0 : entry[5] == 0 ? 2 : entry[5]);
        assert_int_equal(bytes_u16(entry + 2), entry[5] == 9 ? 0xd : 0);
        assert_false(pins & 1u << entry[7]);
        pins |= 1u << entry[7];
    }
    assert_int_equal(pins, 0xffff);
}

static void test_mptable(void **state)
{
    unsigned count[5];
    const u8 *first[5];
    (void)state;
    for (u32 cpus = 1; cpus <= 64; cpus++) {
        build(cpus, 128 * MiB, true, true);
        mp_walk(mp_table(), count, first);
        assert_int_equal(count[0], cpus);
        for (u32 i = 0; i < cpus; i++) {
            const u8 *cpu = first[0] + 20 * i;
            assert_int_equal(cpu[1], i);
            assert_int_equal(cpu[2], LAPIC_VERSION_VALUE & 0xff);
            assert_int_equal(cpu[3], i ? 1 : 3); /* enabled; exactly one boots */
        }
        assert_int_equal(count[1], 2);
        assert_memory_equal(first[1], "\1\0PCI   \1\1ISA   ", 16);
        assert_int_equal(count[2], 1);
        assert_int_equal(first[2][1], cpus); /* an id that no processor has */
        assert_int_equal(first[2][2], IOAPIC_VERSION);
        assert_int_equal(first[2][3], 1);
        assert_int_equal(bytes_u32(first[2] + 4), PC_IOAPIC_BASE);
        mp_check_interrupts(first[3], count[3], (u8)cpus);
        assert_int_equal(count[4], 2);
        assert_memory_equal(first[4], "\4\3\0\0\1\0\0\0\4\1\0\0\1\0\xff\1", 16);
    }
}

/* --- SMBIOS ---------------------------------------------------------------------------------- */

/* Behind a structure: strings up to an empty one. */
static const u8 *smbios_next(const u8 *structure)
{
    const u8 *p = structure + structure[1];
    while (p[0] || p[1])
        p++;
    return p + 2;
}

static const u8 *smbios_of(u8 type, unsigned which)
{
    const u8 *entry = at(find("_SM_"), 0x1f);
    const u8 *s = at(bytes_u32(entry + 0x18), bytes_u16(entry + 0x16));
    for (unsigned n = bytes_u16(entry + 0x1c); n--; s = smbios_next(s))
        if (s[0] == type && !which--)
            return s;
    return NULL;
}

static void test_smbios(void **state)
{
    static const u8 types[] = {0, 1, 3, 4, 16, 17, 19, 19, 32, 127};
    const u8 *entry, *s;
    u32 largest = 0;
    (void)state;
    build(64, 6 * GiB, true, true);
    entry = at(find("_SM_"), 0x1f);
    assert_int_equal(sum(entry, entry[5]), 0);
    assert_int_equal(sum(entry + 0x10, 0xf), 0);
    assert_memory_equal(entry + 0x10, "_DMI_", 5);
    assert_int_equal(bytes_u16(entry + 0x1c), sizeof types);
    s = at(bytes_u32(entry + 0x18), bytes_u16(entry + 0x16));
    for (u16 i = 0; i < sizeof types; i++) {
        const u8 *next = smbios_next(s);
        assert_int_equal(s[0], types[i]);
        if ((u32)(next - s) > largest)
            largest = (u32)(next - s);
        s = next;
    }
    assert_ptr_equal(s, at(bytes_u32(entry + 0x18), 1) + bytes_u16(entry + 0x16));
    assert_int_equal(bytes_u16(entry + 8), largest);
    s = smbios_of(0, 0);
    assert_non_null(strstr((const char *)s + s[1], "Trivet")); /* the vendor, string 1 */
    assert_int_equal(s[4], 1);
}

/* Every handle once, and what refers to another finds it. */
static void test_smbios_handles(void **state)
{
    static const u8 types[] = {0, 1, 3, 4, 16, 17, 19, 32, 127};
    u64 seen = 0;
    (void)state;
    build(2, 6 * GiB, true, true);
    for (unsigned i = 0; i < sizeof types; i++) {
        for (unsigned n = 0; smbios_of(types[i], n); n++) {
            u16 handle = bytes_u16(smbios_of(types[i], n) + 2);
            assert_true(handle < 64);
            assert_false(seen >> handle & 1);
            seen |= 1ull << handle;
        }
    }
    assert_int_equal(bytes_u16(smbios_of(17, 0) + 4), bytes_u16(smbios_of(16, 0) + 2));
    assert_int_equal(bytes_u16(smbios_of(19, 0) + 12), bytes_u16(smbios_of(16, 0) + 2));
}

static void test_smbios_memory(void **state)
{
    (void)state;
    build(1, 200 * MiB, true, true);
    assert_int_equal(bytes_u16(smbios_of(17, 0) + 0xc), 200);
    assert_null(smbios_of(19, 1));
    build(1, 64 * GiB, true, true);
    assert_int_equal(bytes_u64(smbios_of(16, 0) + 0xf), 64 * GiB);
    assert_int_equal(bytes_u16(smbios_of(17, 0) + 0xc), 0x7fff);
    assert_int_equal(bytes_u32(smbios_of(17, 0) + 0x1c), 64 * 1024);
    assert_int_equal(bytes_u64(smbios_of(19, 0) + 0x17), 3 * GiB - 1);
    assert_int_equal(bytes_u64(smbios_of(19, 1) + 0xf), 4 * GiB);
    assert_int_equal(bytes_u64(smbios_of(19, 1) + 0x17), 65 * GiB - 1);
}

/* --- all ------------------------------------------------------------------------------------- */

static void test_bounds(void **state)
{
    (void)state;
    build(0, 128 * MiB, true, true);
    assert_int_equal(rsdp, 0);
    build(255, 128 * MiB, true, true);
    assert_int_equal(rsdp, 0);
    for (u32 cpus = 1; cpus <= FIRMWARE_CPUS_MAX; cpus++) {
        build(cpus, 1024 * GiB, true, true);
        assert_true(rsdp);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rsdp),
        cmocka_unit_test(test_fadt),
        cmocka_unit_test(test_facs_alignment),
        cmocka_unit_test(test_madt),
        cmocka_unit_test(test_host_parser),
        cmocka_unit_test_teardown(test_iasl, remove_directory),
        cmocka_unit_test(test_mptable),
        cmocka_unit_test(test_smbios),
        cmocka_unit_test(test_smbios_handles),
        cmocka_unit_test(test_smbios_memory),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

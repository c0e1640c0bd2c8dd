/* SPDX-License-Identifier: MIT */
/* The firmware's tables are where a PC has them, with checksums that hold: ACPI's RSDP, the
 * multiprocessor table's pointer, SMBIOS's entry point. */
#include "guests/tiny/rt/tiny.h"

static const u8 *find(const char *anchor, const u8 *from)
{
    for (const u8 *p = from; p < (u8 *)0x100000; p += 16)
        if (memcmp(p, anchor, strlen(anchor)) == 0)
            return p;
    return NULL;
}

static unsigned sum(const u8 *bytes, unsigned size)
{
    unsigned total = 0;
    while (size--)
        total += *bytes++;
    return total & 0xff;
}

static u32 word(const u8 *at)
{
    return *(const volatile u32 *)at;
}

/* The RSDT's tables (old machines have no XSDT): each of them sound, a FADT first, one MADT. */
static void check_acpi(const u8 *rsdp)
{
    const u8 *rsdt = (u8 *)(u64)word(rsdp + 16);
    unsigned madts = 0;

    check(sum(rsdp, 20) == 0, "the RSDP's sum");
    check(rsdp[15] < 2 || sum(rsdp, 36) == 0, "the RSDP's second sum");
    check(word(rsdt) == 0x54445352 && sum(rsdt, word(rsdt + 4)) == 0, "RSDT");
    for (unsigned at = 36; at < word(rsdt + 4); at += 4) {
        const u8 *table = (u8 *)(u64)word(rsdt + at);
        check(sum(table, word(table + 4)) == 0, "the sum of %x", word(table));
        check(at != 36 || word(table) == 0x50434146, "the first is %x", word(table));
        madts += word(table) == 0x43495041;
    }
    check(madts == 1, "%u MADTs", madts);
}

TINY(mem_firmware)
{
    const u8 *rsdp = find("RSD PTR ", (u8 *)0xe0000), *mp = find("_MP_", (u8 *)0xf0000);
    const u8 *smbios = find("_SM_", (u8 *)0xf0000);

    if (check(rsdp, "no RSDP"))
        check_acpi(rsdp);
    if (check(smbios, "no SMBIOS"))
        check(sum(smbios, smbios[5]) == 0, "SMBIOS's sum");
    if (check(mp, "no MP table")) {
        const u8 *table = (u8 *)(u64)word(mp + 4);
        check(sum(mp, 16) == 0, "the MP pointer's sum");
        check(word(table) == 0x504d4350 && sum(table, word(table + 4) & 0xffff) == 0, "MP table");
    }
}

/* SPDX-License-Identifier: MIT */
#include "arch/x86/panic.h"

#include "lib/bits.h"
#include "lib/string.h"

/* The table that the Makefile makes from the first link and puts into the second: symbols.sh. */
extern const char symbol_table[], symbol_table_end[];
extern const char image_boot_text_start[], image_text_end[];

/* One panics at a time. */
static char name[64];

/* At the count of the characters that stay; the last of the others has its highest bit set. Returns
 * what follows. */
static const char *read_name(const char *from)
{
    size_t length = min_u64((u8)*from, sizeof name - 1);

    do {
        if (length < sizeof name - 1)
            name[length++] = *++from & 0x7f;
        else
            from++;
    } while (!(*from & 0x80));
    name[length] = 0;
    return from + 1;
}

const char *symbol_find(u64 address, u64 *offset)
{
    u64 at = (u64)image_boot_text_start;

    *offset = 0;
    if (address < at || address >= (u64)image_text_end)
        return "?";
    for (const char *next = symbol_table; next < symbol_table_end;) {
        u16 distance;
        memcpy(&distance, next, sizeof distance);
        if (distance > address - at)
            break;
        at += distance;
        next = read_name(next + 2);
    }
    *offset = address - at;
    return name;
}

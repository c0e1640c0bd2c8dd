/* SPDX-License-Identifier: MIT */
#include "arch/x86/panic.h"

#include "lib/bits.h"
#include "lib/string.h"

/* The table that the Makefile makes from the first link and puts into the second: symbols.sh. */
extern const char symbol_table[], symbol_table_end[];
extern const char image_text_start[], image_text_end[];

/* One panics at a time. */
static char name[64];

const char *symbol_find(u64 address, u64 *offset)
{
    u64 at = (u64)image_text_start;

    *offset = 0;
    if (address < at || address >= (u64)image_text_end)
        return "?";
    for (const char *next = symbol_table; next < symbol_table_end;) {
        u16 distance;
        memcpy(&distance, next, sizeof distance);
        if (distance > address - at)
            break;
        at += distance;
        size_t same = min_u64((u8)next[2], sizeof name - 1);
        next += 3;
        str_copy(name + same, next, sizeof name - same);
        next += strlen(next) + 1;
    }
    *offset = address - at;
    return name;
}

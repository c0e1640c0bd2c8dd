/* SPDX-License-Identifier: MIT */
#include "arch/x86/panic.h"

#include "lib/string.h"

/* The table that the Makefile makes from the first link and puts into the second: symbols.sh. */
extern const char symbol_table[], symbol_table_end[];
extern const char image_text_start[], image_text_end[];

const char *symbol_find(u64 address, u64 *offset)
{
    u64 at = (u64)image_text_start;
    const char *name = "?";

    *offset = 0;
    if (address < at || address >= (u64)image_text_end)
        return name;
    for (const char *next = symbol_table; next < symbol_table_end;) {
        u16 distance;
        memcpy(&distance, next, sizeof distance);
        if (distance > address - at)
            break;
        at += distance;
        name = next + sizeof distance;
        next = name + strlen(name) + 1;
    }
    *offset = address - at;
    return name;
}

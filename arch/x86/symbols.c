/* SPDX-License-Identifier: MIT */
#include "arch/x86/panic.h"

/*
 * The table that the Makefile makes from the first link and puts into the second: functions in the
 * order of their addresses, as distances from the start of the text, and their names one after the
 * other.
 */
extern const u32 symbol_count;
extern const u32 symbol_address[];
extern const u32 symbol_name[];
extern const char symbol_text[];
extern const char image_text_start[], image_text_end[];

const char *symbol_find(u64 address, u64 *offset)
{
    u64 start = (u64)image_text_start;
    u32 low = 0, high = symbol_count; /* the last one at or below the address is in [low, high) */

    *offset = 0;
    if (address < start || address >= (u64)image_text_end || !high ||
        address - start < symbol_address[0])
        return "?";
    while (high - low > 1) {
        u32 middle = (low + high) / 2;
        if (symbol_address[middle] <= address - start)
            low = middle;
        else
            high = middle;
    }
    *offset = address - start - symbol_address[low];
    return symbol_text + symbol_name[low];
}

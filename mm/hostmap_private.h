/* SPDX-License-Identifier: MIT */
/*
 * What mm/hostmap*.c share: the one map, and where the linker put the parts of the image.
 */
#ifndef MM_HOSTMAP_PRIVATE_H
#define MM_HOSTMAP_PRIVATE_H

#include "lib/lock.h"
#include "mm/hostmap.h"

/* linker.ld's: whole pages, in this order. What stands before image_text_start is boot's. */
extern char image_start[], image_boot_rodata_start[], image_boot_rodata_end[],
    image_boot_bss_start[], image_boot_bss_end[], image_boot_text_start[], image_boot_text_end[],
    image_text_start[], image_text_end[], image_rodata_start[], image_rodata_end[],
    image_data_start[], image_data_end[];

/* Accessed and dirty at once: nobody asks, and no core need write them. None is global: CR3 loaded
 * anew forgets all. */
#define MEMORY (PT_R | PT_ACCESSED | PT_DIRTY)

extern struct hostmap {
    struct lock lock;
    struct ptab pt;
    hpa_t image_base;
    u64 next_stack;
    void (*invalidate)(const struct ptab_flush *flush);
} host;

static inline u64 direct(hpa_t at)
{
    return (u64)(uintptr_t)hpa_ptr(at);
}

#endif

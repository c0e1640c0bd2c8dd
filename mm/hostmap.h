/* SPDX-License-Identifier: MIT */
/*
 * Trivet's own map, the same on every core:
 *
 *   0xffff800000000000   the direct map: physical address 0 and up. RAM, firmware tables, and by
 *                        request devices; never executable; read-only where text and rodata lie
 *   0xffffff0000000000   stacks, each between two pages that are not there
 *   0xffffffff80000000   the image: text R-X, rodata R--, data RW-; boot's own part as long as
 *                        boot lasts
 *
 * Nothing is mapped below, neither is physical page 0: a null pointer of either kind faults.
 * hostmap_init is called once, by boot, with frames to be had; the rest on any core afterwards.
 * What adds to the map goes when boot is over: hostmap_end_boot, hostmap_check and where things are
 * stay.
 */
#ifndef MM_HOSTMAP_H
#define MM_HOSTMAP_H

#include "mm/addr.h"
#include "mm/memmap.h"
#include "mm/ptab.h"

/*
 * Builds the map. `image_base` is where image_start lies in memory; page_max and pa_limit are the
 * processor's (struct ptab); `invalidate` makes every core forget a range, and may be called from
 * now on. Loading hostmap_root is arch's. NULL, or why there is no map.
 */
must_check const char *hostmap_init(const struct memmap *map, hpa_t image_base, u64 page_max,
                                    u64 pa_limit,
                                    void (*invalidate)(const struct ptab_flush *flush));

hpa_t hostmap_root(void);

/*
 * Boot is over: its part of the image, [image_start, image_text_start), is no longer mapped, and
 * its memory goes to the frame allocator. `everywhere_forget` makes every core forget the whole
 * map; by then none may need that part. NULL, or why not; it may then be out of the map all the
 * same.
 */
must_check const char *hostmap_end_boot(void (*everywhere_forget)(void));

/* Where something of the image lies in memory. */
hpa_t hostmap_image_hpa(const void *in_image);

/* The first physical address that the direct map cannot hold: for frame_add_rest. */
u64 hostmap_limit(void);

/*
 * Registers (type PT_UC) or a framebuffer (PT_WC), readable and writable in the direct map; again
 * and again the same for the same range. NULL, and a line in the log, for memory, or what is mapped
 * with another type.
 */
must_check void *hostmap_device(hpa_t base, u64 size, u32 type);

/* A firmware table, readable wherever it lies, at its place in the direct map. NULL, and a line in
 * the log, where no table can be. */
must_check void *hostmap_firmware(hpa_t base, u64 size);

/* The lowest byte of a new stack of `size` (whole pages), all zero; it grows down from + size.
 * NULL, and a line in the log, if memory is out. */
must_check void *hostmap_stack(u64 size);

/*
 * Walks the live map: NULL, or the first page that breaks the rules above, in a sentence. For the
 * self-test, on one core.
 */
must_check const char *hostmap_check(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Trivet's own address space. Memory itself is never both writable and executable: the image's text
 * and rodata are read-only in the direct map too.
 *
 *     0                     nothing: a stray small pointer faults
 *     0xffff800000000000    the direct map: RAM, ACPI's ranges; devices where asked for
 *     0xffffff0000000000    stacks, with an unmapped page below and above each
 *     0xffffffff80000000    the image: text R-X, rodata R--, data and bss RW-
 *
 * It is built while the boot page tables are in use; arch loads hostmap_root() then.
 */
#ifndef MM_HOSTMAP_H
#define MM_HOSTMAP_H

#include "mm/addr.h"
#include "mm/memmap.h"
#include "mm/ptab.h"

/*
 * `map` is normalized; `image` is where the image's first byte lies; `page_max` the largest page of
 * this processor; `invalidate` makes this core forget what a flush names. NULL, or what is wrong.
 */
must_check const char *hostmap_init(const struct memmap *map, hpa_t image, u64 page_max,
                                    void (*invalidate)(const struct ptab_flush *));

hpa_t hostmap_root(void);

/* The first physical address beyond the direct map. */
u64 hostmap_limit(void);

/*
 * A device's registers (PT_UC) or a framebuffer (PT_WC), in the direct map's place for them. The
 * same range may be asked for again. NULL, with a line in the log, if it is RAM or cannot be
 * mapped.
 */
void *hostmap_device(hpa_t base, u64 size, u32 type);

/* Firmware's tables, readable: wherever they lie, even in ranges that the map calls reserved. NULL
 * if that is out of reach. */
const void *hostmap_firmware(hpa_t base, u64 size);

/* A stack's lowest address: `size` bytes of whole pages, guarded on both sides. NULL: no memory. */
void *hostmap_stack(u64 size);

/* Where something of the image lies. */
hpa_t hostmap_image_hpa(const void *in_image);

/* Walks the live tables: NULL, or a sentence on the first page that breaks the rules above. */
const char *hostmap_check(void);

#endif

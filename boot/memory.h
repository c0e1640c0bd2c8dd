/* SPDX-License-Identifier: MIT */
/*
 * From the firmware's memory map to frames and Trivet's own map.
 */
#ifndef BOOT_MEMORY_H
#define BOOT_MEMORY_H

#include "boot/info.h"

#define BOOT_REACH (4 * GiB) /* of the boot page tables */

/* Whether a range can be touched before the final map stands. */
static inline bool boot_reaches(hpa_t base, u64 size)
{
    return base.v < BOOT_REACH && size <= BOOT_REACH - base.v;
}

/*
 * `moved` is how far from its linked place the loader put the image. Afterwards the boot page
 * tables are out of use, and every frame that is not taken can be had. NULL, or why not.
 */
must_check const char *memory_start(struct boot_info *info, u64 moved);

/* Before boot_over: the part of the image that is boot's may be given back. NULL, or why not. */
must_check const char *memory_leave(void);

/* What there is for the user to know: RAM of the machine, in MiB, what of it is ours included. */
u64 memory_total_mib(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The step out of boot: from here on nothing of what only boot needed is there any more.
 */
#ifndef BOOT_OVER_H
#define BOOT_OVER_H

#include "lib/types.h"

/*
 * Gives the memory of boot's code, constants, page tables and stack to the frame allocator, then
 * runs `next` and finishes with what it returns. On the boot core, which may not come from the boot
 * stack; every other core is at its work.
 */
void boot_over(u64 (*next)(void)) no_return;

/* The bytes that were given back; 0 before. */
u64 boot_given(void);

#endif

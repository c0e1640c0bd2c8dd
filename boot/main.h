/* SPDX-License-Identifier: MIT */
/*
 * Where boot/entry.S goes on in C.
 */
#ifndef BOOT_MAIN_H
#define BOOT_MAIN_H

#include "lib/types.h"

/* The TSC when the loader jumped to us. */
extern u64 boot_handed_over;

/* `tags`: the multiboot2 information; `moved`: how far from its linked place the loader put the
 * image. */
void hv_main(const void *tags, u64 moved) no_return;

#endif

/* SPDX-License-Identifier: MIT */
#include "mm/addr.h"

/* The upper half's first address: a 4-level map leaves 127 TiB from here to the stacks (hostmap.c).
 */
u64 direct_base = 0xffff800000000000;

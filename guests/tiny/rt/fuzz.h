/* SPDX-License-Identifier: MIT */
/*
 * Random instructions, executed one at a time in ring 0, from a seed: what they can reach by a
 * register is a window of addresses that all lie in one 2M page of physical memory (or of an
 * address hole), so that they meet memory or nothing, not the runtime.
 */
#ifndef TINY_FUZZ_H
#define TINY_FUZZ_H

#include "lib/types.h"

u64 random(u64 *state);

/* Runs `count` of them over the 2M page at `physical`; returns how many ran without a fault. */
unsigned fuzz_instructions(u64 seed, unsigned count, u64 physical);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The frame allocator: all RAM of the machine in blocks of a power of two, 4K to 1G, each aligned
 * to its size. A block that is handed out reads as zero: it is wiped when it comes back, and what
 * boot left dirty is wiped on its way out, never both. Memory below 1 MiB, then below 4 GiB, goes
 * last to those who did not ask for it. Page 0 is never handed out.
 *
 * Boot has two steps, since its own page tables reach only so far: frame_init takes what lies below
 * `reach`, frame_add_rest the rest when the direct map stands. After that every function may be
 * called on every core.
 */
#ifndef MM_FRAME_H
#define MM_FRAME_H

#include "mm/addr.h"
#include "mm/memmap.h"

#define FRAME_ORDERS 19 /* 4K << 0 .. 4K << 18 = 1G */

struct frame_stats {
    u64 total;               /* bytes of RAM that are here, free or not */
    u64 free;                /* ... of which these can be had */
    u64 largest;             /* the largest free block */
    u64 tables;              /* bytes that the allocator itself lives in */
    u64 lost;                /* bytes of RAM for which there was no room in its tables */
    u64 taken[FRAME_ORDERS]; /* blocks handed out, by size: 4K << i */
};

/*
 * `map` is normalized, holds what boot already uses as MEM_TAKEN, and stays where it is until
 * frame_leave. `reach`
 * and `limit` are the first physical addresses that hpa_ptr does not yet / will never lead to.
 * NULL, or a sentence if there is no RAM to begin with.
 */
must_check const char *frame_init(const struct memmap *map, u64 reach);
must_check const char *frame_add_rest(u64 limit);

/* A block of `size` bytes, all zero; HPA_NONE if there is none, or no such size. */
must_check hpa_t frame_alloc(u64 size);

/* The same with its last byte below `limit`. */
must_check hpa_t frame_alloc_below(u64 size, u64 limit);

/* The block at `base`, all zero, if it is free: NULL, or why it cannot be had. For machines that
 * are given real memory where it is. */
must_check const char *frame_claim(hpa_t base, u64 size);

/*
 * Wipes and takes back what was handed out at `base` with that same size. NULL, or what is wrong
 * with the caller; then nothing has changed.
 */
must_check const char *frame_free(hpa_t base, u64 size);

/*
 * The end of boot, once: from now on the map is not read any more, and of the memory that it calls
 * MEM_TAKEN this is what will no longer be needed. NULL, or why not; then nothing has changed.
 */
must_check const char *frame_leave(hpa_t base, u64 size);

/*
 * Wipes and takes in memory that boot leaves: any whole pages of it, each once. NULL, or why not;
 * then nothing has changed.
 */
must_check const char *frame_give(hpa_t base, u64 size);

/*
 * For what is no block: `size` bytes, all zero, in the smallest block that holds them; NULL if
 * there is none, as before frame_init. And back, or nothing if it is NULL.
 */
must_check void *frame_memory(u64 size);
void frame_memory_free(void *memory, u64 size);

struct frame_stats frame_stats(void);

#endif

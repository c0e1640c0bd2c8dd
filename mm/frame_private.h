/* SPDX-License-Identifier: MIT */
/*
 * What the frame allocator's own files share: what is known of each frame, and the free lists.
 *
 * A span is a stretch of gigabytes that hold RAM. It has one byte a frame, which counts only where
 * a block begins, and one bit a frame that says "known to be zero", which counts only in free
 * blocks. Where blocks begin follows from the gigabyte's first byte downwards, so nothing has to be
 * initialized but the heads of blocks:
 *
 *     frame   0       1       2       3       4       5       6       7
 *     head  [free 1] (any)  [free 0][taken 0][free 2] (any)   (any)   (any)
 *             |_______________|_______|_______|
 *               order 1, so at 2 another block begins; order 2 of 3, so at 4 another one
 */
#ifndef MM_FRAME_PRIVATE_H
#define MM_FRAME_PRIVATE_H

#include "lib/bits.h"
#include "lib/list.h"
#include "lib/lock.h"
#include "mm/frame.h"

#define FRAME_SPANS  64
#define GIGA_ORDER   (FRAME_ORDERS - 1)
#define GIGA_FRAMES  BIT(GIGA_ORDER)
#define FRAME_NUMBER 12 /* an address shifted by this */

/* LEAVING: given back and being wiped. */
enum block_state { BLOCK_ABSENT, BLOCK_FREE, BLOCK_TAKEN, BLOCK_LEAVING };

struct span {
    u64 first, count; /* frame numbers; first is a whole gigabyte, count ends with the last RAM */
    u64 *clean;
    u8 *head;
};

struct block {
    u64 first; /* frame number */
    unsigned order;
    enum block_state state;
};

/* Bytes that a span's tables need, and their start once there is a place: everything is absent. */
u64 span_table_size(const struct span *span);
void span_start(struct span *span, void *tables);

/* The block that holds a frame of the span. */
struct block span_block(const struct span *span, u64 frame);

/* True if a block of just this kind begins at `frame`, the buddy of a block of that order. */
bool span_is(const struct span *span, struct block block);
void span_mark(struct span *span, struct block block);

/* Marks all frames of the block as zero / wipes those that are not marked. */
void span_set_clean(struct span *span, struct block block);
void span_wipe(const struct span *span, struct block block);

/* No block lies in two zones: page 0 is absent, so none that begins below 1 MiB reaches it. */
enum zone { ZONE_REAL_MODE, ZONE_32_BIT, ZONE_HIGH, ZONES };

extern struct frames {
    struct lock lock;
    const struct memmap *map; /* as long as boot lasts */
    u64 may_give, may_give_to;
    u64 reach;
    unsigned span_count;
    struct span span[FRAME_SPANS];
    struct list free[ZONES][FRAME_ORDERS];
    struct frame_stats stats;
} frames;

/* NULL if the frame is in no span. */
struct span *span_of(u64 frame);

/* Makes absent frames of the span free, as blocks as large as can be; under the lock. */
void frames_take_in(struct span *span, u64 first, u64 end, bool clean);

static inline void *frame_ptr(u64 frame)
{
    return hpa_ptr(hpa(frame << FRAME_NUMBER));
}

#endif

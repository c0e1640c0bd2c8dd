/* SPDX-License-Identifier: MIT */
#include "mm/frame_private.h"

#include "lib/string.h"

static u64 clean_size(const struct span *span)
{
    return align_up(span->count, 64) / 8;
}

u64 span_table_size(const struct span *span)
{
    return clean_size(span) + align_up(span->count, 8);
}

void span_start(struct span *span, void *tables)
{
    span->clean = tables;
    span->head = (u8 *)tables + clean_size(span);
    memset(tables, 0, clean_size(span));
    for (u64 at = 0; at < span->count; at += GIGA_FRAMES)
        span_mark(span, (struct block){span->first + at, GIGA_ORDER, BLOCK_ABSENT});
}

static u8 head_byte(unsigned order, enum block_state state)
{
    return (u8)(state << 5 | order);
}

/*
 * Down from the gigabyte: a block that begins where we look but is smaller than what we look at
 * means that this is cut in halves, so a block begins in the middle of it too.
 */
struct block span_block(const struct span *span, u64 frame)
{
    unsigned order = GIGA_ORDER;
    for (;; order--) {
        u64 first = align_down(frame, BIT(order));
        u8 head = span->head[first - span->first];
        if ((head & 31) == order || !order)
            return (struct block){first, order, head >> 5};
    }
}

bool span_is(const struct span *span, struct block block)
{
    u64 at = block.first - span->first;
    return at < span->count && span->head[at] == head_byte(block.order, block.state);
}

/* What begins beyond the last RAM is absent, and stays so: it needs no byte. */
void span_mark(struct span *span, struct block block)
{
    u64 at = block.first - span->first;
    if (at < span->count)
        span->head[at] = head_byte(block.order, block.state);
}

/* The part of the bitmap's word at `at` that belongs to a block of `frames` frames. */
static u64 word_mask(u64 at, u64 frames)
{
    return frames >= 64 ? ~0ull : (BIT(frames) - 1) << (at % 64);
}

void span_set_clean(struct span *span, struct block block)
{
    u64 frames = BIT(block.order);
    u64 at = block.first - span->first;
    for (u64 end = at + frames; at < end; at += 64) {
        u64 *word = &span->clean[at / 64];
        __atomic_store_n(word, *word | word_mask(at, frames), __ATOMIC_RELAXED);
    }
}

/* Runs without the lock: the block is the caller's, but others may be setting bits in its word. */
void span_wipe(const struct span *span, struct block block)
{
    u64 frames = BIT(block.order);
    u64 at = block.first - span->first;
    for (u64 end = at + frames; at < end; at += 64) {
        u64 mask = word_mask(at, frames);
        u64 dirty = ~__atomic_load_n(&span->clean[at / 64], __ATOMIC_RELAXED) & mask;
        u64 word = span->first + align_down(at, 64);
        if (dirty == mask)
            memset(frame_ptr(span->first + at), 0, min_u64(frames, 64) * PAGE_4K);
        else
            for (; dirty; dirty &= dirty - 1)
                memset(frame_ptr(word + lowest_bit(dirty)), 0, PAGE_4K);
    }
}

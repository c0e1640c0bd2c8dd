/* SPDX-License-Identifier: MIT */
/*
 * Buddies: free blocks stand on lists by zone and size; a block that comes back joins its free
 * neighbour of the same size as long as there is one. The links stand in the free blocks themselves
 * and are wiped when a block leaves its list, so that "clean" stays true.
 */
#include "mm/frame.h"

#include "lib/string.h"
#include "mm/frame_private.h"

struct frames frames;
static const u64 zone_start[ZONES] = {0, MiB, 4 * GiB};

static enum zone zone_of(u64 frame)
{
    enum zone zone = ZONE_HIGH;
    while (frame << FRAME_NUMBER < zone_start[zone])
        zone--;
    return zone;
}

struct span *span_of(u64 frame)
{
    for (unsigned i = 0; i < frames.span_count; i++)
        if (frame - frames.span[i].first < frames.span[i].count)
            return &frames.span[i];
    return NULL;
}

static struct span *span_of_address(hpa_t at)
{
    return span_of(at.v >> FRAME_NUMBER);
}

/* The order of a size, or FRAME_ORDERS if blocks do not come so. */
static unsigned order_of(u64 size)
{
    bool good = size >= PAGE_4K && size <= PAGE_1G && !(size & (size - 1));
    return good ? highest_bit(size) - FRAME_NUMBER : FRAME_ORDERS;
}

static u64 block_size(struct block block)
{
    return PAGE_4K << block.order;
}

/* --- blocks on and off the lists; all under the lock --- */

static void mark(struct span *span, struct block block, enum block_state state)
{
    block.state = state;
    span_mark(span, block);
}

static void put_free(struct span *span, struct block block)
{
    mark(span, block, BLOCK_FREE);
    list_add(&frames.free[zone_of(block.first)][block.order], frame_ptr(block.first));
    frames.stats.free += block_size(block);
}

static void take_free(struct block block)
{
    struct list *links = frame_ptr(block.first);
    list_remove(links);
    memset(links, 0, sizeof *links);
    frames.stats.free -= block_size(block);
}

/* Back to the lists, joined with every free buddy. */
static void release(struct span *span, struct block block)
{
    for (; block.order < GIGA_ORDER; block.order++) {
        struct block buddy = {block.first ^ BIT(block.order), block.order, BLOCK_FREE};
        if (!span_is(span, buddy))
            break;
        take_free(buddy);
        block.first &= ~BIT(block.order);
    }
    put_free(span, block);
}

/* Halves `from` until the block of `order` at `first` stands alone; the other halves stay as they
 * were. The caller has taken `from` off its list, and marks what is returned. */
static struct block cut_out(struct span *span, struct block from, u64 first, unsigned order)
{
    while (from.order > order) {
        u64 middle = from.first | BIT(--from.order);
        struct block other = from;
        if (first < middle)
            other.first = middle;
        else
            from.first = middle;
        if (from.state == BLOCK_FREE)
            put_free(span, other);
        else
            span_mark(span, other);
    }
    return from;
}

static void hand_out(struct span *span, struct block from, u64 first, unsigned order)
{
    take_free(from);
    mark(span, cut_out(span, from, first, order), BLOCK_TAKEN);
    frames.stats.taken[order]++;
}

/* --- handing out --- */

/* The smallest free block whose beginning serves, in the highest zone that has one. */
static struct list *pick(unsigned order, u64 limit)
{
    u64 size = PAGE_4K << order;
    for (unsigned zone = ZONES; zone-- > 0;) {
        if (limit < zone_start[zone] + size)
            continue;
        for (unsigned o = order; o < FRAME_ORDERS; o++) {
            struct list *head = &frames.free[zone][o];
            for (struct list *at = head->next; at != head; at = at->next)
                if (ptr_hpa(at).v <= limit - size)
                    return at;
        }
    }
    return NULL;
}

hpa_t frame_alloc_below(u64 size, u64 limit)
{
    unsigned order = order_of(size);
    if (order == FRAME_ORDERS || !frames.span_count)
        return HPA_NONE;

    lock_take(&frames.lock);
    struct list *found = pick(order, limit);
    u64 first = found ? ptr_hpa(found).v >> FRAME_NUMBER : 0;
    struct span *span = found ? span_of(first) : NULL;
    if (span)
        hand_out(span, span_block(span, first), first, order);
    lock_drop(&frames.lock);

    if (!span)
        return HPA_NONE;
    span_wipe(span, (struct block){first, order, BLOCK_TAKEN});
    return hpa(first << FRAME_NUMBER);
}

hpa_t frame_alloc(u64 size)
{
    return frame_alloc_below(size, ~0ull);
}

static const char *check_block(hpa_t base, u64 size)
{
    if (order_of(size) == FRAME_ORDERS)
        return "the size of a block must be a power of two from 4K to 1G";
    if (!is_aligned(base.v, size))
        return "the address of a block must be aligned to its size";
    if (!span_of_address(base))
        return "the address is not in the RAM that the frame allocator holds";
    return NULL;
}

static const char *claim(hpa_t base, u64 size)
{
    u64 first = base.v >> FRAME_NUMBER;
    unsigned order = order_of(size);
    struct span *span = span_of(first);
    struct block block = span_block(span, first);

    if (block.state == BLOCK_ABSENT)
        return "the block is not RAM, or is reserved";
    if (block.state != BLOCK_FREE || block.order < order)
        return "the block is in use, or a part of it is";
    hand_out(span, block, first, order);
    return NULL;
}

const char *frame_claim(hpa_t base, u64 size)
{
    const char *error = check_block(base, size);
    if (error)
        return error;
    lock_take(&frames.lock);
    error = claim(base, size);
    lock_drop(&frames.lock);
    if (!error)
        span_wipe(span_of_address(base),
                  (struct block){base.v >> FRAME_NUMBER, order_of(size), BLOCK_TAKEN});
    return error;
}

/* --- taking back --- */

/* From now on a second free of the block is refused, while nobody can have it yet. */
static const char *begin_free(struct span *span, struct block freed)
{
    struct block block = span_block(span, freed.first);
    if (block.state == BLOCK_ABSENT)
        return "the block was never handed out: it is not RAM, or is reserved";
    if (block.state != BLOCK_TAKEN)
        return "the block is free already";
    if (block.first != freed.first)
        return "the address is inside a block, not at its beginning";
    if (block.order != freed.order)
        return "the block was handed out with another size";
    mark(span, block, BLOCK_LEAVING);
    return NULL;
}

const char *frame_free(hpa_t base, u64 size)
{
    const char *error = check_block(base, size);
    if (error)
        return error;
    struct span *span = span_of_address(base);
    struct block block = {base.v >> FRAME_NUMBER, order_of(size), BLOCK_TAKEN};

    lock_take(&frames.lock);
    error = begin_free(span, block);
    lock_drop(&frames.lock);
    if (error)
        return error;

    memset(hpa_ptr(base), 0, size);

    lock_take(&frames.lock);
    span_set_clean(span, block);
    frames.stats.taken[block.order]--;
    release(span, block);
    lock_drop(&frames.lock);
    return NULL;
}

/* --- taking in what was absent --- */

/* The largest aligned block that begins at `first`, ends by `end`, and is a part of `within`. */
static unsigned fitting_order(u64 first, u64 end, struct block within)
{
    unsigned order = highest_bit(end - first);
    if (first && lowest_bit(first) < order)
        order = lowest_bit(first);
    return order < within.order ? order : within.order;
}

void frames_take_in(struct span *span, u64 first, u64 end, bool clean)
{
    while (first < end) {
        struct block from = span_block(span, first);
        struct block block = cut_out(span, from, first, fitting_order(first, end, from));
        if (clean)
            span_set_clean(span, block);
        frames.stats.total += block_size(block);
        release(span, block);
        first += BIT(block.order);
    }
}

struct frame_stats frame_stats(void)
{
    lock_take(&frames.lock);
    struct frame_stats stats = frames.stats;
    for (unsigned order = 0; order < FRAME_ORDERS; order++)
        for (unsigned zone = 0; zone < ZONES; zone++)
            if (!list_empty(&frames.free[zone][order]))
                stats.largest = PAGE_4K << order;
    lock_drop(&frames.lock);
    return stats;
}

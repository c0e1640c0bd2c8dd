/* SPDX-License-Identifier: MIT */
#include "mm/frame.h"

#include "lib/string.h"
#include "mm/frame_private.h"

static bool is_absent(const struct span *span, u64 first, u64 end)
{
    for (struct block b; first < end; first = b.first + BIT(b.order)) {
        b = span_block(span, first);
        if (b.state != BLOCK_ABSENT)
            return false;
    }
    return true;
}

const char *frame_give(hpa_t base, u64 size)
{
    u64 first = base.v >> FRAME_NUMBER, end = first + (size >> FRAME_NUMBER);
    struct span *span = span_of(first);

    if (!size || !is_aligned(base.v | size, PAGE_4K) || !base.v)
        return "only whole pages above page 0 can be given to the frame allocator";
    if (base.v < frames.may_give || base.v > frames.may_give_to ||
        size > frames.may_give_to - base.v)
        return "only memory that boot leaves can be given to the frame allocator";
    if (!span || end - span->first > span->count)
        return "the memory is not where the frame allocator has tables for it";

    lock_take(&frames.lock);
    bool absent = is_absent(span, first, end);
    if (absent) {
        memset(hpa_ptr(base), 0, size);
        frames_take_in(span, first, end, true);
    }
    lock_drop(&frames.lock);
    return absent ? NULL : "the memory was given to the frame allocator before";
}

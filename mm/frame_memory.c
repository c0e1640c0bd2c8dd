/* SPDX-License-Identifier: MIT */
#include "lib/bits.h"
#include "lib/panic.h"
#include "mm/frame.h"

static u64 block_of(u64 size)
{
    return size > PAGE_4K ? 2ull << highest_bit(size - 1) : PAGE_4K;
}

void *frame_memory(u64 size)
{
    hpa_t block = frame_alloc(block_of(size));

    return hpa_is_none(block) ? NULL : hpa_ptr(block);
}

void frame_memory_free(void *memory, u64 size)
{
    const char *error = memory ? frame_free(ptr_hpa(memory), block_of(size)) : NULL;

    hv_assert(!error);
}

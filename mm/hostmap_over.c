/* SPDX-License-Identifier: MIT */
/*
 * The one change that takes pages away: boot's part of the image becomes plain memory.
 */
#include "mm/frame.h"
#include "mm/hostmap_private.h"

struct hostmap host;

hpa_t hostmap_root(void)
{
    return host.pt.root;
}

hpa_t hostmap_image_hpa(const void *in_image)
{
    return hpa_add(host.image_base, (u64)in_image - (u64)image_start);
}

static const char *close_both(u64 at, hpa_t memory, u64 size, struct ptab_flush *flush)
{
    const char *error = ptab_unmap(&host.pt, at, size, flush);

    return error ? error : ptab_unmap(&host.pt, direct(memory), size, flush);
}

/*
 * For a moment the memory is nowhere, and every core forgets it. So none can still execute it, or
 * know it as read-only, when it is mapped to be written.
 */
static const char *move(hpa_t memory, u64 size, void (*everywhere_forget)(void))
{
    struct ptab_flush flush = {0};
    const char *error = close_both((u64)(uintptr_t)image_start, memory, size, &flush);

    everywhere_forget();
    const char *said = ptab_release(&host.pt, &flush);
    if (error || said)
        return error ? error : said;
    error = ptab_map(&host.pt, direct(memory), memory, size, MEMORY | PT_W, &flush);
    said = ptab_release(&host.pt, &flush); /* what was a hole is remembered by no core */
    return error ? error : said;
}

const char *hostmap_end_boot(void (*everywhere_forget)(void))
{
    u64 size = (u64)(image_text_start - image_start);

    lock_take(&host.lock);
    const char *error = move(host.image_base, size, everywhere_forget);
    host.invalidate = NULL; /* it goes too: nobody adds to the map any more */
    lock_drop(&host.lock);
    return error ? error : frame_give(host.image_base, size);
}

/* SPDX-License-Identifier: MIT */
#include "mm/hostmap.h"

#include "lib/bits.h"
#include "lib/fmt.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "mm/frame.h"

#define STACKS_BASE  0xffffff0000000000ull
#define STACKS_END   0xffffff8000000000ull
#define DIRECT_SPACE (64ull << 40) /* of physical addresses: 46 bits */

extern const char image_start[], image_end[];
extern const char image_text_start[], image_text_end[];
extern const char image_rodata_start[], image_rodata_end[];
extern const char image_data_start[], image_data_end[];

static struct ptab host;
static struct lock lock;
static const struct memmap *memory;
static void (*invalidate)(const struct ptab_flush *);
static hpa_t image_at;
static u64 limit;
static u64 next_stack = STACKS_BASE;

hpa_t hostmap_root(void)
{
    return host.root;
}

u64 hostmap_limit(void)
{
    return limit;
}

hpa_t hostmap_image_hpa(const void *in_image)
{
    return hpa_add(image_at, (u64)in_image - (u64)image_start);
}

/* Takes effect here at once; other cores have never seen what is only being added. */
static const char *map(u64 va, hpa_t pa, u64 size, u32 flags)
{
    struct ptab_flush flush = {0};
    const char *error =
        ptab_map(&host, va, pa, size, flags | PT_GLOBAL | PT_ACCESSED | PT_DIRTY, &flush);
    if (flush.needed)
        invalidate(&flush);
    const char *unreleased = ptab_release(&host, &flush);
    return error ? error : unreleased;
}

static u64 direct(hpa_t base)
{
    return direct_base + base.v;
}

static const char *map_image_part(const char *start, const char *end, u32 flags)
{
    return map((u64)start, hostmap_image_hpa(start), (u64)(end - start), flags);
}

static const char *map_image(void)
{
    const char *error = map_image_part(image_text_start, image_text_end, PT_R | PT_X);
    if (!error)
        error = map_image_part(image_rodata_start, image_rodata_end, PT_R);
    if (!error)
        error = map_image_part(image_data_start, image_data_end, PT_R | PT_W);
    return error;
}

static bool is_memory(enum mem_type type)
{
    return type == MEM_RAM || type == MEM_TAKEN || type == MEM_ACPI || type == MEM_NVS;
}

/* All but the first page, which is nobody's. */
static const char *map_range(const struct mem_range *range)
{
    u64 base = max_u64(range->base, PAGE_4K), end = range->base + range->size;

    if (!is_memory(range->type) || base >= end)
        return NULL;
    if (end > DIRECT_SPACE)
        return "there is memory above 64 TiB";
    limit = max_u64(limit, end);
    return map(direct(hpa(base)), hpa(base), end - base, PT_R | PT_W);
}

/* Neighbours of different kinds are mapped as one, so that pages may be large across them. */
static const char *map_direct(void)
{
    const char *error = NULL;

    for (unsigned i = 0; i < memory->count && !error;) {
        struct mem_range range = memory->range[i++];
        for (; i < memory->count && is_memory(range.type) && is_memory(memory->range[i].type) &&
               memory->range[i].base == range.base + range.size;
             i++)
            range.size += memory->range[i].size;
        error = map_range(&range);
    }
    return error;
}

static const char *protect_image(void)
{
    struct ptab_flush flush = {0};
    u64 size = (u64)(image_rodata_end - image_text_start);
    const char *error = ptab_protect(&host, direct(hostmap_image_hpa(image_text_start)), size,
                                     PT_R | PT_GLOBAL, &flush);
    const char *unreleased = ptab_release(&host, &flush);
    return error ? error : unreleased;
}

const char *hostmap_init(const struct memmap *map, hpa_t image, u64 page_max,
                         void (*forget)(const struct ptab_flush *))
{
    memory = map;
    image_at = image;
    invalidate = forget;
    const char *error = ptab_init(&host, &ptab_x86, &ptab_frames, page_max, DIRECT_SPACE);
    if (!error)
        error = map_image();
    if (!error)
        error = map_direct();
    if (!error)
        error = protect_image();
    return error;
}

static bool overlaps_memory(u64 base, u64 end)
{
    for (unsigned i = 0; i < memory->count; i++) {
        const struct mem_range *range = &memory->range[i];
        if (is_memory(range->type) && base < range->base + range->size && range->base < end)
            return true;
    }
    return false;
}

/* Maps the holes of a range, page by page, and leaves what is there. */
static const char *fill_holes(u64 base, u64 end, u32 flags)
{
    const char *error = NULL;
    struct ptab_leaf leaf;

    for (u64 at = base; at < end && !error; at += PAGE_4K)
        if (!ptab_lookup(&host, direct(hpa(at)), &leaf))
            error = map(direct(hpa(at)), hpa(at), PAGE_4K, flags);
    return error;
}

static void *make_reachable(hpa_t base, u64 size, u32 flags, const char *what)
{
    u64 first = align_down(base.v, PAGE_4K), end = align_up(base.v + size, PAGE_4K);
    const char *error;

    if (!size || end <= first || end > DIRECT_SPACE || base.v < PAGE_4K) {
        log_warn("%s at 0x%lx, %lu bytes: not an address that can be mapped", what, base.v, size);
        return NULL;
    }
    lock_take(&lock);
    error = fill_holes(first, end, flags);
    lock_drop(&lock);
    if (error)
        log_warn("%s at 0x%lx cannot be mapped: %s", what, base.v, error);
    return error ? NULL : hpa_ptr(base);
}

void *hostmap_device(hpa_t base, u64 size, u32 type)
{
    if (overlaps_memory(base.v, base.v + size)) {
        log_warn("device registers at 0x%lx: the memory map has RAM there; not used", base.v);
        return NULL;
    }
    return make_reachable(base, size, PT_R | PT_W | type, "a device");
}

const void *hostmap_firmware(hpa_t base, u64 size)
{
    return make_reachable(base, size, PT_R, "a firmware table");
}

void *hostmap_stack(u64 size)
{
    u64 base;
    const char *error = NULL;

    lock_take(&lock);
    base = next_stack + PAGE_4K;
    if (base + size + PAGE_4K > STACKS_END)
        error = "no room for more stacks";
    for (u64 at = 0; at < size && !error; at += PAGE_4K) {
        hpa_t frame = frame_alloc(PAGE_4K);
        error = hpa_is_none(frame) ? "no memory" : map(base + at, frame, PAGE_4K, PT_R | PT_W);
    }
    if (!error)
        next_stack = base + size;
    lock_drop(&lock);
    return error ? NULL : (void *)base;
}

static char finding[120];

static const char *check_leaf(void *context, const struct ptab_leaf *leaf)
{
    u64 image = image_at.v, image_ro_end = hostmap_image_hpa(image_rodata_end).v;
    const char *what = NULL;
    (void)context;

    if (leaf->flags & PT_W && leaf->flags & PT_X)
        what = "writable and executable";
    else if (leaf->flags & PT_W && leaf->pa.v < image_ro_end && leaf->pa.v + leaf->size > image)
        what = "a writable view of the image's text or rodata";
    else if (leaf->flags & PT_X &&
             (leaf->va < (u64)image_text_start || leaf->va + leaf->size > (u64)image_text_end))
        what = "executable and not the image's text";
    else if (leaf->va < PAGE_4K || leaf->pa.v < PAGE_4K)
        what = "a view of the first page";
    else if (leaf->flags & PT_USER)
        what = "open to user mode";
    if (!what)
        return NULL;
    fmt_text(finding, sizeof finding, "the page at 0x%lx is %s", leaf->va, what);
    return finding;
}

const char *hostmap_check(void)
{
    return ptab_visit(&host, check_leaf, NULL);
}

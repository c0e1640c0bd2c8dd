/* SPDX-License-Identifier: MIT */
/*
 * Built and added to by boot, and only at boot.
 */
#include "mm/hostmap.h"

#include "lib/bits.h"
#include "lib/log.h"
#include "mm/frame.h"
#include "mm/hostmap_private.h"

#define STACKS       0xffffff0000000000
#define STACKS_END   0xffffff8000000000
#define STACK_MAX    MiB
#define DIRECT_SIZE  (STACKS - 0xffff800000000000) /* in the kernel; the host has as much room */
#define FIRMWARE_MAX (16 * MiB)

/* --- building --- */

/* What is read and written as memory is. MEM_TAKEN is: the image, modules, boot's own tables. */
static bool is_memory(enum mem_type type)
{
    return type == MEM_RAM || type == MEM_ACPI || type == MEM_NVS || type == MEM_TAKEN;
}

static const char *map_run(u64 from, u64 to, struct ptab_flush *flush)
{
    from = max_u64(from, PAGE_4K);
    to = min_u64(to, hostmap_limit());
    if (from >= to)
        return NULL;
    return ptab_map(&host.pt, direct(hpa(from)), hpa(from), to - from, MEMORY | PT_W, flush);
}

/* Runs of neighbours are mapped in one piece, so that large pages reach over their borders. */
static const char *map_memory(const struct memmap *map, struct ptab_flush *flush)
{
    const char *error = NULL;
    u64 from = 0, to = 0;

    for (unsigned i = 0; i < map->count && !error; i++) {
        const struct mem_range *r = &map->range[i];
        if (!is_memory(r->type))
            continue;
        if (r->base != to) {
            error = map_run(from, to, flush);
            from = r->base;
        }
        to = r->base + r->size;
    }
    return error ? error : map_run(from, to, flush);
}

static const char *map_segment(const char *start, const char *end, u32 flags,
                               struct ptab_flush *flush)
{
    u64 size = (u64)(end - start);
    hpa_t pa = hostmap_image_hpa(start);
    const char *error = ptab_map(&host.pt, (u64)(uintptr_t)start, pa, size, flags, flush);

    if (!error && !(flags & PT_W)) /* no way around, either */
        error = ptab_protect(&host.pt, direct(pa), size, MEMORY, flush);
    return error;
}

static const char *build(const struct memmap *map, struct ptab_flush *flush)
{
    static const struct {
        const char *start, *end;
        u32 flags;
    } segments[] = {
        {image_boot_rodata_start, image_boot_rodata_end, MEMORY       },
        {image_boot_bss_start,    image_boot_bss_end,    MEMORY | PT_W},
        {image_boot_text_start,   image_boot_text_end,   MEMORY | PT_X},
        {image_text_start,        image_text_end,        MEMORY | PT_X},
        {image_rodata_start,      image_rodata_end,      MEMORY       },
        {image_data_start,        image_data_end,        MEMORY | PT_W},
    };
    const char *error = map_memory(map, flush);

    for (unsigned i = 0; i < array_size(segments) && !error; i++)
        error = map_segment(segments[i].start, segments[i].end, segments[i].flags, flush);
    return error;
}

const char *hostmap_init(const struct memmap *map, hpa_t image_base, u64 page_max, u64 pa_limit,
                         void (*invalidate)(const struct ptab_flush *flush))
{
    struct ptab_flush flush = {0};
    host.image_base = image_base;
    host.next_stack = STACKS;
    host.invalidate = invalidate;

    const char *error = ptab_init(&host.pt, &ptab_x86, &ptab_frames, page_max, pa_limit);
    if (error)
        return error;
    error = build(map, &flush);
    const char *said = ptab_release(&host.pt, &flush); /* no core has it yet */
    if (error)
        (void)!ptab_destroy(&host.pt);
    return error ? error : said;
}

u64 hostmap_limit(void)
{
    return min_u64(host.pt.pa_limit, DIRECT_SIZE);
}

/* --- the live map --- */

static const char *finish(struct ptab_flush *flush)
{
    if (flush->needed)
        host.invalidate(flush);
    return ptab_release(&host.pt, flush);
}

/* The page or hole at `at` within a range that ends at `end`: its flags (0: hole), and its end. */
static u32 piece_at(u64 at, u64 end, u64 *piece_end)
{
    struct ptab_leaf leaf;
    bool mapped = ptab_lookup(&host.pt, at, &leaf);
    *piece_end = min_u64(end, leaf.va + leaf.size);
    return mapped ? leaf.flags : 0;
}

static const char *check_type(u64 at, u64 end, u32 type)
{
    for (u64 next; at < end; at = next) {
        u32 flags = piece_at(at, end, &next);
        if (flags && (flags & PT_TYPE) != type)
            return "it is memory, or in use as another kind of memory";
    }
    return NULL;
}

/* Maps the holes of a range of the direct map. */
static const char *fill(u64 at, u64 end, u32 flags)
{
    struct ptab_flush flush = {0};
    const char *error = NULL;

    for (u64 next; at < end && !error; at = next)
        if (!piece_at(at, end, &next))
            error =
                ptab_map(&host.pt, at, ptr_hpa((void *)(uintptr_t)at), next - at, flags, &flush);
    const char *said = finish(&flush);
    return error ? error : said;
}

static const char *check_place(hpa_t base, u64 size)
{
    if (!size || base.v >= hostmap_limit() || size > hostmap_limit() - base.v)
        return "it is empty, or beyond what the direct map can hold";
    return base.v < PAGE_4K ? "page 0 stays unmapped" : NULL;
}

static void *result(const char *error, hpa_t base, u64 size, const char *what)
{
    if (!error)
        return hpa_ptr(base);
    log_error("cannot map %s at 0x%llx, 0x%llx bytes: %s", what, (unsigned long long)base.v,
              (unsigned long long)size, error);
    return NULL;
}

void *hostmap_device(hpa_t base, u64 size, u32 type)
{
    u64 from = direct(hpa(align_down(base.v, PAGE_4K)));
    const char *error = check_place(base, size);

    if (!error && type != PT_UC && type != PT_WC)
        error = "a device is mapped PT_UC or PT_WC";
    if (!error) {
        u64 to = direct(hpa(align_up(base.v + size, PAGE_4K)));
        lock_take(&host.lock);
        error = check_type(from, to, type);
        if (!error)
            error = fill(from, to, MEMORY | PT_W | type);
        lock_drop(&host.lock);
    }
    return result(error, base, size, "a device");
}

void *hostmap_firmware(hpa_t base, u64 size)
{
    u64 from = direct(hpa(align_down(base.v, PAGE_4K)));
    const char *error = check_place(base, size);

    if (!error && size > FIRMWARE_MAX)
        error = "no firmware table is as large";
    if (!error) {
        u64 to = direct(hpa(align_up(base.v + size, PAGE_4K)));
        lock_take(&host.lock);
        error = fill(from, to, MEMORY);
        lock_drop(&host.lock);
    }
    return result(error, base, size, "a firmware table");
}

/* --- stacks --- */

static const char *add_page(u64 va, struct ptab_flush *flush)
{
    hpa_t page = frame_alloc(PAGE_4K);
    if (hpa_is_none(page))
        return "no memory is left";
    const char *error = ptab_map(&host.pt, va, page, PAGE_4K, MEMORY | PT_W, flush);
    if (error)
        (void)!frame_free(page, PAGE_4K);
    return error;
}

static void drop_pages(u64 from, u64 to)
{
    for (u64 va = from; va < to; va += PAGE_4K) {
        struct ptab_flush flush = {0};
        struct ptab_leaf leaf;
        bool mapped = ptab_lookup(&host.pt, va, &leaf);
        const char *error = ptab_unmap(&host.pt, va, PAGE_4K, &flush);
        if (!error)
            error = finish(&flush);
        if (!error && mapped)
            error = frame_free(leaf.pa, PAGE_4K);
        if (error)
            log_error("a page of a stack is lost: %s", error);
    }
}

static const char *make_stack(u64 base, u64 size)
{
    struct ptab_flush flush = {0};
    const char *error = NULL;

    for (u64 done = 0; done < size && !error; done += PAGE_4K)
        error = add_page(base + done, &flush);
    const char *said = finish(&flush);
    if (error)
        drop_pages(base, base + size);
    return error ? error : said;
}

void *hostmap_stack(u64 size)
{
    const char *error = NULL;

    lock_take(&host.lock);
    u64 base =
        host.next_stack + PAGE_4K; /* above the guard page; the next one's stands behind it */
    if (!size || size > STACK_MAX || !is_aligned(size, PAGE_4K) || base + size >= STACKS_END)
        error = "it must be whole pages, at most 1M, and there is room for some 512G";
    if (!error)
        error = make_stack(base, size);
    if (!error)
        host.next_stack = base + size;
    lock_drop(&host.lock);

    if (!error)
        return (void *)(uintptr_t)base;
    log_error("cannot make a stack of 0x%llx bytes: %s", (unsigned long long)size, error);
    return NULL;
}

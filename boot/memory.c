/* SPDX-License-Identifier: MIT */
#include "boot/memory.h"

#include "arch/x86/cpu.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/hostmap.h"

#define IMAGE_VIRTUAL 0xffffffff80000000ull /* linker.ld */
#define LEAST_RAM     (16 * MiB)

extern const char image_start[], image_text_start[], image_end[];

static u64 total;

static bool take(struct memmap *map, hpa_t base, u64 size)
{
    return memmap_add(map, align_down(base.v, PAGE_4K), align_up(size + base.v % PAGE_4K, PAGE_4K),
                      MEM_TAKEN);
}

/* What boot already uses. The first page is nobody's: no pointer into it is ever right. */
static bool take_ours(struct boot_info *info, hpa_t image)
{
    struct memmap *map = &info->memmap;
    bool fits = take(map, hpa(0), PAGE_4K) && take(map, image, (u64)(image_end - image_start));

    for (unsigned i = 0; i < info->module_count; i++)
        fits = fits && take(map, info->module[i].base, info->module[i].size);
    return fits;
}

static void log_map(const struct memmap *map)
{
    for (unsigned i = 0; i < map->count; i++)
        log_debug("memory: %016lx-%016lx %s", map->range[i].base,
                  map->range[i].base + map->range[i].size - 1, mem_type_name(map->range[i].type));
}

u64 memory_total_mib(void)
{
    return align_up(total, MiB) / MiB;
}

static u64 pa_limit(void)
{
    u32 bits = cpuid_or_zero(0x80000008, 0).eax & 0xff;
    return BIT(bits ? bits : 36);
}

static u64 page_max(void)
{
    return cpuid_or_zero(0x80000001, 0).edx & BIT(26) ? PAGE_1G : PAGE_2M;
}

/* Of this core: the others only ever see pages added, which no processor remembers as absent. */
static void invalidate(const struct ptab_flush *flush)
{
    if (flush->last - flush->from > 64 * PAGE_4K)
        cr3_write(cr3_read());
    else
        for (u64 at = align_down(flush->from, PAGE_4K); at <= flush->last; at += PAGE_4K)
            invlpg(at);
}

const char *memory_start(struct boot_info *info, u64 moved)
{
    hpa_t image = hpa((u64)image_start - IMAGE_VIRTUAL + moved);
    struct memmap *map = &info->memmap;

    if (!memmap_normalize(map))
        return "the firmware's memory map has too many pieces";
    total = memmap_ram(map);
    if (total < LEAST_RAM)
        return "less than 16 MiB of memory: Trivet itself fits, but no guest would";
    if (!take_ours(info, image) || !memmap_normalize(map))
        return "too many modules for the memory map";
    log_map(map);
    const char *error = frame_init(map, BOOT_REACH);
    if (!error)
        error = hostmap_init(map, image, page_max(), pa_limit(), invalidate);
    if (error)
        return error;
    cr3_write(hostmap_root().v);
    error = frame_add_rest(hostmap_limit());
    log_use_ring(frame_memory(LOG_RING));
    return error;
}

const char *memory_leave(void)
{
    return frame_leave(hostmap_image_hpa(image_start), (u64)(image_text_start - image_start));
}

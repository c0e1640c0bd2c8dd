/* SPDX-License-Identifier: MIT */
/*
 * The kind from the content, and what every loader needs: checks, copies, the initrd's place.
 */
#include "guests/load_parts.h"

#include "lib/fmt.h"

void load_say(struct loader *l, const char *format, ...)
{
    va_list args;
    size_t used =
        fmt_text(l->error->text, sizeof l->error->text, "%s: ", guest_kind_name(l->start->kind));
    va_start(args, format);
    fmt_va(l->error->text + used, sizeof l->error->text - used, format, args);
    va_end(args);
}

bool load_check(struct loader *l, u64 at, u64 size, const char *what)
{
    if (!e820_is_ram(l->order->map, at, size))
        return load_fail(l,
                         "%s takes 0x%llx bytes at 0x%llx: expected all of it in the guest's RAM",
                         what, ULL(size), ULL(at));
    if (at < GUEST_BOOT_END && at + size > GUEST_BOOT_BASE)
        return load_fail(l,
                         "%s takes 0x%llx bytes at 0x%llx: expected it clear of 0x%llx to 0x%llx, "
                         "where Trivet puts what the guest starts with",
                         what, ULL(size), ULL(at), GUEST_BOOT_BASE, GUEST_BOOT_END);
    return true;
}

void load_note(struct loader *l, u64 at, u64 size)
{
    if (at < GUEST_ROM_END || !size)
        return;
    l->kernel_base = l->kernel_end ? min_u64(l->kernel_base, at) : at;
    l->kernel_end = max_u64(l->kernel_end, at + size);
}

static bool fail_write(struct loader *l, u64 at, u64 size)
{
    return load_fail(l, "0x%llx bytes at 0x%llx cannot be written: no memory of the guest",
                     ULL(size), ULL(at));
}

bool load_copy(struct loader *l, u64 at, const u8 *data, u64 size)
{
    const struct guest_ram *ram = &l->order->ram;
    return !size || ram->copy(ram->ctx, gpa(at), data, size) || fail_write(l, at, size);
}

bool load_zero(struct loader *l, u64 at, u64 size)
{
    const struct guest_ram *ram = &l->order->ram;
    return !size || ram->zero(ram->ctx, gpa(at), size) || fail_write(l, at, size);
}

static bool check_own_area(struct loader *l)
{
    return e820_is_ram(l->order->map, GUEST_BOOT_BASE, GUEST_BOOT_END - GUEST_BOOT_BASE) ||
           load_fail(l,
                     "the guest has %lluK of RAM: expected memory = 640K or more, for its page "
                     "tables and boot information",
                     ULL(e820_ram(l->order->map) / KiB));
}

bool load_own(struct loader *l, u64 at, const void *data, u64 size)
{
    return check_own_area(l) && load_copy(l, at, data, size);
}

bool load_own_zero(struct loader *l, u64 at, u64 size)
{
    return check_own_area(l) && load_zero(l, at, size);
}

/* The highest page-aligned place for `size` bytes in RAM that ends at or below `end`; 0: none. */
static u64 fit_below(const struct e820_entry *ram, u64 end, u64 size)
{
    u64 top = min_u64(ram->base + ram->size, end);
    if (top < ram->base || size > top - ram->base)
        return 0;
    top = align_down(top - size, PAGE_4K);
    return top >= ram->base ? top : 0;
}

/*
 * RAM above 1M from the top down: as high as the limit allows, else below the kernel.
 *
 *    1M         kernel                        limit, or end of RAM
 *    |  second  |#########|            first |
 */
static u64 find_place(const struct loader *l, u64 limit, u64 size)
{
    const struct e820_map *map = l->order->map;
    for (unsigned i = map->count; i-- > 0;) {
        const struct e820_entry *e = &map->entry[i];
        u64 at;
        if (e->type != MEM_RAM || e->base < GUEST_ROM_END)
            continue;
        at = fit_below(e, limit, size);
        if (at && at < l->kernel_end && at + size > l->kernel_base)
            at = fit_below(e, min_u64(l->kernel_base, limit), size);
        if (at)
            return at;
    }
    return 0;
}

bool load_initrd(struct loader *l, u64 limit)
{
    struct guest_image initrd = l->order->initrd;
    l->initrd = 0;
    if (!initrd.size)
        return true;
    l->initrd = find_place(l, limit, initrd.size);
    if (!l->initrd)
        return load_fail(l,
                         "the initrd of %llu bytes does not fit beside the kernel (0x%llx to "
                         "0x%llx) in the RAM from 1M to 0x%llx: expected more memory",
                         ULL(initrd.size), ULL(l->kernel_base), ULL(l->kernel_end), ULL(limit));
    return load_copy(l, l->initrd, initrd.data, initrd.size);
}

static bool load_string(struct loader *l, u64 at, const char *text, u64 max, const char *what)
{
    u64 length = strlen(text);
    if (length > max)
        return load_fail(l, "%s has %llu characters: expected at most %llu", what, ULL(length),
                         ULL(max));
    return load_own(l, at, text, length + 1);
}

bool load_cmdline(struct loader *l, u64 max)
{
    return load_string(l, GUEST_BOOT_CMDLINE, l->order->cmdline, min_u64(max, GUEST_CMDLINE_MAX),
                       "the command line");
}

bool load_initrd_string(struct loader *l, u64 at)
{
    return load_string(l, at, l->order->initrd_string, GUEST_STRING_MAX, "the initrd's string");
}

enum guest_kind guest_kind_of(struct guest_image image)
{
    u64 offset;
    if (is_linux(image))
        return GUEST_BZIMAGE;
    if (find_multiboot(image, &offset))
        return GUEST_MULTIBOOT;
    return is_elf(image) ? GUEST_ELF : GUEST_FLAT;
}

const char *guest_kind_name(enum guest_kind kind)
{
    static const char *const names[] = {[GUEST_FLAT] = "flat",
                                        [GUEST_ELF] = "ELF",
                                        [GUEST_MULTIBOOT] = "multiboot",
                                        [GUEST_BZIMAGE] = "bzImage"};
    return names[kind];
}

bool guest_load(const struct guest_load *order, struct guest_start *start, struct load_error *error)
{
    static bool (*const loaders[])(struct loader *) = {[GUEST_FLAT] = load_flat,
                                                       [GUEST_ELF] = load_elf,
                                                       [GUEST_MULTIBOOT] = load_multiboot,
                                                       [GUEST_BZIMAGE] = load_linux};
    struct loader l = {.order = order, .start = start, .error = error};
    memset(start, 0, sizeof *start);
    error->text[0] = 0;
    start->kind = guest_kind_of(order->kernel);
    return loaders[start->kind](&l);
}

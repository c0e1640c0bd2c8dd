/* SPDX-License-Identifier: MIT */
/*
 * Flat binaries: no header, so the address and the mode come from the manifest or from convention.
 */
#include "guests/load_parts.h"

#define BOOT_SECTOR 0x7c00ull

static bool is_boot_sector(struct guest_image image)
{
    return image.size >= 512 && get16(image.data + 510) == 0xaa55;
}

static bool load_flat_real(struct loader *l, u64 at)
{
    struct guest_image image = l->order->kernel;
    if (at >= GUEST_ROM_END)
        return load_fail(l, "load = 0x%llx: expected an address below 1M in real mode", ULL(at));
    if (l->order->initrd.size)
        return load_fail(l, "an initrd is given: expected none, a kernel in real mode cannot be "
                            "told where it is");
    if (!e820_is_ram(l->order->map, at, image.size))
        return load_fail(l,
                         "%llu bytes at 0x%llx: expected all of it in the guest's RAM below 640K",
                         ULL(image.size), ULL(at));
    load_real(l, at);
    return load_copy(l, at, image.data, image.size);
}

static bool load_flat_long(struct loader *l, u64 at)
{
    struct guest_image image = l->order->kernel;
    if (at >= 4 * GiB)
        return load_fail(l, "load = 0x%llx: expected an address below 4G", ULL(at));
    if (!load_check(l, at, image.size, "the image"))
        return false;
    load_note(l, at, image.size);
    if (!load_copy(l, at, image.data, image.size) || !load_start_info(l))
        return false;
    l->start->rdi = GUEST_BOOT_INFO;
    return load_long_mode(l, at);
}

bool load_flat(struct loader *l)
{
    const struct guest_load *order = l->order;
    bool real = order->mode == GUEST_FLAT_REAL ||
                (order->mode == GUEST_FLAT_BY_CONTENT && is_boot_sector(order->kernel));
    u64 at = order->has_load ? order->load : real ? BOOT_SECTOR : MiB;

    if (!order->kernel.size)
        return load_fail(l, "the file is empty: expected a kernel");
    return real ? load_flat_real(l, at) : load_flat_long(l, at);
}

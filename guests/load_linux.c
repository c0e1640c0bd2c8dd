/* SPDX-License-Identifier: MIT */
/*
 * bzImage, by Linux's x86 boot protocol (Documentation/arch/x86/boot.rst), from version 2.12 on,
 * which has the 64-bit entry. The file:
 *
 *   | boot sector, setup: (setup_sects + 1) * 512 | payload: syssize * 16 |
 *            ^ 0x1f1: the setup header                ^ + 0x200: the 64-bit entry
 */
#include "guests/load_parts.h"

/* The setup header's fields, by their offset in the file, which is theirs in boot_params too. */
enum {
    HDR_SETUP_SECTS = 0x1f1,
    HDR_SYSSIZE = 0x1f4,
    HDR_VID_MODE = 0x1fa,
    HDR_BOOT_FLAG = 0x1fe,
    HDR_JUMP = 0x200,
    HDR_MAGIC = 0x202,
    HDR_VERSION = 0x206,
    HDR_LOADER_TYPE = 0x210,
    HDR_LOADFLAGS = 0x211,
    HDR_CODE32_START = 0x214,
    HDR_RAMDISK_IMAGE = 0x218,
    HDR_RAMDISK_SIZE = 0x21c,
    HDR_CMDLINE_PTR = 0x228,
    HDR_INITRD_MAX = 0x22c,
    HDR_ALIGNMENT = 0x230,
    HDR_RELOCATABLE = 0x234,
    HDR_XLOADFLAGS = 0x236,
    HDR_CMDLINE_SIZE = 0x238,
    HDR_SETUP_DATA = 0x250,
    HDR_PREF_ADDRESS = 0x258,
    HDR_INIT_SIZE = 0x260,
    HDR_END_2_12 = 0x268, /* with handover_offset: the shortest header we take */
    HDR_END_MAX = 0x290,  /* where boot_params goes on with something else */
};

/* boot_params (the zero page) beside the header. */
enum { BP_RSDP = 0x070, BP_E820_COUNT = 0x1e8, BP_E820 = 0x2d0, BP_SIZE = 0x1000 };

#define LOADED_HIGH   0x01
#define XLF_KERNEL_64 0x01
#define LOADER_OTHER  0xff /* a loader without a number of its own */
#define ENTRY_64      0x200

struct bzimage {
    const u8 *header; /* the file's start */
    u64 header_end;
    const u8 *payload;
    u64 payload_size;
    u64 load, room; /* where the payload goes, and how much memory it works in */
};

bool is_linux(struct guest_image image)
{
    return image.size >= HDR_VERSION + 2 && get16(image.data + HDR_BOOT_FLAG) == 0xaa55 &&
           get32(image.data + HDR_MAGIC) == 0x53726448; /* "HdrS" */
}

static bool check_header(struct loader *l, struct bzimage *k)
{
    struct guest_image file = l->order->kernel;
    const u8 *h = k->header = file.data;
    u16 version = get16(h + HDR_VERSION);

    if (version < 0x20c)
        return load_fail(l, "boot protocol version = %u.%02u: expected 2.12 or later", version >> 8,
                         version & 0xff);
    k->header_end = HDR_MAGIC + (u64)h[HDR_JUMP + 1]; /* the jump over the header gives its end */
    if (h[HDR_JUMP] != 0xeb || k->header_end < HDR_END_2_12 || k->header_end > HDR_END_MAX)
        return load_fail(l,
                         "jump = 0x%02x 0x%02x: expected a short jump over a header that ends at "
                         "0x268 to 0x290",
                         h[HDR_JUMP], h[HDR_JUMP + 1]);
    if (file.size < k->header_end)
        return load_fail(l, "the file has %llu bytes: expected the setup header's %llu",
                         ULL(file.size), ULL(k->header_end));
    if (!(h[HDR_LOADFLAGS] & LOADED_HIGH))
        return load_fail(l, "loadflags = 0x%02x: expected bit 0 (loaded at 1M or above)",
                         h[HDR_LOADFLAGS]);
    if (!(get16(h + HDR_XLOADFLAGS) & XLF_KERNEL_64))
        return load_fail(l, "xloadflags = 0x%04x: expected bit 0 (a 64-bit kernel)",
                         get16(h + HDR_XLOADFLAGS));
    return true;
}

static bool find_payload(struct loader *l, struct bzimage *k)
{
    struct guest_image file = l->order->kernel;
    u32 sects = k->header[HDR_SETUP_SECTS] ? k->header[HDR_SETUP_SECTS] : 4; /* 0 means 4 */
    u64 offset = (sects + 1) * 512ull, size = get32(k->header + HDR_SYSSIZE) * 16ull;

    if (offset >= file.size)
        return load_fail(l,
                         "setup_sects = %u: expected the kernel's code at 0x%llx, but the file "
                         "has 0x%llx bytes",
                         sects, ULL(offset), ULL(file.size));
    if (size > align_up(file.size - offset, 16))
        return load_fail(l,
                         "syssize = 0x%x: expected 0x%llx bytes of code, but the file has "
                         "0x%llx (is it cut short?)",
                         get32(k->header + HDR_SYSSIZE), ULL(size), ULL(file.size - offset));
    if (size <= ENTRY_64)
        return load_fail(l, "syssize = 0x%x: expected more than 0x20, to hold the 64-bit entry",
                         get32(k->header + HDR_SYSSIZE));
    k->payload = file.data + offset;
    k->payload_size = min_u64(size, file.size - offset);
    return true;
}

/*
 * At the preferred address: a kernel that is loaded lower moves itself up to it, so that lower
 * saves nothing, and init_size bytes from there are the least it needs either way.
 */
static bool choose_address(struct loader *l, struct bzimage *k)
{
    const u8 *h = k->header;
    u64 align = get32(h + HDR_ALIGNMENT), pref = get64(h + HDR_PREF_ADDRESS);
    u32 init_size = get32(h + HDR_INIT_SIZE);

    if (pref >= 4 * GiB)
        return load_fail(l, "pref_address = 0x%llx: expected an address below 4G", ULL(pref));
    if (h[HDR_RELOCATABLE]) {
        if (!align || (align & (align - 1)))
            return load_fail(l, "kernel_alignment = 0x%llx: expected a power of two", ULL(align));
        pref = align_up(max_u64(pref, MiB), align);
    } else if (pref < MiB) {
        return load_fail(l, "pref_address = 0x%llx: expected 1M or above", ULL(pref));
    }
    if (pref >= 4 * GiB)
        return load_fail(l,
                         "kernel_alignment = 0x%llx: expected one that leaves the kernel below 4G",
                         ULL(align));
    k->load = pref;
    k->room = max_u64(init_size, k->payload_size);
    if (!e820_is_ram(l->order->map, k->load, k->room))
        return load_fail(l,
                         "init_size = 0x%x at 0x%llx: expected RAM up to 0x%llx, so memory = "
                         "%lluM or more",
                         init_size, ULL(k->load), ULL(k->load + k->room),
                         ULL(align_up(k->load + k->room, MiB) / MiB));
    load_note(l, k->load, k->room);
    return true;
}

static void put32(u8 *to, u64 value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (u8)(value >> 8 * i);
}

/* The file's header with what the loader is to fill in (boot.rst, "write" and "modify"). */
static bool load_header(struct loader *l, const struct bzimage *k)
{
    u8 page[HDR_END_MAX];
    memcpy(page, k->header, k->header_end);
    page[HDR_LOADER_TYPE] = LOADER_OTHER;
    page[HDR_VID_MODE] = page[HDR_VID_MODE + 1] = 0xff; /* 0xffff: normal */
    put32(page + HDR_CODE32_START, k->load);
    put32(page + HDR_RAMDISK_IMAGE, l->initrd);
    put32(page + HDR_RAMDISK_SIZE, l->initrd ? l->order->initrd.size : 0);
    put32(page + HDR_CMDLINE_PTR, GUEST_BOOT_CMDLINE);
    put32(page + HDR_SETUP_DATA, 0);
    put32(page + HDR_SETUP_DATA + 4, 0);
    return load_own(l, GUEST_BOOT_INFO + HDR_SETUP_SECTS, page + HDR_SETUP_SECTS,
                    k->header_end - HDR_SETUP_SECTS);
}

static bool load_boot_params(struct loader *l, const struct bzimage *k)
{
    const struct e820_map *map = l->order->map;
    u8 count = (u8)map->count;
    return load_own_zero(l, GUEST_BOOT_INFO, BP_SIZE) &&
           load_own(l, GUEST_BOOT_INFO + BP_RSDP, &l->order->rsdp, sizeof l->order->rsdp) &&
           load_own(l, GUEST_BOOT_INFO + BP_E820_COUNT, &count, 1) &&
           load_own(l, GUEST_BOOT_INFO + BP_E820, map->entry, map->count * sizeof map->entry[0]) &&
           load_header(l, k);
}

bool load_linux(struct loader *l)
{
    struct bzimage k;
    if (!check_header(l, &k) || !find_payload(l, &k) || !choose_address(l, &k))
        return false;
    if (!load_cmdline(l, get32(k.header + HDR_CMDLINE_SIZE)) ||
        !load_initrd(l, get32(k.header + HDR_INITRD_MAX) + 1ull))
        return false;
    if (!load_copy(l, k.load, k.payload, k.payload_size) || !load_boot_params(l, &k))
        return false;
    l->start->rsi = GUEST_BOOT_INFO;
    return load_long_mode(l, k.load + ENTRY_64);
}

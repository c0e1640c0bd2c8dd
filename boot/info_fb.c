/* SPDX-License-Identifier: MIT */
#include "boot/info_parse.h"

#include "lib/bytes.h"
#include "lib/fmt.h"

/* Multiboot2 3.6.12. Far beyond any screen, and small enough that no product below overflows. */
#define SIDE_MAX    32768u
#define PITCH_MAX   (1u << 20)
#define ADDRESS_TOP (1ull << 52)

enum { TYPE_INDEXED, TYPE_RGB, TYPE_TEXT };

/* Whether `bits` (1 to 16) at bit `at` lie inside a pixel. */
static bool colour_fits(u8 at, u8 bits, u8 depth)
{
    return bits >= 1 && bits <= 16 && at + bits <= depth;
}

/* NULL, or what is wrong. */
static const char *bad_colours(const struct boot_fb *fb)
{
    if (fb->depth != 16 && fb->depth != 24 && fb->depth != 32)
        return "Trivet draws on 16, 24 or 32 bits";
    if (!colour_fits(fb->red_at, fb->red_bits, fb->depth) ||
        !colour_fits(fb->green_at, fb->green_bits, fb->depth) ||
        !colour_fits(fb->blue_at, fb->blue_bits, fb->depth))
        return "its colours lie outside of a pixel";
    return NULL;
}

static const char *bad_shape(const struct boot_fb *fb, u32 cell_bytes)
{
    if (fb->width == 0 || fb->width > SIDE_MAX || fb->height == 0 || fb->height > SIDE_MAX)
        return "its sides must be from 1 to 32768";
    if (fb->pitch > PITCH_MAX || fb->pitch < fb->width * cell_bytes)
        return "a line does not fit its pitch, or the pitch is above 1 MiB";
    if (fb->base.v == 0 || fb->base.v > ADDRESS_TOP - (u64)fb->pitch * fb->height)
        return "it does not lie in physical memory";
    return NULL;
}

bool boot_read_framebuffer(struct parse *parse, const u8 *tag, u32 size)
{
    struct boot_info *info = parse->info;
    u8 type = tag[29];
    struct boot_fb read = {
        .kind = type == TYPE_RGB ? BOOT_FB_RGB : BOOT_FB_TEXT,
        .base = hpa(bytes_u64(tag + 8)),
        .pitch = bytes_u32(tag + 16),
        .width = bytes_u32(tag + 20),
        .height = bytes_u32(tag + 24),
        .depth = tag[28] == 15 ? 16 : tag[28], /* 5-5-5 is stored in 16 */
    };
    const char *bad = NULL;

    if (type == TYPE_RGB) {
        if (size < 38)
            return boot_refuse(info, "the framebuffer tag's %u bytes end before its colours", size);
        read.red_at = tag[32], read.red_bits = tag[33];
        read.green_at = tag[34], read.green_bits = tag[35];
        read.blue_at = tag[36], read.blue_bits = tag[37];
        bad = bad_colours(&read);
    } else if (type != TYPE_TEXT) {
        bad = type == TYPE_INDEXED ? "Trivet does not draw with a palette" : "its type is unknown";
    }
    if (!bad)
        bad = bad_shape(&read, type == TYPE_RGB ? read.depth / 8u : 2);
    if (bad)
        fmt_text(info->note, sizeof info->note,
                 "the screen of %u x %u, %u bits, pitch %u, type %u, at 0x%lx is not used: %s",
                 read.width, read.height, tag[28], read.pitch, type, read.base.v, bad);
    else
        info->fb = read;
    return true;
}

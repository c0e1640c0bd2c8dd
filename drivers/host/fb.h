/* SPDX-License-Identifier: MIT */
/*
 * A text console on a linear framebuffer of any size, 15 to 32 bits a pixel, any
 * pitch and order of colours. Only writes to it: the real one is mapped write-combining.
 */
#ifndef DRIVERS_HOST_FB_H
#define DRIVERS_HOST_FB_H

#include "drivers/host/term.h"

#define FB_BIG_WIDTH 2560 /* from here on a font's pixel is two by two */

/* As the boot loader reports it; `base` is mapped for pitch * height bytes. */
struct fb_mode {
    void *base;
    u32 pitch, width, height; /* pitch in bytes, the others in pixels */
    u8 depth;
    u8 red_at, red_bits, green_at, green_bits, blue_at, blue_bits;
};

struct fb {
    struct term term;
    struct fb_mode mode;
    unsigned scale;
    unsigned pixel_bytes;
    u32 paper, ink; /* as pixels of this mode */
};

/* Clears the screen and makes fb->term.sink fit for log_add_sink. NULL, or why the mode is unfit;
 * nothing has been drawn then. */
must_check const char *fb_init(struct fb *fb, const struct fb_mode *mode, struct term_room room);

/* At most so many cells it has. */
u64 fb_cells(u32 width, u32 height);

#endif

/* SPDX-License-Identifier: MIT */
#include "drivers/host/fb.h"

#include "drivers/host/font.h"
#include "lib/bits.h"
#include "lib/string.h"

#define SCALE_MAX   2u
#define PIXEL_MAX   4u
#define SIDE_MAX    16384u
#define INK         0xd8, 0xd8, 0xd8
#define SCROLL_PART 8 /* of the screen's lines go at once: a redraw of a large screen is slow */

static u32 channel(u8 value, u8 at, u8 bits)
{
    u32 wide = (u32)value << 8 | value; /* so that full is full in any width up to 16 */
    return wide >> (16 - bits) << at;
}

static u32 pixel(const struct fb_mode *mode, u8 red, u8 green, u8 blue)
{
    return channel(red, mode->red_at, mode->red_bits) |
           channel(green, mode->green_at, mode->green_bits) |
           channel(blue, mode->blue_at, mode->blue_bits);
}

static u8 *line_at(const struct fb *fb, u32 y)
{
    return (u8 *)fb->mode.base + (u64)y * fb->mode.pitch;
}

/* One line of one character as pixels, and their bytes' number. */
static size_t make_line(const struct fb *fb, u8 bits, u8 *line)
{
    size_t at = 0;
    for (unsigned x = 0; x < FONT_WIDTH * fb->scale; x++) {
        u32 value = bits & (0x80u >> x / fb->scale) ? fb->ink : fb->paper;
        for (unsigned i = 0; i < fb->pixel_bytes; i++, value >>= 8)
            line[at++] = (u8)value;
    }
    return at;
}

static void draw_cell(const struct fb *fb, unsigned col, unsigned row, u8 c)
{
    u8 line[FONT_WIDTH * SCALE_MAX * PIXEL_MAX];
    u32 y = row * FONT_HEIGHT * fb->scale;
    size_t x = (size_t)col * FONT_WIDTH * fb->scale * fb->pixel_bytes;

    for (unsigned i = 0; i < FONT_HEIGHT; i++) {
        size_t size = make_line(fb, font_row(c, i), line);
        for (unsigned copy = 0; copy < fb->scale; copy++, y++)
            memcpy(line_at(fb, y) + x, line, size);
    }
}

static void draw(struct term *term, unsigned col, unsigned row, const u8 *text, unsigned count)
{
    struct fb *fb = container_of(term, struct fb, term);
    for (unsigned i = 0; i < count; i++)
        draw_cell(fb, col + i, row, text[i]);
}

static bool channel_fits(u8 at, u8 bits, u8 depth)
{
    return bits && bits <= 16 && at + bits <= depth;
}

static const char *find_fault(const struct fb_mode *mode)
{
    if (!mode->base)
        return "the framebuffer has no address";
    if (mode->width > SIDE_MAX || mode->height > SIDE_MAX)
        return "the framebuffer is larger than any screen";
    if (mode->depth != 15 && mode->depth != 16 && mode->depth != 24 && mode->depth != 32)
        return "the framebuffer's depth is not 15, 16, 24 or 32 bits";
    if (!channel_fits(mode->red_at, mode->red_bits, mode->depth) ||
        !channel_fits(mode->green_at, mode->green_bits, mode->depth) ||
        !channel_fits(mode->blue_at, mode->blue_bits, mode->depth))
        return "the framebuffer's colours do not fit into its pixels";
    if (mode->pitch < (u64)mode->width * ((mode->depth + 7u) / 8))
        return "the framebuffer's lines are shorter than its width";
    if (mode->width < FONT_WIDTH || mode->height < FONT_HEIGHT)
        return "the framebuffer is too small for one character";
    return NULL;
}

u64 fb_cells(u32 width, u32 height)
{
    return min_u64(width / FONT_WIDTH, TERM_COLS_MAX) *
           min_u64(height / FONT_HEIGHT, TERM_ROWS_MAX);
}

const char *fb_init(struct fb *fb, const struct fb_mode *mode, struct term_room room)
{
    const char *fault = find_fault(mode);
    unsigned scale =
        mode->width >= FB_BIG_WIDTH && mode->height >= FONT_HEIGHT * SCALE_MAX ? SCALE_MAX : 1;
    if (fault)
        return fault;
    if (!term_init(&fb->term, "screen", mode->width / (FONT_WIDTH * scale),
                   mode->height / (FONT_HEIGHT * scale), room))
        return "the framebuffer is too small for one character";
    fb->term.draw = draw;
    fb->term.jump = fb->term.rows / SCROLL_PART;
    fb->mode = *mode;
    fb->scale = scale;
    fb->pixel_bytes = (mode->depth + 7u) / 8;
    fb->paper = pixel(mode, 0, 0, 0);
    fb->ink = pixel(mode, INK);
    for (u32 y = 0; y < mode->height; y++)
        memset(line_at(fb, y), 0, (size_t)mode->width * fb->pixel_bytes);
    return NULL;
}

/* SPDX-License-Identifier: MIT */
#include "drivers/host/vgatext.h"

#include "arch/x86/port.h"

/* IBM VGA, CRT controller: an index port and its data port (colour addresses). */
#define CRTC_INDEX  0x3d4
#define CRTC_DATA   0x3d5
#define START_HIGH  0x0c
#define START_LOW   0x0d
#define CURSOR_HIGH 0x0e
#define CURSOR_LOW  0x0f

#define BUFFER_CELLS (32 * KiB / sizeof(u16))
#define GREY         (0x07u << 8) /* on black */
#define SQUARE       0xfe         /* in the adapter's own font, a square */

static void crtc_write(u8 index, unsigned value)
{
    port_write8(CRTC_INDEX, index);
    port_write8(CRTC_DATA, (u8)value);
}

static void draw(struct term *term, unsigned col, unsigned row, const u8 *text, unsigned count)
{
    struct vgatext *vga = container_of(term, struct vgatext, term);
    volatile u16 *cell = vga->cell + row * vga->pitch + col;

    for (unsigned i = 0; i < count; i++)
        cell[i] = (u16)(GREY | (text[i] == TERM_BOX ? SQUARE : text[i]));
}

static void place_cursor(struct term *term, unsigned col, unsigned row)
{
    unsigned at = row * container_of(term, struct vgatext, term)->pitch + col;
    crtc_write(CURSOR_HIGH, at >> 8);
    crtc_write(CURSOR_LOW, at & 0xff);
}

const char *vgatext_init(struct vgatext *vga, void *base, unsigned cols, unsigned rows,
                         struct term_room room)
{
    if ((u64)cols * rows > BUFFER_CELLS)
        return "the text screen's size exceeds its 32 KiB";
    if (!term_init(&vga->term, "vga", cols, rows, room))
        return "the text screen has no rows or no columns";
    vga->term.draw = draw;
    vga->term.place_cursor = place_cursor;
    vga->cell = base;
    vga->pitch = cols;
    for (unsigned i = 0; i < cols * rows; i++)
        vga->cell[i] = GREY | ' ';
    crtc_write(START_HIGH, 0); /* a boot loader may have scrolled by moving the start */
    crtc_write(START_LOW, 0);
    place_cursor(&vga->term, 0, 0);
    return NULL;
}

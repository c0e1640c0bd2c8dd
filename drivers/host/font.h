/* SPDX-License-Identifier: MIT */
/*
 * The built-in font: printable ASCII, 8 by 16 pixels, and a box for everything else.
 */
#ifndef DRIVERS_HOST_FONT_H
#define DRIVERS_HOST_FONT_H

#include "lib/types.h"

#define FONT_WIDTH  8
#define FONT_HEIGHT 16

/* Line y (0 at the top) of a character, the leftmost pixel in bit 7. */
u8 font_row(u8 c, unsigned y);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Which consoles there are: found in boot/consoles_start.c, read from in boot/consoles.c.
 */
#ifndef BOOT_CONSOLES_PRIVATE_H
#define BOOT_CONSOLES_PRIVATE_H

#include "drivers/host/fb.h"
#include "drivers/host/serial.h"
#include "drivers/host/vgatext.h"

extern struct consoles {
    struct serial lines[4];
    unsigned line_count;
    bool have_screen;
    struct fb fb;
    struct vgatext vga;
} consoles;

/* What a panic calls them. */
extern const struct console_names {
    char serial[8], spcr[8], pci[16];
} console_names;

#endif

/* SPDX-License-Identifier: MIT */
/*
 * VGA's colour text mode: cells of a character and an attribute, at physical
 * 0xb8000 where firmware left it on.
 */
#ifndef DRIVERS_HOST_VGATEXT_H
#define DRIVERS_HOST_VGATEXT_H

#include "drivers/host/term.h"

struct vgatext {
    struct term term;
    volatile u16 *cell;
    unsigned pitch; /* cells a row */
};

/* `base` is the mapped text buffer; 80 by 25 is the usual size. NULL, or what is wrong with it. */
must_check const char *vgatext_init(struct vgatext *vga, void *base, unsigned cols, unsigned rows,
                                    struct term_room room);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What a machine writes to its consoles, as lines of the log: "[name] text", one line at a time.
 */
#ifndef CORE_LINES_H
#define CORE_LINES_H

#include "lib/types.h"

#define LINE_MAX 240 /* a longer one is broken */

enum lines_escape { LINES_TEXT, LINES_ESC, LINES_CSI };

struct lines {
    const char *name;
    u32 length;
    u32 printed;                        /* characters, since somebody set it to 0 */
    void (*after)(struct lines *lines); /* a line has been printed; NULL: nobody asks */
    enum lines_escape escape;           /* within a terminal's escape sequence */
    char text[LINE_MAX + 1];
};

void lines_put(struct lines *lines, u8 byte);

/* Prints a line that has been begun. */
void lines_flush(struct lines *lines);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The screen as a grid of characters: wrapping, scrolling and the few control
 * characters, for whoever can draw a run of cells. Video memory is slow to write and much slower
 * to read, so the grid remembers what is on the screen, and one write draws only what differs
 * at its end, however often it scrolled.
 */
#ifndef DRIVERS_HOST_TERM_H
#define DRIVERS_HOST_TERM_H

#include "lib/log.h"
#include "lib/types.h"

#define TERM_COLS_MAX 240
#define TERM_ROWS_MAX 80
#define TERM_BOX      0x7f /* stands for what is not ASCII */

/* Where the grid stands: two bytes a cell. */
struct term_room {
    u8 *bytes;
    size_t size;
};

struct term {
    struct log_sink sink;
    unsigned cols, rows;
    unsigned jump; /* lines to scroll by, at least 1 */
    unsigned x, y; /* x == cols: the next character wraps */
    bool scrolled; /* by the write that is going on */
    enum { TERM_TEXT, TERM_ESCAPE, TERM_SEQUENCE } state;
    u8 *want, *shown; /* row by row, cols to a row */
    void (*draw)(struct term *term, unsigned col, unsigned row, const u8 *text, unsigned count);
    void (*place_cursor)(struct term *term, unsigned col, unsigned row); /* or NULL */
};

/* Called between the rows that are drawn, for drawing takes long; NULL: nothing. Under the log's
 * lock: it must not print. */
extern void (*term_meanwhile)(void);

/*
 * Clears the grid; the screen itself is the caller's to clear (to spaces). Larger sizes are cut to
 * the maximum, and to the rows that there is room for; no row or no column is refused: false.
 * `draw` and `place_cursor` are the caller's to set.
 */
must_check bool term_init(struct term *term, const char *name, unsigned cols, unsigned rows,
                          struct term_room room);

void term_write(struct term *term, const char *text, size_t size);

#endif

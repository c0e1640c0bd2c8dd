/* SPDX-License-Identifier: MIT */
#include "drivers/host/term.h"

#include "lib/bits.h"
#include "lib/string.h"

#define TAB       8u
#define UTF8_LEAD 0xc0

static size_t sink_write(struct log_sink *sink, const char *text, size_t size)
{
    term_write(container_of(sink, struct term, sink), text, size);
    return size;
}

bool term_init(struct term *term, const char *name, unsigned cols, unsigned rows,
               struct term_room room)
{
    if (!cols || !rows)
        return false;
    memset(term, 0, sizeof *term);
    term->sink.name = name;
    term->sink.write = sink_write;
    term->cols = (unsigned)min_u64(cols, TERM_COLS_MAX);
    term->rows = (unsigned)min_u64(min_u64(rows, TERM_ROWS_MAX), room.size / 2 / term->cols);
    term->jump = 1;
    term->want = room.bytes;
    term->shown = room.bytes + (size_t)term->rows * term->cols;
    memset(room.bytes, ' ', (size_t)term->rows * term->cols * 2);
    return term->rows;
}

static void scroll(struct term *term)
{
    unsigned lines = (unsigned)min_u64(max_u64(term->jump, 1), term->rows);
    size_t gone = (size_t)lines * term->cols;
    size_t kept = (size_t)term->rows * term->cols - gone;

    memmove(term->want, term->want + gone, kept);
    memset(term->want + kept, ' ', gone);
    term->y = term->rows - lines;
    term->scrolled = true;
}

static void new_line(struct term *term)
{
    term->x = 0;
    if (++term->y >= term->rows)
        scroll(term);
}

static void put(struct term *term, u8 c)
{
    if (term->x == term->cols)
        new_line(term);
    term->want[term->y * term->cols + term->x++] = c;
}

/* ESC [ parameters letter, and ESC letter: swallowed, colours are not shown. */
static void skip_sequence(struct term *term, u8 c)
{
    if (term->state == TERM_ESCAPE && c == '[')
        term->state = TERM_SEQUENCE;
    else if (term->state == TERM_ESCAPE || (c >= 0x40 && c <= 0x7e))
        term->state = TERM_TEXT;
}

static void tab(struct term *term)
{
    unsigned to = (unsigned)min_u64(align_down(term->x, TAB) + TAB, term->cols);
    while (term->x < to)
        put(term, ' ');
}

static void take_char(struct term *term, u8 c)
{
    if (c == '\n') {
        term->state = TERM_TEXT; /* no sequence reaches over a line's end */
        new_line(term);
    } else if (term->state != TERM_TEXT) {
        skip_sequence(term, c);
    } else if (c == '\033') {
        term->state = TERM_ESCAPE;
    } else if (c == '\r') {
        term->x = 0;
    } else if (c == '\t') {
        tab(term);
    } else if (c == '\b') {
        term->x -= term->x > 0;
    } else if (c >= 0x20 && c < 0x7f) {
        put(term, c);
    } else if (c >= UTF8_LEAD) { /* one box a character: its later bytes, 10xxxxxx, count not */
        put(term, TERM_BOX);
    }
}

static u64 eight_at(const u8 *cell)
{
    u64 eight;
    __builtin_memcpy(&eight, cell, sizeof eight);
    return eight;
}

/* The first cell in [at, end) whose equality is as asked, or end; long equal stretches by eights.
 */
static size_t find(const struct term *term, size_t at, size_t end, bool equal)
{
    while (!equal && at + 8 <= end && eight_at(term->want + at) == eight_at(term->shown + at))
        at += 8;
    while (at < end && (term->want[at] == term->shown[at]) != equal)
        at++;
    return at;
}

void (*term_meanwhile)(void);

static void show_row(struct term *term, unsigned row)
{
    size_t first = (size_t)row * term->cols, end = first + term->cols;
    size_t from = find(term, first, end, false);

    while (from < end) {
        size_t to = find(term, from, end, true);
        memcpy(term->shown + from, term->want + from, to - from);
        term->draw(term, (unsigned)(from - first), row, term->want + from, (unsigned)(to - from));
        from = find(term, to, end, false);
        if (term_meanwhile)
            term_meanwhile();
    }
}

void term_write(struct term *term, const char *text, size_t size)
{
    unsigned first = term->y; /* the cursor goes down only, unless it scrolls */

    term->scrolled = false;
    for (size_t i = 0; i < size; i++) {
        take_char(term, (u8)text[i]);
        if (text[i] == '\n' && term_meanwhile) /* scrolling takes its time */
            term_meanwhile();
    }
    if (term->scrolled)
        first = 0;
    for (unsigned row = first; row <= (term->scrolled ? term->rows - 1 : term->y); row++)
        show_row(term, row);
    if (term->place_cursor)
        term->place_cursor(term, term->x < term->cols ? term->x : term->cols - 1, term->y);
}

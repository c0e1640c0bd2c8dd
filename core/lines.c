/* SPDX-License-Identifier: MIT */
#include "core/lines.h"

#include "lib/log.h"

enum { ESC = 0x1b };

static void print(struct lines *lines)
{
    lines->text[lines->length] = 0;
    log_raw("[%s] %s", lines->name, lines->text);
    lines->printed += lines->length + 1;
    lines->length = 0;
    if (lines->after)
        lines->after(lines);
}

/*
 * A terminal's escape sequences (ECMA-48) are left out: ESC [ parameters final, or ESC and one
 * more. With them a guest could move the cursor to the start of a line and write what looks like
 * another machine's, or like an event.
 */
static bool escapes(struct lines *lines, u8 byte)
{
    enum lines_escape was = lines->escape;

    if (byte == ESC)
        lines->escape = LINES_ESC;
    else if (was == LINES_ESC)
        lines->escape = byte == '[' ? LINES_CSI : LINES_TEXT;
    else if (was == LINES_CSI && (byte < 0x20 || (byte >= 0x40 && byte < 0x7f)))
        lines->escape = LINES_TEXT;
    return byte == ESC || (was != LINES_TEXT && byte != '\n');
}

static void append(struct lines *lines, u8 byte)
{
    lines->text[lines->length++] = (char)byte;
    if (lines->length == LINE_MAX)
        print(lines);
}

void lines_put(struct lines *lines, u8 byte)
{
    if (likely(byte >= ' ' && lines->escape == LINES_TEXT))
        append(lines, byte);
    else if (escapes(lines, byte))
        return;
    else if (byte == '\n')
        print(lines);
    else if (byte != '\r' && byte != 0)
        append(lines, byte);
}

void lines_flush(struct lines *lines)
{
    if (lines->length)
        print(lines);
}

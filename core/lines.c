/* SPDX-License-Identifier: MIT */
#include "core/lines.h"

#include "lib/log.h"

static void print(struct lines *lines)
{
    lines->text[lines->length] = 0;
    log_raw("[%s] %s", lines->name, lines->text);
    lines->length = 0;
}

void lines_put(struct lines *lines, u8 byte)
{
    if (byte == '\n') {
        print(lines);
    } else if (byte != '\r' && byte != 0) {
        lines->text[lines->length++] = (char)byte;
        if (lines->length == LINE_MAX)
            print(lines);
    }
}

void lines_flush(struct lines *lines)
{
    if (lines->length)
        print(lines);
}

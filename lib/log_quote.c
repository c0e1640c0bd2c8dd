/* SPDX-License-Identifier: MIT */
#include "lib/log_impl.h"

#include "lib/fmt.h"
#include "lib/string.h"

static size_t escape(char to[8], char c)
{
    if (c == '"' || c == '\\')
        return fmt_text(to, 8, "\\%c", c);
    if (c == '\n' || c == '\t')
        return fmt_text(to, 8, c == '\n' ? "\\n" : "\\t");
    return fmt_text(to, 8, log_is_control(c) ? "\\x%02x" : "%c", (unsigned)(u8)c);
}

const char *log_quote(char *to, size_t size, const char *text)
{
    size_t at = 0;
    if (size < sizeof "\"\"")
        return size ? memset(to, 0, size) : to;
    to[at++] = '"';
    for (; *text; text++) {
        char escaped[8];
        size_t length = escape(escaped, *text);
        if (at + length + sizeof "\"" > size)
            break;
        memcpy(to + at, escaped, length);
        at += length;
    }
    to[at++] = '"';
    to[at] = 0;
    return to;
}

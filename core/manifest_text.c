/* SPDX-License-Identifier: MIT */
/*
 * Pieces of the manifest's text, and the sentences about it.
 */
#include "core/manifest_parts.h"

#include "lib/fmt.h"
#include "lib/string.h"

struct span span_trim(struct span s)
{
    while (s.size && is_blank(s.at[0]))
        s = span_from(s, 1);
    while (s.size && is_blank(s.at[s.size - 1]))
        s.size--;
    return s;
}

size_t span_find(struct span s, char c)
{
    size_t at = 0;
    while (at < s.size && s.at[at] != c)
        at++;
    return at;
}

struct span span_cut_comment(struct span s)
{
    for (size_t i = 0; i < s.size; i++)
        if (s.at[i] == '#' && (i == 0 || is_blank(s.at[i - 1])))
            s.size = i;
    return span_trim(s);
}

struct shown manifest_show(struct span text)
{
    struct shown shown;
    size_t used = 0;
    for (size_t i = 0; i < text.size; i++) {
        u8 c = (u8)text.at[i];
        if (used > 60) {
            str_copy(shown.text + used, "...", sizeof shown.text - used);
            return shown;
        }
        if (c >= 0x20 && c < 0x7f)
            shown.text[used++] = (char)c;
        else
            used += fmt_text(shown.text + used, sizeof shown.text - used, "\\x%02x", c);
    }
    shown.text[used] = 0;
    return shown;
}

/* The slot for an error in `line`, behind those of the same and of earlier lines; NULL: full. */
static struct manifest_error *new_error(struct manifest_errors *errors, unsigned line)
{
    unsigned at = errors->count;
    errors->total++;
    if (errors->count == MANIFEST_ERRORS_MAX)
        return NULL;
    for (; at > 0 && errors->error[at - 1].line > line; at--)
        ;
    memmove(&errors->error[at + 1], &errors->error[at],
            (errors->count - at) * sizeof errors->error[0]);
    errors->count++;
    errors->error[at].line = line;
    return &errors->error[at];
}

void manifest_fail(struct manifest_errors *errors, unsigned line, const char *format, ...)
{
    struct manifest_error *error = new_error(errors, line);
    va_list args;
    size_t used;
    if (!error)
        return;
    used = line ? fmt_text(error->text, sizeof error->text, MANIFEST_NAME " line %u: ", line)
                : fmt_text(error->text, sizeof error->text, MANIFEST_NAME ": ");
    va_start(args, format);
    fmt_va(error->text + used, sizeof error->text - used, format, args);
    va_end(args);
}

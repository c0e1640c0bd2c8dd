/* SPDX-License-Identifier: MIT */
/*
 * The stream of the machine whose console a person has, between the log's lines.
 */
#include "lib/log_impl.h"

#include "lib/string.h"

#define BEGUN_MAX 256 /* a longer line is not written again */

/* The line that the stream has begun, from its start or its last carriage return. */
static char begun[BEGUN_MAX];
static size_t length;
static bool within, too_long;

static void remember(char c)
{
    if (c == '\n' || c == '\r') {
        length = 0;
        too_long = false;
        within = c == '\r' && within;
        return;
    }
    within = true;
    too_long |= length == BEGUN_MAX;
    if (!too_long)
        begun[length++] = c;
}

void log_stream_pause(void)
{
    if (within)
        log_append_bytes("\n", 1);
}

void log_stream_resume(void)
{
    if (within && !too_long)
        log_append_bytes(begun, length);
    within = within && !too_long;
}

void log_stream(const u8 *bytes, size_t size)
{
    bool taken = log_take();

    for (size_t i = 0; i < size; i++) {
        char c = (char)bytes[i];
        if (!c || log_is_mark(c))
            continue;
        remember(c);
        log_append_bytes(&c, 1);
    }
    log_pump_all();
    log_let_go(taken);
}

void log_stream_end(void)
{
    bool taken = log_take();

    log_stream_pause();
    remember('\n');
    log_pump_all();
    log_let_go(taken);
}

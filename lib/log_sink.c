/* SPDX-License-Identifier: MIT */
#include "lib/log_impl.h"

#include "lib/bits.h"
#include "lib/lock.h"
#include "lib/string.h"

#define PATIENCE_NS    1000000000ull
#define PATIENCE_POLLS (1ull << 20) /* with no clock: about a second of port reads */
#define STOPPED_CLOCK  16           /* times that many polls: the clock must be standing */

struct log_source log_source;
enum log_level log_shown = LOG_INFO;

static char early[LOG_EARLY];
static char *ring = early;
static size_t ring_size = LOG_EARLY; /* a power of two */
static u64 written, first; /* first: what is before did not come along when the ring was changed */
static struct log_sink *sinks, *dropped;
static struct log_sink *writing; /* the one whose `write` is running */
static bool behind;
static u64 taken_by_all; /* as of the last pump */

u64 log_written(void)
{
    return written;
}

char log_at(u64 position)
{
    return ring[position & (ring_size - 1)];
}

static void ring_copy_in(u64 position, const char *text, size_t size)
{
    size_t at = position & (ring_size - 1);
    size_t part = min_u64(size, ring_size - at);
    memcpy(ring + at, text, part);
    memcpy(ring, text + part, size - part);
}

u64 log_oldest(void)
{
    return max_u64(first, written > ring_size ? written - ring_size : 0);
}

static u64 after_line(u64 position)
{
    while (position < written && log_at(position++) != '\n')
        ;
    return position;
}

/* To the end of what is shown in one piece: the line's, or where a line with a mark begins. */
static u64 after_piece(u64 position)
{
    while (position < written && !log_is_mark(log_at(position)))
        if (log_at(position++) == '\n')
            break;
    return position;
}

u64 log_line_start(u64 from)
{
    if (from == 0 || (from > log_oldest() && log_at(from - 1) == '\n'))
        return from;
    return after_line(from);
}

static void skip_hidden(struct log_sink *sink)
{
    while (sink->cursor < written && log_is_mark(log_at(sink->cursor))) {
        bool shown = log_at(sink->cursor) <= LOG_MARK(log_shown);
        sink->cursor = shown ? sink->cursor + 1 : after_line(sink->cursor);
    }
}

/* Gives the sink what it takes now; true if that was anything. */
static bool pump_sink(struct log_sink *sink)
{
    u64 before = sink->cursor;
    size_t took = 0, size = 0;

    writing = sink;
    for (; took == size; sink->cursor += took) {
        skip_hidden(sink);
        u64 at = sink->cursor & (ring_size - 1);
        size = min_u64(after_piece(sink->cursor) - sink->cursor, ring_size - at);
        if (!size)
            break;
        took = min_u64(sink->write(sink, ring + at, size), size);
    }
    writing = NULL;
    return sink->cursor != before;
}

bool log_pump_all(void)
{
    u64 least = written;
    for (struct log_sink *sink = sinks; sink; sink = sink->next) {
        pump_sink(sink);
        least = min_u64(least, sink->cursor);
    }
    bool lag = least != written;
    __atomic_store_n(&taken_by_all, least, __ATOMIC_RELAXED);
    __atomic_store_n(&behind, lag, __ATOMIC_RELAXED);
    return lag;
}

static void drop_sink(struct log_sink *sink)
{
    struct log_sink **link = &sinks;
    while (*link && *link != sink)
        link = &(*link)->next;
    if (!*link)
        return;
    *link = sink->next;
    sink->next = dropped;
    dropped = sink;
}

struct patience {
    u64 since, polls;
};

static struct patience patience_begin(void)
{
    return (struct patience){.since = log_source.now_ns ? log_source.now_ns() : 0};
}

static bool patience_ends(struct patience *patience)
{
    spin_pause();
    patience->polls++;
    if (!log_source.now_ns)
        return patience->polls > PATIENCE_POLLS;
    return log_source.now_ns() - patience->since > PATIENCE_NS ||
           patience->polls > PATIENCE_POLLS * STOPPED_CLOCK;
}

/* Pumps the sink until its cursor is there, or drops it. */
static void wait_for_cursor(struct log_sink *sink, u64 position)
{
    if (sink->cursor >= position)
        return;
    struct patience patience = patience_begin();
    while (sink->cursor < position) {
        if (pump_sink(sink)) {
            patience = patience_begin();
        } else if (patience_ends(&patience)) {
            drop_sink(sink);
            return;
        }
    }
}

void log_echo_all(const char *text, size_t size)
{
    for (struct log_sink *sink = sinks; sink; sink = sink->next) {
        struct patience patience = patience_begin();
        if (sink->cursor != written)
            continue;
        writing = sink;
        for (size_t at = 0; at < size && !patience_ends(&patience);)
            at += min_u64(sink->write(sink, text + at, size - at), size - at);
        writing = NULL;
    }
}

static void wait_until_idle(struct log_sink *sink)
{
    struct patience patience = patience_begin();
    while (sink->idle && !sink->idle(sink) && !patience_ends(&patience))
        ;
}

/* Waits for (or drops) the sinks that still need the room of what ends there. */
static void make_room(u64 end)
{
    for (struct log_sink *sink = sinks, *next; sink; sink = next) {
        next = sink->next;
        wait_for_cursor(sink, end > ring_size ? end - ring_size : 0);
    }
}

/* The line counts as written only when it is whole: a panic may come in between. */
void log_append(const char *head, size_t head_size, const char *text, size_t size)
{
    u64 end = written + head_size + size + 1;

    make_room(end);
    ring_copy_in(written, head, head_size);
    ring_copy_in(written + head_size, text, size);
    ring_copy_in(end - 1, "\n", 1);
    written = end;
}

void log_append_bytes(const char *text, size_t size)
{
    make_room(written + size);
    ring_copy_in(written, text, size);
    written += size;
}

void log_flush_all(void)
{
    for (struct log_sink *sink = sinks, *next; sink; sink = next) {
        next = sink->next;
        wait_for_cursor(sink, written);
        wait_until_idle(sink);
    }
}

u64 log_position(void)
{
    return __atomic_load_n(&written, __ATOMIC_RELAXED);
}

u64 log_taken(void)
{
    return __atomic_load_n(&taken_by_all, __ATOMIC_RELAXED);
}

bool log_any_behind(void)
{
    return __atomic_load_n(&behind, __ATOMIC_RELAXED);
}

void log_drop_writing(void)
{
    if (writing)
        drop_sink(writing);
}

const struct log_sink *log_next_dropped(void)
{
    const struct log_sink *sink = dropped;
    if (sink)
        dropped = sink->next;
    return sink;
}

void log_use_ring(char *room)
{
    bool taken = log_take();
    u64 oldest = log_oldest();

    for (u64 at = oldest; room && at < written; at++)
        room[at & (LOG_RING - 1)] = log_at(at);
    if (room) {
        first = oldest;
        ring = room;
        ring_size = LOG_RING;
    }
    log_let_go(taken);
}

void log_add_sink(struct log_sink *sink)
{
    bool taken = log_take();
    struct log_sink **link = &sinks;
    while (*link)
        link = &(*link)->next;
    sink->next = NULL;
    sink->cursor = log_line_start(log_oldest());
    *link = sink;
    log_pump_all();
    log_let_go(taken);
}

/* SPDX-License-Identifier: MIT */
/*
 * Between the log's own files: the ring and its sinks (log_sink.c) under the lines (log.c). All of
 * it is used under the log's lock.
 *
 *      oldest                 cursors of the sinks              written
 *        v                        v          v                     v
 *   -----+------------------------+----------+---------------------+----> position
 *        |<------------- at most the ring's size ---------------->|
 *
 * Positions count bytes since power-on and never wrap; a byte stands in the ring at position
 * % its size. A line that has a level begins with a mark, one control character that says which;
 * sinks never see it. Lines without a mark are shown always. Text holds no such characters, so
 * a mark is known when it is seen. A stream's bytes stand between the lines as they are; a line
 * that is hidden may begin in the middle of one of theirs.
 */
#ifndef LIB_LOG_IMPL_H
#define LIB_LOG_IMPL_H

#include "lib/log.h"

#define LOG_EARLY     (4 * KiB) /* the ring's size until log_use_ring */
#define LOG_MARK(lvl) ((char)(1 + (int)(lvl)))

extern struct log_source log_source;
extern enum log_level log_shown;

static inline bool log_is_mark(char c)
{
    return c >= LOG_MARK(LOG_ERROR) && c <= LOG_MARK(LOG_DEBUG);
}

static inline bool log_is_control(char c)
{
    return (u8)c < 0x20 || c == 0x7f;
}

/* In a panic the lock's owner may be a core that has stopped, or this one: false if one goes on
 * without it. */
bool log_take(void);
void log_let_go(bool taken);

u64 log_written(void);
u64 log_oldest(void);
char log_at(u64 position);

/* The first start of a line at or after `from`, which is not before the oldest byte. */
u64 log_line_start(u64 from);

/* Writes head, text and a newline, after waiting for (or dropping) the sinks that still need the
 * room. */
void log_append(const char *head, size_t head_size, const char *text, size_t size);

/* The same without the newline: a piece of a line. */
void log_append_bytes(const char *text, size_t size);

/* log_stream.c: around a line that the consoles show. */
void log_stream_pause(void);
void log_stream_resume(void);

/* Past the ring, to the sinks that lag behind nothing, as far as they take it in a moment. */
void log_echo_all(const char *text, size_t size);

bool log_pump_all(void);   /* true if any lags */
bool log_any_behind(void); /* as of the last pump; the lock is not needed */
void log_flush_all(void);
void log_drop_writing(void);

/* A sink that was dropped since the last call, or NULL. */
const struct log_sink *log_next_dropped(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The ring log: every line that Trivet prints, kept in memory, and pumped to the
 * consoles (sinks) as fast as they take it. Printing never waits for a slow line:
 * a sink has its own cursor in the ring and is given what it can take now; only
 * when a writer would overrun a cursor does it wait for that sink. Lines are
 * whole: cores never interleave inside one, and a line stays one line whatever its
 * text holds (control characters other than tab and escape become spaces), so that
 * no guest's output can pass for an event line.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdarg.h>
#include "lib/types.h"

#define LOG_TEXT_MAX 960 /* longer text is cut, and ends in " [cut]" */

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/*
 * A console. `write` takes up to `size` bytes without waiting and returns how many it took; it
 * runs under the log's lock and must not print. Lines end in "\n". `cursor` and `next` are the
 * log's.
 */
struct log_sink {
    const char *name;
    size_t (*write)(struct log_sink *sink, const char *text, size_t size);
    bool (*idle)(struct log_sink *sink); /* the last byte has really left; NULL: always */
    u64 cursor;
    struct log_sink *next;
};

/*
 * A larger ring than the small one that it begins with: LOG_RING bytes, for good. What is in the
 * log moves. NULL: it stays as it is.
 */
#define LOG_RING (128 * KiB)
void log_use_ring(char *room);

/* Where the log learns the time and the core; either may be NULL. */
struct log_source {
    u64 (*now_ns)(void);
    unsigned (*core)(void);
};

void log_set_source(const struct log_source *source);

/* What the consoles show (LOG_INFO until this is called); the ring keeps every line. */
void log_set_level(enum log_level highest_shown);

/* A new sink first receives all that the ring still holds, from the start of a line. */
void log_add_sink(struct log_sink *sink);

/* One line, without the newline; "[    0.001234 0] text" on the consoles: seconds, core. */
void log_print(enum log_level level, const char *format, ...) printf_like(2, 3);
#define log_error(...) log_print(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_print(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_print(LOG_DEBUG, __VA_ARGS__)

/* A line as it stands, no prefix, whatever the level: what guests print, tables. */
void log_raw(const char *format, ...) printf_like(1, 2);

/* A line for machines: "@trivet1 KIND WORDS". Values with spaces or quotes are the caller's to
 * quote: log_quote. */
void log_event(const char *kind, const char *format, ...) printf_like(2, 3);

/*
 * Quotes text for an event line into `to` ("…", with \" \\ \n \t and \xNN for other control
 * characters); always closed, also where it had to be cut. Returns to.
 */
const char *log_quote(char *to, size_t size, const char *text);

/*
 * Shows text at once on the consoles that are up to date, and keeps none of it: what a person
 * types, before the line is whole. Control characters pass, for "\r" and "\b" are the use of it.
 */
void log_echo(const char *text);

/*
 * Bytes as they are, shown at once: of the machine whose console a person has. A line that is
 * printed meanwhile stands on a line of its own, and what the stream's line held is written again
 * behind it. The control characters 0 to 4 are left out: those are the log's.
 */
void log_stream(const u8 *bytes, size_t size);

/* Ends the line that the stream has begun, if it has. */
void log_stream_end(void);

/* Gives each sink what it takes without waiting; true if any still lags. Each print does it; the
 * idle loop and whatever else goes round regularly must too. */
bool log_pump(void);

/* How much the log has ever held, and how much of that every sink has taken: from any core, without
 * a lock. */
u64 log_position(void);
u64 log_taken(void);

/* Waits until every sink has taken everything and its transmitter is empty; a sink that takes
 * nothing for a second is dropped. */
void log_flush(void);

/*
 * For a panic, when the other cores have been told to stop: breaks the log's lock if its owner
 * does not let go, and makes every later print flush. Called once more by a panic within the panic,
 * it drops the sink that was writing, for that is what failed.
 */
void log_panic_mode(void);

/* Copies the end of the ring, whole lines of any level, at most `size` bytes with the terminator;
 * for the panic screen and the monitor. Returns the length. */
size_t log_tail(char *to, size_t size);

#endif

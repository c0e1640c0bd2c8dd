/* SPDX-License-Identifier: MIT */
#include "lib/log_impl.h"

#include "lib/bits.h"
#include "lib/fmt.h"
#include "lib/lock.h"
#include "lib/string.h"

#define ALWAYS     (-1)
#define PREFIX_MAX 64

#define PANIC_LOCK_POLLS (1ull << 20)

static struct lock log_lock;
static bool panicking, lock_broken;

bool log_take(void)
{
    if (!panicking) {
        lock_take(&log_lock);
        return true;
    }
    for (u64 polls = 0; !lock_broken && polls < PANIC_LOCK_POLLS; polls++) {
        if (lock_try(&log_lock))
            return true;
        spin_pause();
    }
    lock_broken = true;
    return false;
}

void log_let_go(bool taken)
{
    if (taken)
        lock_drop(&log_lock);
}

static size_t make_prefix(char *to, enum log_level level)
{
    static const char *const word[] = {"error: ", "warning: ", "", ""};
    u64 us = log_source.now_ns ? log_source.now_ns() / 1000 : 0;
    return fmt_text(to, PREFIX_MAX, "%c[%5llu.%06llu %u] %s", LOG_MARK(level),
                    (unsigned long long)us / 1000000, (unsigned long long)us % 1000000,
                    log_source.core ? log_source.core() : 0, word[level]);
}

static void append(int level, const char *text, size_t size)
{
    char prefix[PREFIX_MAX];
    size_t length = level == ALWAYS ? 0 : make_prefix(prefix, (enum log_level)level);
    bool shown = level == ALWAYS || level <= (int)log_shown;
    if (shown)
        log_stream_pause();
    log_append(prefix, length, text, size);
    if (shown)
        log_stream_resume();
}

/* True if there was one: the report is a new line for those that are left. */
static bool report_dropped(void)
{
    const struct log_sink *sink, *last = NULL;
    for (; (sink = log_next_dropped()); last = sink) {
        char text[80];
        size_t size =
            fmt_text(text, sizeof text, "console %s takes nothing and is dropped", sink->name);
        append(LOG_WARN, text, min_u64(size, sizeof text - 1));
    }
    return last;
}

static void flush(void)
{
    do
        log_flush_all();
    while (report_dropped());
}

/* `size` is the length the text wanted to have; the buffer holds LOG_TEXT_MAX of it. */
static void print(int level, char *text, size_t size)
{
    static const char cut[] = " [cut]";
    if (size >= LOG_TEXT_MAX) {
        size = LOG_TEXT_MAX - 1;
        memcpy(text + LOG_TEXT_MAX - sizeof cut, cut, sizeof cut);
    }
    for (size_t i = 0; i < size; i++)
        if (log_is_control(text[i]) && text[i] != '\t' && text[i] != '\033')
            text[i] = ' ';

    bool taken = log_take();
    append(level, text, size);
    report_dropped();
    if (panicking)
        flush();
    else
        log_pump_all();
    log_let_go(taken);
}

void log_set_source(const struct log_source *source)
{
    bool taken = log_take();
    log_source = *source;
    log_let_go(taken);
}

void log_set_level(enum log_level level)
{
    bool taken = log_take();
    log_shown = level;
    log_let_go(taken);
}

void log_print(enum log_level level, const char *format, ...)
{
    char text[LOG_TEXT_MAX];
    va_list args;
    va_start(args, format);
    size_t size = fmt_va(text, sizeof text, format, args);
    va_end(args);
    print((int)level, text, size);
}

void log_raw(const char *format, ...)
{
    char text[LOG_TEXT_MAX];
    va_list args;
    va_start(args, format);
    size_t size = fmt_va(text, sizeof text, format, args);
    va_end(args);
    print(ALWAYS, text, size);
}

void log_event(const char *kind, const char *format, ...)
{
    char text[LOG_TEXT_MAX];
    size_t size = fmt_text(text, sizeof text, "@trivet1 %s ", kind);
    va_list args;
    va_start(args, format);
    if (size < sizeof text)
        size += fmt_va(text + size, sizeof text - size, format, args);
    va_end(args);
    print(ALWAYS, text, size);
}

bool log_pump(void)
{
    if (!log_any_behind())
        return false;
    if (!lock_try(&log_lock)) /* whoever has it pumps */
        return true;
    bool lag = log_pump_all();
    lock_drop(&log_lock);
    return lag;
}

void log_echo(const char *text)
{
    bool taken = log_take();
    log_echo_all(text, strlen(text));
    log_let_go(taken);
}

void log_flush(void)
{
    bool taken = log_take();
    flush();
    log_let_go(taken);
}

void log_panic_mode(void)
{
    if (panicking)
        log_drop_writing();
    panicking = true;
}

size_t log_tail(char *to, size_t size)
{
    size_t length = 0;
    if (!size)
        return 0;
    bool taken = log_take();
    u64 end = log_written();
    u64 from = log_line_start(max_u64(log_oldest(), end - min_u64(end, size - 1)));
    for (; from < end && length < size - 1; from++) {
        if (!log_is_mark(log_at(from)))
            to[length++] = log_at(from);
        else if (length && to[length - 1] != '\n')
            to[length++] = '\n';
    }
    log_let_go(taken);
    to[length] = 0;
    return length;
}

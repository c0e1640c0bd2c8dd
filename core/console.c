/* SPDX-License-Identifier: MIT */
#include "core/console.h"

#include "core/manifest.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/ring.h"
#include "lib/string.h"

#define INPUT_LEAST 256

/* Over all that follows. A device lock may be held when it is taken, never the other way. */
static struct lock lock;
static struct console *consoles[MANIFEST_VMS_MAX]; /* NULL: none there; the number is index + 1 */
static struct console *attached;
static const char *wish;
static u8 typed[INPUT_LEAST];
static struct ring input = RING(typed);
static bool escaped; /* the next key is a command */
static bool hinted;

static void set_attached(struct console *console)
{
    if (attached) {
        __atomic_and_fetch(&attached->odd, (u8)~CONSOLE_ATTACHED, __ATOMIC_RELAXED);
        log_stream_end();
    }
    attached = console;
    input.got = input.put;
    hinted = false;
    if (console)
        __atomic_or_fetch(&console->odd, (u8)CONSOLE_ATTACHED, __ATOMIC_RELAXED);
}

static void attach(struct console *console)
{
    set_attached(console);
    wish = console->lines.name;
    log_raw("console: attached to %s; Ctrl-t d detaches, Ctrl-t ? tells more", wish);
}

static void detach(void)
{
    if (!attached)
        return;
    const char *name = attached->lines.name;
    set_attached(NULL);
    wish = NULL;
    log_raw("console: detached from %s", name);
}

void console_use_room(u8 *room)
{
    if (room)
        input = (struct ring){.bytes = room, .size = CONSOLE_ROOM};
}

void console_wish(const char *name)
{
    wish = name;
}

/* The share before must have been shown by now. */
static void use_share(struct lines *lines)
{
    struct console *console = container_of(lines, struct console, lines);
    u64 before = console->share_end;

    if (likely(lines->printed <= CONSOLE_SHARE))
        return;
    console->share_end = log_position();
    lines->printed = 0;
    if (log_taken() < before)
        console->hold(console, before);
}

void console_add(struct console *console, const char *name, void (*call)(struct console *console),
                 void (*hold)(struct console *console, u64 until_taken))
{
    *console = (struct console){
        .lines = {.name = name, .after = use_share},
          .call = call, .hold = hold
    };
    lock_take(&lock);
    for (unsigned i = 0; i < MANIFEST_VMS_MAX; i++) {
        if (consoles[i])
            continue;
        consoles[i] = console;
        break;
    }
    if (!attached && wish && strcmp(wish, name) == 0)
        attach(console);
    lock_drop(&lock);
}

void console_remove(struct console *console)
{
    lock_take(&lock);
    for (unsigned i = 0; i < MANIFEST_VMS_MAX; i++)
        if (consoles[i] == console)
            consoles[i] = NULL;
    if (attached == console)
        set_attached(NULL);
    lock_drop(&lock);
    console->lines.after = NULL;
    lines_flush(&console->lines);
}

void console_put_odd(struct console *console, u8 byte)
{
    u8 odd = __atomic_load_n(&console->odd, __ATOMIC_RELAXED);
    bool raw = odd & CONSOLE_ATTACHED;

    if (raw && !(odd & CONSOLE_RAW)) {
        lines_flush(&console->lines);
        __atomic_or_fetch(&console->odd, (u8)CONSOLE_RAW, __ATOMIC_RELAXED);
    }
    if (raw) {
        log_stream(&byte, 1);
        console->lines.printed++;
        use_share(&console->lines);
        return;
    }
    __atomic_and_fetch(&console->odd, (u8)~CONSOLE_RAW, __ATOMIC_RELAXED);
    lines_put(&console->lines, byte);
}

void (*console_meanwhile)(void);

size_t console_take(struct console *console, u8 *to, size_t room)
{
    size_t count = 0;
    int c;

    lock_take(&lock);
    while (attached == console && count < room && (c = ring_get(&input)) >= 0)
        to[count++] = (u8)c;
    lock_drop(&lock);
    if (count && console_meanwhile)
        console_meanwhile();
    return count;
}

static void show_list(void)
{
    for (unsigned i = 0; i < MANIFEST_VMS_MAX; i++)
        if (consoles[i])
            log_raw("console: %2u %s%s", i + 1, consoles[i]->lines.name,
                    consoles[i] == attached ? " (attached)" : "");
}

static void show_help(void)
{
    log_raw("console: Ctrl-t, then 1 to 9: attach to that machine; n: to the next one; d: detach;");
    log_raw("console: l: list the machines; Ctrl-t or t: send a Ctrl-t to the machine");
}

static unsigned index_of(const struct console *console)
{
    for (unsigned i = 0; i < MANIFEST_VMS_MAX; i++)
        if (consoles[i] == console)
            return i;
    return MANIFEST_VMS_MAX - 1;
}

static void attach_next(void)
{
    unsigned from = attached ? index_of(attached) : MANIFEST_VMS_MAX - 1;

    for (unsigned i = 1; i <= MANIFEST_VMS_MAX; i++) {
        struct console *next = consoles[(from + i) % MANIFEST_VMS_MAX];
        if (next) {
            attach(next);
            return;
        }
    }
}

static void give(u8 byte)
{
    if (attached && ring_put(&input, byte)) {
        attached->call(attached);
    } else if (!attached && !hinted) {
        log_raw("console: no machine has the keyboard: Ctrl-t n attaches to the next one, "
                "Ctrl-t l lists them");
        hinted = true;
    }
}

static void obey(u8 key)
{
    if (key >= '1' && key <= '9' && consoles[key - '1'])
        attach(consoles[key - '1']);
    else if (key == 'n')
        attach_next();
    else if (key == 'd')
        detach();
    else if (key == 'l')
        show_list();
    else if (key == 't' || key == CONSOLE_ESCAPE)
        give(CONSOLE_ESCAPE);
    else
        show_help();
}

void console_type(u8 byte)
{
    bool command = escaped;

    lock_take(&lock);
    escaped = !escaped && byte == CONSOLE_ESCAPE;
    if (command)
        obey(byte);
    else if (!escaped)
        give(byte);
    lock_drop(&lock);
}

bool console_full(void)
{
    return !ring_room(&input);
}

void console_drop(void)
{
    lock_take(&lock);
    u32 count = ring_used(&input);
    input.got = input.put;
    if (attached && count)
        log_raw("console: %s does not read: %u typed characters are dropped", attached->lines.name,
                count);
    lock_drop(&lock);
}

u32 console_taken(void)
{
    return __atomic_load_n(&input.got, __ATOMIC_RELAXED);
}

bool console_in_use(void)
{
    return __atomic_load_n(&attached, __ATOMIC_RELAXED);
}

/* SPDX-License-Identifier: MIT */
/*
 * The console multiplexer: one person, many machines. What a machine writes to its console becomes
 * lines of the log, unless the person is attached to it: then it goes out as it is, and what the
 * person types goes to that machine. CONSOLE_ESCAPE begins a command to Trivet instead.
 */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include "core/lines.h"
#include "lib/types.h"

#define CONSOLE_ESCAPE 0x14 /* Ctrl-t */

enum {
    CONSOLE_ATTACHED =
        1 << 0,           /* the person's choice: set from core 0, taken back also at its end */
    CONSOLE_RAW = 1 << 1, /* what it wrote last went out as it is */
};

/* A machine's. What it writes comes under its device lock. */
struct console {
    struct lines lines;
    u8 odd;        /* bits of the above, set atomically: most machines have none */
    u64 share_end; /* where the log was when its last share was used up */
    void (*call)(struct console *console);
    void (*hold)(struct console *console, u64 until_taken);
};

/* More room than there is at first for what is typed ahead of a machine: CONSOLE_ROOM bytes, for
 * good, and before anybody types. NULL: it stays as it is. */
#define CONSOLE_ROOM (16 * KiB)
void console_use_room(u8 *room);

/* The machine named like this is attached to as soon as it is there; NULL: none. */
void console_wish(const char *name);

/*
 * A machine may be CONSOLE_SHARE to twice that ahead of the slowest console, so that what others
 * print is not long behind it.
 */
#define CONSOLE_SHARE (2 * KiB)

/*
 * A machine comes and goes. `call`, which any core may make until console_remove returns, says that
 * input waits; it must not use the device lock. `hold`, from within console_put, says that its
 * share is used up until log_taken() says so much. A machine that goes while attached is attached
 * to again if it comes again.
 */
void console_add(struct console *console, const char *name, void (*call)(struct console *console),
                 void (*hold)(struct console *console, u64 until_taken));
void console_remove(struct console *console);

/* A byte that the machine writes. */
void console_put_odd(struct console *console, u8 byte);
static inline void console_put(struct console *console, u8 byte)
{
    if (likely(!__atomic_load_n(&console->odd, __ATOMIC_RELAXED)))
        lines_put(&console->lines, byte);
    else
        console_put_odd(console, byte);
}

/* Takes up to `room` bytes that were typed for the machine. */
size_t console_take(struct console *console, u8 *to, size_t room);

/*
 * Called after that, on whatever core: it may empty the lines meanwhile, but not type. In Bochs a
 * guest that was entered with IF = 0 is not interrupted by them, and may take typed bytes for long.
 */
extern void (*console_meanwhile)(void);

/* What the person types, a byte at a time; on core 0. */
void console_type(u8 byte);

/* No byte more is to be typed now: the machine must take some first, or they are dropped. */
bool console_full(void);
void console_drop(void);

/* The number of typed bytes that have been taken so far: it moves as long as somebody reads. */
u32 console_taken(void);

/* Whether the person is attached to a machine. */
bool console_in_use(void);

#endif

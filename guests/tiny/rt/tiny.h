/* SPDX-License-Identifier: MIT */
/*
 * What a tiny guest is written with. A guest is one file: TINY(name) { ... }, with checks in it;
 * when its body returns, the runtime says `ok NAME` or `FAILED NAME n` on the UART and ends the
 * machine with status 0 or 1 by port 0xf4.
 */
#ifndef TINY_TINY_H
#define TINY_TINY_H

#include "lib/string.h"
#include "guests/tiny/rt/cpu.h"
#include "guests/tiny/rt/trap.h"
#include "guests/tiny/rt/time.h"
#include "guests/tiny/rt/mode.h"
#include "guests/tiny/rt/trivet.h"

#define TINY(name)                                                                                 \
    const char tiny_name[] = #name;                                                                \
    void tiny_main(void)

extern const char tiny_name[];
void tiny_main(void);

void print(const char *format, ...) printf_like(1, 2);

/* Says `FAIL file:line what` and counts, if the condition is false. `what` may have values: the
 * arguments after it are printf's. True if it held. */
#define check(condition, ...)                                                                      \
    ({                                                                                             \
        bool good_ = (condition); /* before the values are taken */                                \
        tiny_check(good_, __FILE_NAME__, __LINE__, __VA_ARGS__);                                   \
    })
bool tiny_check(bool good, const char *file, int line, const char *format, ...) printf_like(4, 5);

/*
 * `part("name") check(...);`: what is skipped, with the reason on a line of its own, if the command
 * line says `skip:name:reason;`: where an emulated processor is known to be wrong even without
 * Trivet (test/deviations.py). Asked for again, it says nothing more. A name that is skipped and
 * that no part has is a failure.
 */
#define part(name) if (!part_skipped(name))
bool part_skipped(const char *name);

/* The same where the guest sees the reason itself. */
void part_skip(const char *name, const char *reason);

/* Whether it is a word of the command line. */
bool asked(const char *word);

/* The end: the verdict so far; or `skipped NAME: reason`, which is status 0 too. */
no_return void done(void);
no_return void skip(const char *reason);

/* The loader's words, before the guest writes over them; and whether each skip: was of use. */
void rt_cmdline_copy(void);
void rt_parts_end(void);

/* Interrupt controllers, timer and UART as a guest starts with them. */
void rt_devices(void);

/* Physical memory that no guest image, low copy or firmware uses; 1 MiB each. */
#define PLAY_A ((u8 *)0x500000)
#define PLAY_B ((u8 *)0x600000)
#define PLAY_C ((u8 *)0x700000)

/* An address hole above any guest's RAM and below every device's. */
#define HOLE ((volatile u8 *)0xfd000000)

/* Where RAM ends, in steps of 1 MiB, looked for from 16 MiB up to 3 GiB. */
u64 mem_top(void);

/* The runtime's own page tables: 4 GiB in 2M pages. */
extern u64 rt_pml4[512], rt_pdpt[512], rt_pd[2048];

/*
 * Splits the 2M page at a 2M-aligned address below 1 GiB into 4K pages, identity, present and
 * writable, and returns its table; there are two tables, so two addresses can be split.
 */
u64 *page_split(const void *at);

#endif

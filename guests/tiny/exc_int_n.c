/* SPDX-License-Identifier: MIT */
/* INT n for every free vector: its own handler, RIP behind it; a gate of DPL 0 from ring 3 is #GP(n
 * * 8 + 2), an empty one #NP. */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned hits[256];
static volatile u64 last_rip;

static void on_int(struct frame *frame)
{
    hits[frame->vector & 255]++;
    last_rip = frame->rip;
    check(frame->error == 0, "vector %lu has an error code", frame->vector);
}

static u8 code[] aligned(16) = {0xcd, 0x20, 0xc3}; /* int $n; ret */

static void user_int(void)
{
    __asm__ volatile("int $0x40");
    user_end();
}

static void refused(unsigned vector, unsigned expected, unsigned n, const char *what)
{
    check(vector == expected, "%s: vector %u", what, vector);
    part("error-code") check(trap.error == n * 8 + 2, "%s: error %lx", what, trap.error);
}

TINY(exc_int_n)
{
    for (unsigned n = 0x20; n < 256; n++) {
        if (n == VECTOR_LEAVE)
            continue;
        trap_on(n, on_int);
        code[1] = (u8)n;
        barrier();
        ((void (*)(void))(u64)code)();
        check(hits[n] == 1, "INT %u: %u hits", n, hits[n]);
        check(last_rip == (u64)code + 2, "INT %u: RIP %lx", n, last_rip);
    }
    trap_on(0x40, NULL);
    refused(user_run(user_int, 0), GP, 0x40, "DPL");
    rt_idt[0x41].type = 0x0e;
    refused(TRY("int $0x41", ), NP, 0x41, "not present");
    rt_idt[0x41].type = 0x8c;
    refused(TRY("int $0x41", ), GP, 0x41, "a call gate");
}

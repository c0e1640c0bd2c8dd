/* SPDX-License-Identifier: MIT */
/*
 * Single-step over REP OUTS, INS and MOVS, and STOS to an address hole: a trap after each element,
 * RIP at the instruction until the last, RCX one less each time.
 */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned traps;
static volatile u64 rips[16], counts[16];

static void on_db(struct frame *frame)
{
    if (traps < 16) {
        rips[traps] = frame->rip;
        counts[traps] = frame->rcx;
    }
    traps++;
    write_dr6(0);
}

#define ELEMENTS 5

#define WALK(insn, to)                                                                             \
    do {                                                                                           \
        u64 at_, end_, rcx_ = ELEMENTS, rsi_ = (u64)PLAY_A, rdi_ = (u64)(to);                      \
        traps = 0;                                                                                 \
        __asm__ volatile("leaq 1f(%%rip), %0\n leaq 2f(%%rip), %1\n pushfq\n pushfq\n"             \
                         "orq $0x100, (%%rsp)\n popfq\n 1: " insn "\n 2: popfq"                    \
                         : "=&r"(at_), "=&r"(end_), "+c"(rcx_), "+S"(rsi_), "+D"(rdi_)             \
                         : "d"(0x1234)                                                             \
                         : "memory");                                                              \
        check(traps == ELEMENTS + 1, "%s: %u traps", insn, traps);                                 \
        for (unsigned i_ = 0; i_ < ELEMENTS; i_++)                                                 \
            check(rips[i_] == (i_ == ELEMENTS - 1 ? end_ : at_) &&                                 \
                      counts[i_] == ELEMENTS - 1 - i_,                                             \
                  "%s: trap %u at %lx, rcx %lu", insn, i_, rips[i_], counts[i_]);                  \
    } while (0)

TINY(ev_single_step_rep)
{
    trap_on(DB, on_db);
    write_dr6(0);
    WALK("rep movsb", PLAY_B);
    WALK("rep outsb", PLAY_B);
    WALK("rep insw", PLAY_B);
    WALK("rep stosq", PLAY_B);
    WALK("rep stosb", HOLE);
    WALK("rep movsl", HOLE);
}

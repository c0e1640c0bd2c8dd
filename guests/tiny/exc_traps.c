/* SPDX-License-Identifier: MIT */
/* INT3 and INTO are traps (RIP behind), UD2, BOUND and INT1's are what the manual says; in 64-bit
 * and compatibility mode. */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned seen;
static volatile u64 rip, cs;

static void on_trap(struct frame *frame)
{
    seen = (unsigned)frame->vector;
    rip = frame->rip;
    cs = frame->cs;
}

PART(into_part, ".code32", "movb $0x7f, %al\n addb $1, %al\n .globl into_at\n into_at: into\n ret");
PART(bound_part, ".code32", ".globl bound_at\n bound_at: bound %eax, bounds\n ret");
PART(int3_part, ".code32", ".globl int3_at\n int3_at: int3\n ret");
s32 bounds[2] = {10, 20};

static void on_bound(struct frame *frame)
{
    on_trap(frame);
    frame->rip += 6; /* a fault: it would run again */
}

TINY(exc_traps)
{
    extern const char into_at[], bound_at[], int3_at[], trap_at[], one_at[];
    trap_on(BP, on_trap);
    __asm__ volatile(".globl trap_at\n trap_at: int3" ::: "memory");
    check(seen == BP && rip == (u64)trap_at + 1, "INT3: %u %lx", seen, rip);
    part("int1")
        check(TRY(".globl one_at\n one_at: .byte 0xf1", ) == DB && trap.rip == (u64)one_at + 1,
              "INT1: %u %lx", trap.vector, trap.rip);

    mode_compat(int3_part, 0);
    check(seen == BP && rip == (u64)int3_at + 1 && cs == SEL_CODE32, "INT3, 32 bits: %u %lx", seen,
          rip);
    trap_on(OF, on_trap);
    mode_compat(into_part, 0);
    check(seen == OF && rip == (u64)into_at + 1, "INTO: %u %lx", seen, rip);
    trap_on(BR, on_bound);
    seen = 0;
    mode_compat(bound_part, 15);
    check(seen == 0, "BOUND inside: %u", seen);
    mode_compat(bound_part, 21);
    check(seen == BR && rip == (u64)bound_at, "BOUND outside: %u %lx", seen, rip);

    check(TRY("ud2", ) == UD && trap.error == 0, "UD2: %u", trap.vector);
    check(TRY(".byte 0xce", ) == UD, "INTO in 64 bits");
    check(TRY("lock; nop", ) == UD, "LOCK NOP");
}

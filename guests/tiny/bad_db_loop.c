/* SPDX-License-Identifier: MIT */
/*
 * A data breakpoint on the stack to which #DB's own frame is pushed: a processor delivers #DB for
 * ever without running an instruction (CVE-2015-8104), and only a host that intercepts #DB gets
 * out. Where that does not loop, ok.
 */
#include "guests/tiny/rt/tiny.h"

static u8 stack[4096] aligned(16);
static volatile unsigned traps;

static void on_db(struct frame *frame)
{
    (void)frame;
    if (++traps == 1000)
        write_dr7(0x400);
    write_dr6(0);
}

TINY(bad_db_loop)
{
    trap_on(DB, on_db);
    tss_set_ist(5, stack + sizeof(stack));
    rt_idt[DB].ist = 5;
    write_dr0((u64)stack + sizeof(stack) - 8); /* SS of the frame */
    write_dr7(0x400 | 1 | 0xdu << 16);
    __asm__ volatile("movq $0, (%0)" ::"r"(stack + sizeof(stack) - 8) : "memory");
    write_dr7(0x400);
    print("%u traps, and through\n", traps);
}

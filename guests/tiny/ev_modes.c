/* SPDX-License-Identifier: MIT */
/*
 * One timer interrupt and one exception in each mode: 64-bit, compatibility, 32-bit, real (vectors
 * by the IVT, no error code on the stack), ring 3.
 */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks;
static volatile u64 came_cs;

static void on_tick(struct frame *frame)
{
    ticks++;
    came_cs = frame->cs;
}

static void user_wait(void)
{
    unsigned before = ticks;
    while (ticks == before)
        pause();
    user_end();
}

PART(compat_wait, ".code32", "sti\n 1: hlt\n cmpl $0, ticks32\n je 1b\n cli\n ret");
volatile u32 ticks32;

static void on_tick_compat(struct frame *frame)
{
    ticks32++;
    came_cs = frame->cs;
}

PART(
    prot32_wait, ".code32",
    "movl $0, rt_irq32\n sti\n 1: hlt\n cmpl $3, rt_irq32\n jb 1b\n cli\n" TRY32(
        "ud2") "movl rt_trap32, %eax\n movl rt_irq32, %ecx\n shll $8, %ecx\n orl %ecx, %eax\n ret");

/* IVT entries for IRQ 0 (vector 0x20) and #UD, #GP (6, 13); returns ticks << 16 | sp check |
 * faults. */
PART(real_wait, ".code16",
     "1: xorw %ax, %ax\n movw %ax, %es\n"
     "movw $(tick16 - real_wait), %es:0x80\n movw %cs, %es:0x82\n"
     "movw $(ud16 - real_wait), %es:0x18\n movw %cs, %es:0x1a\n"
     "movw $(gp16 - real_wait), %es:0x34\n movw %cs, %es:0x36\n"
     "xorl %ebx, %ebx\n xorl %ecx, %ecx\n movw %sp, %bp\n sti\n"
     "2: hlt\n cmpw $3, %bx\n jb 2b\n cli\n"
     "ud2\n"                          /* #UD: skipped by its handler */
     ".byte 0xa1, 0xff, 0xff\n nop\n" /* a word across the limit: #GP, no error code */
     "cmpw %sp, %bp\n je 3f\n orw $0x80, %cx\n"
     "3: movl %ebx, %eax\n shll $16, %eax\n movw %cx, %ax\n lretw\n"
     "tick16: incw %bx\n pushw %ax\n movb $0x20, %al\n outb %al, $0x20\n popw %ax\n iretw\n"
     "ud16: orw $1, %cx\n pushw %bp\n movw %sp, %bp\n addw $2, 2(%bp)\n popw %bp\n iretw\n"
     "gp16: orw $2, %cx\n pushw %bp\n movw %sp, %bp\n addw $3, 2(%bp)\n popw %bp\n iretw");

TINY(ev_modes)
{
    irq_on(0, on_tick);
    pit_set(0, 2, (u16)(PIT_HZ / 500));
    while (ticks < 3)
        irq_wait();
    check(came_cs == SEL_CODE64, "64-bit: CS %lx", came_cs);
    check(user_run(user_wait, FLAG_IF) == VECTOR_LEAVE && came_cs == SEL_USER_CS, "ring 3: CS %lx",
          came_cs);
    irq_on(0, on_tick_compat);
    mode_compat(compat_wait, 0);
    check(ticks32 >= 1 && came_cs == SEL_CODE32, "compatibility: CS %lx", came_cs);
    u32 r = mode_prot32(prot32_wait, 0);
    check((r & 0xff) == UD && r >> 8 >= 3, "32-bit: %x", r);
    r = mode_real(real_wait, real_wait_end, 0);
    check(r >> 16 >= 3, "real: %u ticks", r >> 16);
    check((r & 0xfffd) == 1, "real: faults and stack %x", r & 0xffff);
    part("real-limit") check(r & 2, "real: a word across the limit is no fault");
}

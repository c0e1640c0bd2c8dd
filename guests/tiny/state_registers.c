/* SPDX-License-Identifier: MIT */
/* The sixteen registers and the flags survive every common exit and interrupts, in a long loop. */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned ticks;

static void on_tick(struct frame *frame)
{
    (void)frame;
    ticks++;
}

/* All registers get values made from i, exits happen, and the sum has to be what it was. */
static u64 mangle(u64 i)
{
    u64 sum;
    __asm__ volatile(
        "pushq %%rbp; movq %1, %%rsi; leaq 1(%%rsi), %%rdi; leaq 2(%%rsi), %%rbp; leaq 3(%%rsi), %%r8\n"
        "leaq 4(%%rsi), %%r9; leaq 5(%%rsi), %%r10; leaq 6(%%rsi), %%r11; leaq 7(%%rsi), %%r12\n"
        "leaq 8(%%rsi), %%r13; leaq 9(%%rsi), %%r14; leaq 10(%%rsi), %%r15\n"
        "xorl %%eax, %%eax; stc; pushfq; cpuid; inb $0x61, %%al; outb %%al, $0x80; movq %%cr0, %%rax\n"
        "movq %%rax, %%cr0; movl $0xfd000000, %%edx; movl (%%rdx), %%edx; pushfq; popq %%rax; popq %%rcx; xorq %%rcx, %%rax\n"
        "addq %%rsi, %%rax; addq %%rdi, %%rax; addq %%rbp, %%rax; addq %%r8, %%rax; addq %%r9, %%rax\n"
        "addq %%r10, %%rax; addq %%r11, %%rax; addq %%r12, %%rax; addq %%r13, %%rax; addq %%r14, %%rax\n"
        "addq %%r15, %%rax; popq %%rbp"
        : "=a"(sum)
        : "r"(i)
        : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
          "memory", "cc");
    return sum;
}

TINY(state_registers)
{
    irq_on(0, on_tick);
    pit_set(0, 2, (u16)(PIT_HZ / 2000));
    irq_enable();
    for (u64 i = 0; i < 20000; i++) {
        u64 sum = mangle(i << 32 | i);
        if (!check(sum == 11 * (i << 32 | i) + 55, "round %lu: %lx", i, sum))
            break;
    }
    irq_disable();
    check(ticks > 0, "no tick meanwhile");
}

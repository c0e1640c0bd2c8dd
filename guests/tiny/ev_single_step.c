/* SPDX-License-Identifier: MIT */
/*
 * Single-step over instructions that exit: one #DB after each, at the next instruction, DR6.BS set
 * (the hypervisor that advances RIP owes it).
 */
#include "guests/tiny/rt/tiny.h"

#define MOST 64

static volatile unsigned traps;
static volatile u64 rips[MOST];
static u64 memory[2];

static void on_db(struct frame *frame)
{
    if (traps < MOST)
        rips[traps] = frame->rip;
    traps++;
    check(read_dr6() & BIT(14), "DR6 %lx at %lx", read_dr6(), frame->rip);
    write_dr6(0);
}

/* One instruction and a label behind it, whose address goes to a table. */
#define STEP(insn) insn "\n 9: .pushsection .rodata.steps, \"a\"; .quad 9b; .popsection\n"

extern const u64 steps[], steps_end[];
__asm__(".pushsection .rodata.steps, \"a\"; .globl steps; steps:; .popsection");

static no_inline void walk(void)
{
    __asm__ volatile(
        "pushfq\n pushfq\n orq $0x100, (%%rsp)\n movl $0xc0000080, %%ecx\n popfq\n" STEP("nop")
            STEP("rdmsr") STEP("wrmsr") STEP("xorl %%eax, %%eax") STEP("cpuid") STEP("rdtsc")
                STEP("movq %%cr0, %%rax") STEP("movq %%rax, %%cr0") STEP("movq %%cr3, %%rax")
                    STEP("movq %%rax, %%cr3") STEP("movq %%cr4, %%rax") STEP("movq %%rax, %%cr4")
                        STEP("movq %%cr8, %%rax") STEP("movq %%rax, %%cr8") STEP("clts")
                            STEP("invlpg (%0)") STEP("inb $0x61, %%al") STEP("outb %%al, $0x80")
                                STEP("movl $0xfd000000, %%edx") STEP("movl (%%rdx), %%eax")
                                    STEP("movl %%eax, (%%rdx)") STEP("wbinvd")
                                        STEP("movq %%dr0, %%rax") STEP("sgdt (%0)") "popfq"
        :
        : "D"(memory)
        : "memory", "rax", "rbx", "rcx", "rdx");
}
__asm__(".pushsection .rodata.steps2, \"a\"; .globl steps_end; steps_end:; .popsection");

static void over_pause(void)
{
    u64 behind;

    traps = 0;
    __asm__ volatile("leaq 1f(%%rip), %0\n pushfq\n pushfq\n orq $0x100, (%%rsp)\n popfq\n"
                     "pause\n 1: popfq"
                     : "=&r"(behind)::"memory", "cc");
    check(traps == 2 && rips[0] == behind, "PAUSE: %u traps, the first at %lx, not %lx", traps,
          rips[0], behind);
}

TINY(ev_single_step)
{
    u64 expected = (u64)(steps_end - steps);
    trap_on(DB, on_db);
    write_dr6(0);
    walk();
    check(traps == expected + 1, "%u traps for %lu instructions", traps, expected + 1);
    for (unsigned i = 0; i < expected; i++)
        check(rips[i] == steps[i], "step %u at %lx, not %lx", i, rips[i], steps[i]);
    part("pause") over_pause();
}

/* SPDX-License-Identifier: MIT */
/*
 * MOV SS and POP SS hold back interrupts and the single-step trap for one instruction, also when
 * that one exits (SDM 3A 6.8.3); a fault in their shadow is not held back.
 */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned traps;
static volatile u64 first_rip, first_dr6;

static void on_db(struct frame *frame)
{
    if (traps++ == 0) {
        first_rip = frame->rip;
        first_dr6 = read_dr6();
    }
    write_dr6(0);
    frame->rflags &= ~(u64)FLAG_TF;
}

/* Sets TF, runs the text, and expects the first trap at label 1. */
#define STEP(text, what)                                                                           \
    do {                                                                                           \
        u64 expected_;                                                                             \
        traps = 0;                                                                                 \
        __asm__ volatile("leaq 1f(%%rip), %0\n mov %%ss, %%edi\n pushfq\n pushfq\n"                \
                         "orq $0x100, (%%rsp)\n popfq\n" text "\n nop\n nop\n popfq"               \
                         : "=&S"(expected_)                                                        \
                         :                                                                         \
                         : "memory", "rax", "rbx", "rcx", "rdx", "rdi");                           \
        check(traps == 1 && first_rip == expected_, "%s: %u traps, first at %lx, not %lx", what,   \
              traps, first_rip, expected_);                                                        \
        check(first_dr6 &BIT(14), "%s: DR6 %lx", what, first_dr6);                                 \
    } while (0)

/* INT1's own #DB arrives in the shadow, with TF set, and takes the single-step trap's place. */
static void step_int1(void)
{
    u64 expected;
    traps = 0;
    __asm__ volatile("leaq 1f(%%rip), %0; mov %%ss, %%edi; pushfq; pushfq; orq $0x100, (%%rsp);"
                     "popfq; mov %%edi, %%ss; .byte 0xf1; 1: nop; nop; popfq"
                     : "=&S"(expected)
                     :
                     : "memory", "rdi");
    check(traps == 1 && first_rip == expected, "mov ss; int1: %u traps, at %lx, not %lx", traps,
          first_rip, expected);
}

/* The fault of a guarded debug register (DR7.GD) likewise, at the instruction. */
static void step_guarded(void)
{
    u64 expected;
    traps = 0;
    write_dr7(0x400 | BIT(13));
    __asm__ volatile("leaq 1f(%%rip), %0; mov %%ss, %%edi; pushfq; pushfq; orq $0x100, (%%rsp);"
                     "popfq; mov %%edi, %%ss; 1: movq %%dr0, %%rax; nop; popfq"
                     : "=&S"(expected)
                     :
                     : "memory", "rdi", "rax");
    check(traps == 1 && first_rip == expected, "mov ss; mov from dr0: %u traps, at %lx, not %lx",
          traps, first_rip, expected);
    check(first_dr6 & BIT(13), "mov ss; mov from dr0: DR6 %lx", first_dr6);
}

/* A data breakpoint on MOV SS's operand waits too. */
static void data_breakpoint(void)
{
    static u32 selector = SEL_DATA;
    u64 expected;
    traps = 0;
    write_dr0((u64)&selector);
    write_dr7(0x400 | 1 | 0xfu << 16);
    __asm__ volatile("leaq 1f(%%rip), %0; mov %1, %%ss; nop; 1: nop"
                     : "=&r"(expected)
                     : "m"(selector)
                     : "memory");
    write_dr7(0x400);
    check(traps == 1 && first_rip == expected, "data breakpoint: %u at %lx, not %lx", traps,
          first_rip, expected);
    check((first_dr6 & 1), "data breakpoint: DR6 %lx", first_dr6);
}

TINY(ev_mov_ss)
{
    trap_on(DB, on_db);
    write_dr6(0);
    STEP("nop; 1:", "nop");
    STEP("mov %%edi, %%ss; nop; 1:", "mov ss; nop");
    STEP("mov %%edi, %%ss; cpuid; 1:", "mov ss; cpuid");
    STEP("mov %%edi, %%ss; inb $0x61, %%al; 1:", "mov ss; in");
    STEP("mov %%edi, %%ss; movq %%cr3, %%rax; 1:", "mov ss; mov from cr3");

    if (TRY(".byte 0xf1") != UD) /* QEMU 7.2 has no INT1 */
        step_int1();
    part("general-detect") step_guarded();

    part("data-breakpoint") data_breakpoint();

    check(TRY("mov %0, %%ss; ud2",
              : "r"(SEL_DATA)) == UD,
          "a fault in the shadow: %u", trap.vector);
}

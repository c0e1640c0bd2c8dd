/* SPDX-License-Identifier: MIT */
/*
 * SYSCALL and SYSRET, SYSENTER and SYSEXIT: the MSRs lead to the right place with the right
 * segments and flags; without EFER.SCE it is #UD.
 */
#include "guests/tiny/rt/tiny.h"

void syscall_entry(void);
void sysenter_entry(void);
volatile u64 entered_rcx, entered_r11, entered_cs, entered_flags, user_cs;

__asm__(".text\n"
        "syscall_entry:\n"
        "movq %rcx, entered_rcx\n movq %r11, entered_r11\n movq %cs, %rax\n movq %rax, entered_cs\n"
        "movq %rsp, %rdx\n movq $0x500800, %rsp\n pushfq\n popq entered_flags\n"
        "movq %rdx, %rsp\n sysretq\n"
        "sysenter_entry:\n"
        "movq %cs, %rax\n movq %rax, entered_cs\n movq $3f, %rdx\n movq %rsi, %rcx\n sysexitq\n"
        "3: movq %cs, %rax\n movq %rax, user_cs\n int $0x80\n");

static void user_syscall(void)
{
    u64 cs;
    __asm__ volatile("stc; syscall; movq %%cs, %0" : "=a"(cs)::"rcx", "rdx", "r11", "memory");
    user_cs = cs;
    user_end();
}

static void user_sysenter(void)
{
    __asm__ volatile("movq %%rsp, %%rsi; sysenter" ::: "memory");
}

TINY(cpu_syscall)
{
    /* SYSRET to 64 bits takes CS from bits 63:48 plus 16, SS plus 8. */
    wrmsr(MSR_STAR, (u64)(SEL_USER_DS - 8) << 48 | (u64)SEL_CODE64 << 32);
    wrmsr(MSR_LSTAR, (u64)syscall_entry);
    wrmsr(MSR_FMASK, FLAG_CF | FLAG_IF | FLAG_DF);
    check(user_run(user_syscall, 0) == UD, "SYSCALL without SCE");
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
    cpuid(0, 0);
    check(user_run(user_syscall, 0) == VECTOR_LEAVE, "SYSCALL: vector %u", trap.vector);
    check(entered_cs == SEL_CODE64, "CS %lx", entered_cs);
    check((entered_r11 & FLAG_CF) && !(entered_flags & FLAG_CF), "FMASK: R11 %lx flags %lx",
          entered_r11, entered_flags);
    check(user_cs == SEL_USER_CS, "CS after SYSRET %lx", user_cs);

    part("sysenter-null") check(user_run(user_sysenter, 0) == GP, "SYSENTER with CS 0");
    gdt_set(0x80, 0, 0xfffff, 0x9b, 0xa);
    gdt_set(0x88, 0, 0xfffff, 0x93, 0xc);
    gdt_set(0xa0, 0, 0xfffff, 0xfb, 0xa);
    gdt_set(0xa8, 0, 0xfffff, 0xf3, 0xc);
    wrmsr(MSR_SYSENTER_CS, 0x80);
    wrmsr(MSR_SYSENTER_EIP, (u64)sysenter_entry);
    wrmsr(MSR_SYSENTER_ESP, (u64)PLAY_A);
    entered_cs = 0;
    unsigned vector = user_run(user_sysenter, 0);
    if (vector == UD && cpuid(0, 0).b == 0x68747541)
        return; /* AMD has no SYSENTER in long mode */
    check(vector == VECTOR_LEAVE, "SYSENTER: vector %u", vector);
    check(entered_cs == 0x80 && user_cs == 0xa3, "CS %lx, then %lx", entered_cs, user_cs);
}

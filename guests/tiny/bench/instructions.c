/* SPDX-License-Identifier: MIT */
/*
 * Instructions and MSRs that exit, or that would on a lesser hypervisor.
 */
#include "guests/tiny/bench/bench.h"

#define TSC_ADJUST 0x3b

/* Each where it is no #UD: bare there is nobody to call, and some have one of the two only. */
static void hypercalls(void)
{
    u64 a = 0;

    if (TRY("vmcall", "+a"(a) : : "memory") == NO_TRAP)
        LOOPED("vmcall", 10000, "vmcall", "+a"(a) : N : CLOBBERS);
    a = 0;
    if (TRY("vmmcall", "+a"(a) : : "memory") == NO_TRAP)
        LOOPED("vmmcall", 10000, "vmmcall", "+a"(a) : N : CLOBBERS);
}

void bench_instructions(void)
{
    u64 c = 0;

    LOOPED("empty", 100000, "", : N : CLOBBERS);
    LOOPED("cpuid", 10000, "xorl %%eax, %%eax\n\tcpuid",
           : N
           : CLOBBERS, "rax", "rbx", "rcx", "rdx");
    LOOPED("cpuid-features", 10000, "movl $1, %%eax\n\tcpuid",
           : N
           : CLOBBERS, "rax", "rbx", "rcx", "rdx");
    hypercalls();
    LOOPED("wbinvd", 10000, "wbinvd", : N : CLOBBERS);
    LOOPED("mov-cr8", 10000, "movq %%rax, %%cr8\n\tmovq %%cr8, %%rax", "+a"(c) : N : CLOBBERS);
    c = read_cr0();
    LOOPED("cr0-wp", 10000, "movq %[clear], %%cr0\n\tmovq %[set], %%cr0",
           : N, [clear] "r"(c & ~(u64)CR0_WP), [set] "r"(c | CR0_WP)
           : CLOBBERS);
    write_cr0(c);
}

void bench_registers(void)
{
    LOOPED("msr-read", 10000, "rdmsr", : N, "c"(TSC_ADJUST) : CLOBBERS, "rax", "rdx");
    /* Each round another value, so each moves the TSC; it is back before the clock is read. */
    u64 ticks = ROUNDS(10000, "leal -1(%%r15), %%eax\n\twrmsr",
                       : N, "c"(TSC_ADJUST), "d"(0)
                       : CLOBBERS, "rax");
    price("msr-write", rounded(ticks, 10000));
    LOOPED("msr-passed", 10000, "rdmsr", : N, "c"(MSR_KERNEL_GS) : CLOBBERS, "rax", "rdx");
}

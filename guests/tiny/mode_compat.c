/* SPDX-License-Identifier: MIT */
/* Compatibility mode under 64-bit paging: 32-bit code, its far transfers to 64-bit code and back,
 * CPUID, port I/O, exceptions. */
#include "guests/tiny/rt/tiny.h"

PART(part, ".code32",
     "pushl %ebx\n pushl %esi\n movl $0xffffffff, %esi\n incl %esi\n pushl %eax\n"
     "xorl %eax, %eax\n cpuid\n movw $0x1234, %dx\n inl %dx, %eax\n popl %ecx\n"
     "cmpl $-1, %eax\n jne 2f\n"
     ".byte 0x40\n" /* INC EAX here, a REX prefix in 64-bit code */
     "testl %eax, %eax\n jnz 2f\n"
     "lcall $8, $1f\n" /* 64-bit code answers */
     "leal 1(%ecx,%eax), %eax\n jmp 3f\n"
     "2: movl $0xbad, %eax\n 3: popl %esi\n popl %ebx\n ret\n"
     ".code64\n 1: movabsq $0x100000001, %rax\n shrq $32, %rax\n lretl\n");

static volatile unsigned faults;
static volatile u64 fault_cs;

static void on_ud(struct frame *frame)
{
    faults++;
    fault_cs = frame->cs;
    frame->rip += 2;
}

PART(ud, ".code32", "ud2\n movl $7, %eax\n ret");

TINY(mode_compat)
{
    for (u32 i = 0; i < 100; i++) {
        u32 r = mode_compat(part, i);
        if (!check(r == i + 2, "round %u: %x", i, r))
            break;
    }
    trap_on(UD, on_ud);
    check(mode_compat(ud, 0) == 7, "after the exception");
    check(faults == 1 && fault_cs == SEL_CODE32, "%u exceptions, CS %lx", faults, fault_cs);
}

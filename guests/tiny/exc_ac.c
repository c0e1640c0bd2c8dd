/* SPDX-License-Identifier: MIT */
/* #AC: only in ring 3, with CR0.AM and EFLAGS.AC, error code 0. */
#include "guests/tiny/rt/tiny.h"

static void user_unaligned(void)
{
    __asm__ volatile("movl 0x500001, %%eax" ::: "rax", "memory");
    user_end();
}

static void user_aligned(void)
{
    __asm__ volatile("movl 0x500004, %%eax" ::: "rax", "memory");
    user_end();
}

TINY(exc_ac)
{
    check(user_run(user_unaligned, FLAG_AC) == VECTOR_LEAVE, "without AM: %u", trap.vector);
    write_cr0(read_cr0() | CR0_AM);
    check(user_run(user_unaligned, 0) == VECTOR_LEAVE, "without AC: %u", trap.vector);
    check(user_run(user_aligned, FLAG_AC) == VECTOR_LEAVE, "aligned: %u", trap.vector);
    part("ac") check(user_run(user_unaligned, FLAG_AC) == AC && trap.error == 0, "with both: %u",
                     trap.vector);
    u64 rax;
    check(TRY("pushfq; orq $0x40000, (%%rsp); popfq; movl 0x500001, %%eax; pushfq; "
              "andq $~0x40000, (%%rsp); popfq",
              "=a"(rax)::"memory") == NO_TRAP,
          "in ring 0: %u", trap.vector);
}

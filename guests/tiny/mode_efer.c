/* SPDX-License-Identifier: MIT */
/*
 * EFER between modes: LME without paging sets no LMA; paging with LME and PAE does; LME without PAE
 * is #GP; leaving long mode clears LMA (SDM 3A 9.8.5). A hundred times, in 32-bit code.
 */
#include "guests/tiny/rt/tiny.h"

u32 efer_notes[32], efer_pae_only;

#define READ_EFER "movl $0xc0000080, %ecx\n rdmsr\n movl %eax, (%edi)\n addl $4, %edi\n"
#define LME(text) "movl $0xc0000080, %ecx\n rdmsr\n " text "\n wrmsr\n"

PART(
    part, ".code32",
    "pushl %ebx\n movl $efer_notes, %edi\n"
    "movl %cr4, %eax\n andl $~0x20, %eax\n movl %eax, %cr4\n movl $rt_pml4, %eax\n movl %eax, %cr3\n" LME(
        "orl $0x100, %eax") READ_EFER /* 0: LME, no LMA */
    "movl %cr0, %edx\n orl $0x80000000, %edx\n"
    "cmpl $0, efer_pae_only\n jne 1f\n" TRY32(
        "movl %edx, %cr0") "1:\n" NOTE32 /* 1, 2: no PAE: #GP */
                           "movl %cr4, %eax\n orl $0x20, %eax\n movl %eax, %cr4\n"
                           "movl %cr0, %ebx\n orl $0x80000000, %ebx\n movl %ebx, %cr0\n" READ_EFER /* 3: LME and LMA */
                           "movl %cr0, %ebx\n andl $0x7fffffff, %ebx\n movl %ebx, %cr0\n" READ_EFER /* 4: LME only */
                               LME("andl $~0x100, %eax") READ_EFER /* 5: neither */
    "popl %ebx\n xorl %eax, %eax\n ret");

TINY(mode_efer)
{
    const u32 both = EFER_LME | EFER_LMA;
    efer_pae_only = part_skipped("without-pae");
    for (unsigned i = 0; i < 100; i++) {
        u32 r = mode_prot32(part, 0);
        barrier();
        bool good = check(r == 0, "ended early: %x", r);
        good &= check((efer_notes[0] & both) == EFER_LME, "LME without paging: %x", efer_notes[0]);
        good &= efer_pae_only || check(efer_notes[1] == GP && efer_notes[2] == 0,
                                       "paging without PAE: %u", efer_notes[1]);
        good &= check((efer_notes[3] & both) == both, "paging on: %x", efer_notes[3]);
        good &= check((efer_notes[4] & both) == EFER_LME, "paging off: %x", efer_notes[4]);
        good &= check((efer_notes[5] & both) == 0, "LME off: %x", efer_notes[5]);
        if (!good)
            break;
    }
    check(TRY("wrmsr", : "c"(MSR_EFER), "a"(EFER_LMA), "d"(0)) == GP, "LME off in long mode");
}

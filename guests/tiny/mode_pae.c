/* SPDX-License-Identifier: MIT */
/*
 * PAE paging: the four entries are read when CR3 is loaded or CR0.CD changes, and not before;
 * reserved bits in them are #GP; paging on and off, NX by EFER.NXE (SDM 3A 4.4.1).
 */
#include "guests/tiny/rt/tiny.h"

u64 pae_pdpt[4] aligned(32);
static u64 pd_plain[512] aligned(4096), pd_other[512] aligned(4096);
u32 pae_notes[24], pae_on_demand; /* notes from 12 on: CD */

/* The first entry changes from the plain to the other directory, then a reserved bit comes in. */
PART(
    part, ".code32",
    "movl $pae_notes, %edi\n movl $0xa, 0xa00000\n movl $0x8, 0x800000\n"
    "movl pae_pdpt, %esi\n"
    "movl %cr4, %ecx\n orl $0x20, %ecx\n movl %ecx, %cr4\n movl $pae_pdpt, %ecx\n movl %ecx, %cr3\n"
    "movl %cr0, %edx\n orl $0x80000000, %edx\n movl %edx, %cr0\n"
    "movl 0x800000, %ebx\n movl %ebx, (%edi)\n addl $4, %edi\n" /* 0: plain */
    "movl %eax, pae_pdpt\n invlpg 0x800000\n"
    "movl 0x800000, %ebx\n movl %ebx, (%edi)\n addl $4, %edi\n" /* 1: still plain */
    "movl %ecx, %cr3\n movl 0x800000, %ebx\n movl %ebx, (%edi)\n addl $4, %edi\n" /* 2: other */
    "cmpl $0, pae_on_demand\n jne 1f\n orl $2, pae_pdpt\n 1:\n" TRY32("movl %ecx, %cr3")
        NOTE32                                                  /* 3, 4: #GP(0) */
    "movl 0x800000, %ebx\n movl %ebx, (%edi)\n addl $4, %edi\n" /* 5: still other */
    "movl %cr0, %edx\n andl $0x7fffffff, %edx\n movl %edx, %cr0\n"
    "orl $0x80000000, %edx\n" TRY32("movl %edx, %cr0") NOTE32 /* 6, 7: #GP(0) */
    "andl $~2, pae_pdpt\n" TRY32("movl %edx, %cr0") NOTE32    /* 8, 9: fine */
        TRY32("movl 0xc0000000, %ebx") NOTE32                 /* 10, 11: #PF(0) */
    "movl %esi, pae_pdpt\n movl %cr0, %edx\n orl $0x40000000, %edx\n movl %edx, %cr0\n"
    "movl 0x800000, %ebx\n movl %ebx, (%edi)\n addl $4, %edi\n" /* 12: plain again */
    "cmpl $0, pae_on_demand\n jne 1f\n orl $2, pae_pdpt\n 1: andl $~0x40000000, %edx\n" TRY32(
        "movl %edx, %cr0") NOTE32 /* 13, 14: #GP */
    "andl $~2, pae_pdpt\n movl %edx, %cr0\n"
    "movl %cr0, %edx\n andl $0x7fffffff, %edx\n movl %edx, %cr0\n xorl %eax, %eax\n ret");

static void expect(unsigned n, u32 value, const char *what)
{
    check(pae_notes[n] == value, "%s: %x, not %x", what, pae_notes[n], value);
}

/* APM 2, 15.25.10: under nested paging the entries are read at each walk, so that what CR3 should
 * have kept is not kept, and a bad one is a page fault there. */
static bool at_each_walk(void)
{
    return cpuid(0, 0).b == 0x68747541 && cpuid(1, 0).c >> 31; /* "Auth", under a hypervisor */
}

TINY(mode_pae)
{
    for (u64 i = 0; i < 512; i++)
        pd_plain[i] = pd_other[i] = i << 21 | 0x83;
    pd_other[4] = 0xa00083;
    pae_pdpt[0] = (u64)pd_plain | 1;
    pae_on_demand = at_each_walk();
    barrier();
    u32 r = mode_prot32(part, (u32)(u64)pd_other | 1);
    check(r == 0, "ended early: %x", r);
    expect(0, 8, "paging on");
    bool cached = !pae_on_demand;
    if (!cached)
        part_skip("cached-entries",
                  "AMD's nested paging reads them at each walk (APM 2, 15.25.10)");
    if (cached)
        expect(1, 8, "an entry changed in memory");
    expect(2, 10, "after CR3");
    if (cached)
        expect(3, GP, "reserved bit, CR3");
    if (cached)
        expect(4, 0, "its error code");
    expect(5, 10, "after the refusal");
    if (cached)
        expect(6, GP, "reserved bit, paging on");
    expect(8, NO_TRAP, "without it");
    expect(10, PF, "entry 3 is not there");
    expect(11, 0, "its error code");
    expect(12, 8, "after CR0.CD");
    if (cached)
        expect(13, GP, "reserved bit, CR0.CD");
    if (cached)
        expect(14, 0, "its error code");
}

/* SPDX-License-Identifier: MIT */
/*
 * MOV to CR3: what was mapped otherwise in the other table is seen at once, reserved bits are #GP,
 * the value reads back whole; with PCIDs, bit 63 does not stick.
 */
#include "guests/tiny/rt/tiny.h"

static u64 other_pml4[512] aligned(4096),
    other_pdpt[512] aligned(4096), other_pd[512] aligned(4096);

static void build_other(void)
{
    memcpy(other_pml4, rt_pml4, 4096);
    memcpy(other_pdpt, rt_pdpt, 4096);
    memcpy(other_pd, rt_pd, 4096);
    other_pml4[0] = (u64)other_pdpt | 3;
    other_pdpt[0] = (u64)other_pd | 3;
    /* 8 MiB there is 10 MiB. */
    other_pd[4] = 0xa00083;
}

TINY(cpu_cr3)
{
    volatile u64 *at = (volatile u64 *)0x800000;
    volatile u64 *there = (volatile u64 *)0xa00000;
    u64 ours = read_cr3();
    build_other();
    *at = 1;
    *there = 2;
    for (unsigned i = 0; i < 1000; i++) {
        write_cr3((u64)other_pml4);
        u64 seen = *at;
        write_cr3(ours);
        if (!check(seen == 2 && *at == 1, "round %u: %lu then %lu", i, seen, *at))
            break;
    }
    unsigned width = cpuid(0x80000008, 0).a & 0xff;
    if (width < 52 && !part_skipped("above-width"))
        check(TRY("mov %0, %%cr3",
                  : "r"(ours | BIT(width))
                  : "memory") == GP,
              "a bit above the width %u", width);
    part("bit-63") check(TRY("mov %0, %%cr3",
                             : "r"(ours | BIT(63))
                             : "memory") == GP,
                         "bit 63 without PCIDs");
    write_cr3(ours | 0x18);
    check(read_cr3() == (ours | 0x18), "PWT and PCD read back: %lx", read_cr3());
    write_cr3(ours);
    if (!(cpuid(1, 0).c >> 17 & 1))
        return;
    write_cr4(read_cr4() | CR4_PCIDE);
    write_cr3((u64)other_pml4 | 1);
    check(*at == 2, "PCID 1");
    write_cr3(ours | BIT(63));
    check(read_cr3() == ours && *at == 1, "bit 63 is kept, or the old map is");
    write_cr4(read_cr4() & ~(u64)CR4_PCIDE);
}

/* SPDX-License-Identifier: MIT */
/* CR0: what a guest may change reads back as written; what it may not is #GP, and nothing changed
 * (SDM 3A 2.5). */
#include "guests/tiny/rt/tiny.h"

static unsigned try_cr0(u64 value)
{
    return TRY("mov %0, %%cr0", : "r"(value) : "memory");
}

TINY(cpu_cr0)
{
    static const u64 free_bits[] = {CR0_MP, CR0_EM, CR0_TS, CR0_NE, CR0_WP, CR0_AM, CR0_CD};
    u64 cr0 = read_cr0();
    check((cr0 & 0x80010033) == 0x80010033, "CR0 at the start %lx", cr0);
    for (unsigned i = 0; i < array_size(free_bits); i++) {
        check(try_cr0(cr0 ^ free_bits[i]) == NO_TRAP, "bit %lx cannot change", free_bits[i]);
        check(read_cr0() == (cr0 ^ free_bits[i]), "bit %lx: CR0 is %lx", free_bits[i], read_cr0());
        write_cr0(cr0);
    }
    check(try_cr0(cr0 & ~(u64)CR0_ET) == NO_TRAP && read_cr0() == cr0, "ET is always one");
    check(try_cr0(cr0 | CR0_CD | CR0_NW) == NO_TRAP, "CD and NW together");
    check(read_cr0() == (cr0 | CR0_CD | CR0_NW), "CD and NW: %lx", read_cr0());
    write_cr0(cr0);

    part("pg-without-pe") check(try_cr0(cr0 & ~(u64)CR0_PE) == GP, "PG without PE");
    part("nw-without-cd") check(try_cr0(cr0 | CR0_NW) == GP, "NW without CD");
    part("bit-32") check(try_cr0(cr0 | BIT(32)) == GP, "bit 32");
    part("bit-63") check(try_cr0(cr0 | BIT(63)) == GP, "bit 63");
    part("paging-off") check(try_cr0(cr0 & ~BIT(31)) == GP, "paging off in 64-bit code");
    check(read_cr0() == cr0, "a refused write changed CR0");
    /* Reserved bits of the low half are ignored. */
    part("reserved-low") check(try_cr0(cr0 | BIT(6) | BIT(28)) == NO_TRAP && read_cr0() == cr0,
                               "reserved low bits: %lx", read_cr0());
}

/* SPDX-License-Identifier: MIT */
/* Debug registers: kept as written; fixed bits, the high halves, DR4 and DR5 by CR4.DE, general
 * detect (SDM 3B 17.2). */
#include "guests/tiny/rt/tiny.h"

static void general_detect(void)
{
    u64 value;
    write_dr7(0x400 | BIT(13));
    unsigned vector = TRY("mov %%dr0, %0", "=r"(value));
    u64 dr7 = read_dr7();
    check(vector == DB, "GD: vector %u", vector);
    check(read_dr6() & BIT(13), "GD: DR6 %lx", read_dr6());
    check(!(dr7 & BIT(13)), "GD is not cleared by its #DB");
    write_dr6(0);
    write_dr7(0x400);
}

TINY(cpu_dr)
{
    u64 value;
    write_dr0(0x1111222233334444);
    write_dr1(0x5555666677778888);
    write_dr2(0x9999aaaabbbbcccc);
    write_dr3(0xddddeeeeffff0000);
    cpuid(0, 0); /* an exit in between */
    check(read_dr0() == 0x1111222233334444, "dr0 %lx", read_dr0());
    check(read_dr1() == 0x5555666677778888, "dr1 %lx", read_dr1());
    check(read_dr2() == 0x9999aaaabbbbcccc, "dr2 %lx", read_dr2());
    check(read_dr3() == 0xddddeeeeffff0000, "dr3 %lx", read_dr3());

    write_dr6(0);
    check((read_dr6() & 0xffff2ff0ull) == 0xffff0ff0, "dr6 0 reads %lx", read_dr6());
    write_dr6(0xe00f);
    check((read_dr6() & 0xe00f) == 0xe00f, "dr6 %lx", read_dr6());
    write_dr6(0);
    check(TRY("mov %0, %%dr6", : "r"(BIT(32))) == GP, "dr6 bit 32");
    check(TRY("mov %0, %%dr7", : "r"(BIT(32))) == GP, "dr7 bit 32");
    write_dr7(0);
    check(read_dr7() == 0x400, "dr7 0 reads %lx", read_dr7());

    u64 cr4 = read_cr4();
    check(TRY(".byte 0x0f, 0x21, 0xe0", "=a"(value)) == NO_TRAP, "dr4 without DE is dr6");
    check(value == read_dr6(), "dr4 %lx, dr6 %lx", value, read_dr6());
    write_cr4(cr4 | CR4_DE);
    check(TRY(".byte 0x0f, 0x21, 0xe0", "=a"(value)) == UD, "dr4 with DE");
    check(TRY(".byte 0x0f, 0x23, 0xe8", : "a"(0x400)) == UD, "dr5 with DE");
    write_cr4(cr4);
    part("general-detect") general_detect();
}

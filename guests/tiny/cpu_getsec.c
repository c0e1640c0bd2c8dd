/* SPDX-License-Identifier: MIT */
/* GETSEC without CR4.SMXE, ENCLS and ENCLU without SGX: #UD. */
#include "guests/tiny/rt/tiny.h"

TINY(cpu_getsec)
{
    u64 rax = 0;
    check(TRY("getsec", "+a"(rax)::"rbx", "rcx", "rdx") == UD, "GETSEC");
    check(read_cr4() % (2 * CR4_SMXE) < CR4_SMXE, "SMXE is set");
    if (!(cpuid(7, 0).b >> 2 & 1)) {
        check(TRY(".byte 0x0f, 0x01, 0xcf", : "a"(0)) == UD, "ENCLS");
        check(TRY(".byte 0x0f, 0x01, 0xd7", : "a"(0)) == UD, "ENCLU");
    }
    /* PCONFIG, XSAVES and LOADIWKEY are #UD unless offered. */
    if (!(cpuid(7, 0).d >> 18 & 1))
        check(TRY(".byte 0x0f, 0x01, 0xc5", : "a"(0)) == UD, "PCONFIG");
    if (cpuid(0, 0).a < 0xd || !(cpuid(0xd, 1).a >> 3 & 1))
        check(TRY("xsaves (%0)", : "r"(PLAY_A), "a"(0), "d"(0) : "memory") == UD, "XSAVES");
}

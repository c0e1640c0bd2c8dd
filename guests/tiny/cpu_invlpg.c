/* SPDX-License-Identifier: MIT */
/* INVLPG (and INVPCID, if there): a changed entry is seen after it; an address of any kind is no
 * fault. */
#include "guests/tiny/rt/tiny.h"

static void invpcid(u64 type, u64 pcid, u64 address)
{
    struct {
        u64 pcid, address;
    } descriptor = {pcid, address};
    unsigned vector = TRY("invpcid %1, %0", : "r"(type), "m"(descriptor) : "memory");
    check(vector == NO_TRAP, "invpcid type %lu: vector %u", type, vector);
}

static void every_invpcid(volatile u64 *at, u64 *table)
{
    struct {
        u64 pcid, address;
    } wrong = {1ull << 12, 0};
    for (u64 type = 0; type < 4; type++) {
        table[0] = 0x700003;
        invlpg((void *)at);
        check(*at == 2, "mapped away");
        table[0] = 0x600003;
        invpcid(type, 0, (u64)at);
        check(*at == 1, "invpcid type %lu", type);
    }
    check(TRY("invpcid %1, %0", : "r"(4ull), "m"(wrong) : "memory") == GP, "invpcid type 4");
    check(TRY("invpcid %1, %0", : "r"(1ull), "m"(wrong) : "memory") == GP, "invpcid pcid 4096");
}

TINY(cpu_invlpg)
{
    volatile u64 *at = (volatile u64 *)PLAY_B;
    u64 *table = page_split((void *)at);
    *at = 1;
    *(volatile u64 *)PLAY_C = 2;
    for (unsigned i = 0; i < 1000; i++) {
        u64 frame = i & 1 ? 0x600000 : 0x700000;
        table[0] = frame | 3;
        invlpg((void *)at);
        if (!check(*at == 2 - (i & 1), "round %u: old entry", i))
            break;
    }
    table[0] = 0x600003;
    invlpg((void *)at);
    check(TRY("invlpg (%0)", : "r"(0x8000000000000000ull)) == NO_TRAP, "not canonical");
    check(TRY("invlpg (%0)", : "r"(0x7f0000000000ull)) == NO_TRAP, "not mapped");
    check(TRY(".byte 0x0f, 0x01, 0xf9", ::"rax", "rcx", "rdx") != GP,
          "the register form is RDTSCP");
    if (cpuid(7, 0).b >> 10 & 1)
        every_invpcid(at, table);
    else
        check(TRY("invpcid (%0), %1", : "r"(at), "r"(0ull)) == UD, "INVPCID is not offered");
}

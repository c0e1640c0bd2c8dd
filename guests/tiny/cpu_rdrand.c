/* SPDX-License-Identifier: MIT */
/* RDRAND and RDSEED, every width: a value and CF where offered, #UD where not. */
#include "guests/tiny/rt/tiny.h"

#define DRAW(insn, value)                                                                          \
    ({                                                                                             \
        bool got_ = false;                                                                         \
        for (unsigned i_ = 0; i_ < 1000 && !got_; i_++)                                            \
            __asm__ volatile(insn "; setc %1" : "+r"(value), "=q"(got_)::"cc");                    \
        got_;                                                                                      \
    })

static void rdrand(void)
{
    u64 all = 0, any = ~0ull, value;
    for (unsigned i = 0; i < 64; i++) {
        value = 0;
        if (!check(DRAW("rdrand %0", value), "no random number in 1000 tries"))
            return;
        all |= value;
        any &= value;
    }
    check(all == ~0ull && any == 0, "64 numbers: bits never seen: ones %lx, zeros %lx", ~all, any);
    value = 0x1111111111111111;
    check(DRAW("rdrand %w0", value) && value >> 16 == 0x111111111111, "16 bits: %lx", value);
    check(DRAW("rdrand %k0", value) && value >> 32 == 0, "32 bits: %lx", value);
}

TINY(cpu_rdrand)
{
    u64 value = 0;
    if (cpuid(1, 0).c >> 30 & 1)
        rdrand();
    else
        check(TRY("rdrand %0", "=r"(value)) == UD, "RDRAND is not offered");
    if (cpuid(7, 0).b >> 18 & 1)
        check(DRAW("rdseed %0", value) && value, "RDSEED");
    else if (!part_skipped("rdseed"))
        check(TRY("rdseed %0", "=r"(value)) == UD, "RDSEED is not offered");
}

/* SPDX-License-Identifier: MIT */
/*
 * Every MSR from 800 to 8FF: which are there in x2APIC mode, which way, and which bits are reserved
 * (SDM 3, table 11-6); #GP for all of them in xAPIC mode.
 */
#include "guests/tiny/rt/apic.h"

#define R 1
#define W 2

/* What can be read and written, with which bits; nothing else can. */
static const struct known {
    u32 first, last, how;
    u64 bits;
} table[] = {
    {0x802, 0x803, R,     0                    },
    {0x808, 0x808, R | W, 0xff                 },
    {0x80a, 0x80a, R,     0                    },
    {0x80b, 0x80b, W,     0                    },
    {0x80d, 0x80d, R,     0                    },
    {0x80f, 0x80f, R | W, 0x1ff                },
    {0x810, 0x827, R,     0                    },
    {0x828, 0x828, R | W, 0                    },
    {0x830, 0x830, R | W, 0xffffffff000ccfffull},
    {0x832, 0x832, R | W, 0x700ff              },
    {0x833, 0x834, R | W, 0x107ff              },
    {0x835, 0x836, R | W, 0x1a7ff              },
    {0x837, 0x837, R | W, 0x100ff              },
    {0x838, 0x838, R | W, 0xffffffff           },
    {0x839, 0x839, R,     0                    },
    {0x83e, 0x83e, R | W, 0xb                  },
    {0x83f, 0x83f, W,     0xff                 },
};

/* Read-only bits of LVT and ICR (delivery status, remote IRR), and SVR's of older processors:
 * either. */
static u64 either(u32 msr)
{
    if (msr == 0x80f)
        return 0x1200;
    return msr == 0x835 || msr == 0x836 ? 0x5000 : msr >= 0x830 && msr <= 0x837 ? 0x1000 : 0;
}

static const struct known *find(u32 msr)
{
    for (unsigned i = 0; i < array_size(table); i++)
        if (msr >= table[i].first && msr <= table[i].last)
            return &table[i];
    return NULL;
}

static bool reads(u32 msr, u64 *value)
{
    u32 low = 0, high = 0;
    bool good = TRY("rdmsr", "=a"(low), "=d"(high) : "c"(msr)) == NO_TRAP;

    *value = (u64)high << 32 | low;
    return good;
}

static bool writes(u32 msr, u64 value)
{
    return TRY("wrmsr", : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32))) == NO_TRAP;
}

/* Values that do nothing: an ICR whose mode is reserved, a self IPI that is an error. */
static u64 harmless(u32 msr)
{
    return msr == 0x830 ? 0x300 : 0;
}

static void bits(u32 msr, const struct known *k)
{
    u64 value;

    for (unsigned bit = 0; bit < 64; bit++) {
        bool legal = k->bits >> bit & 1;
        if (either(msr) >> bit & 1)
            continue;
        if (legal && !(msr == 0x830 || msr == 0x83f)) {
            check(writes(msr, BIT(bit)), "%x: bit %u is #GP", msr, bit);
            if (msr < 0x832 || msr > 0x837) {
                check(reads(msr, &value) && value == BIT(bit), "%x: bit %u reads %lx", msr, bit,
                      value);
            }
        } else if (!legal) {
            check(!writes(msr, BIT(bit) | harmless(msr)), "%x: bit %u is taken", msr, bit);
        }
    }
    check(writes(msr, harmless(msr)), "%x: %lx is #GP", msr, harmless(msr));
}

static void one(u32 msr)
{
    const struct known *k = find(msr);
    u64 value = 0;
    bool may_read = k && k->how & R, may_write = k && k->how & W;

    check(reads(msr, &value) == may_read, "%x: reading is%s #GP", msr, may_read ? "" : " not");
    if (may_write) {
        bits(msr, k);
    } else {
        check(!writes(msr, 0), "%x: 0 is taken", msr);
        check(!writes(msr, value), "%x: its own value is taken", msr);
    }
}

TINY(apic_x2_msrs)
{
    u64 value;

    for (u32 msr = 0x800; msr < 0x900; msr++)
        check(!reads(msr, &value) && !writes(msr, 0), "%x is there in xAPIC mode", msr);
    apic_to_x2();
    for (u32 msr = 0x800; msr < 0x900; msr++)
        one(msr);
    check(reads(0x802, &value) && value == 0, "the id reads %lx", value);
    check(reads(0x80d, &value) && value == 1, "LDR reads %lx", value);
    wrmsr(0x830, 0x1234567800000300ull);
    check(rdmsr(0x830) == 0x1234567800000300ull, "ICR reads %lx", rdmsr(0x830));
}

/* SPDX-License-Identifier: MIT */
/*
 * CR4: each bit that CPUID offers can be set and cleared, each that it does not is #GP; and the
 * rules that tie bits to the mode (SDM 3A 2.5).
 */
#include "guests/tiny/rt/tiny.h"

static unsigned try_cr4(u64 value)
{
    return TRY("mov %0, %%cr4", : "r"(value) : "memory");
}

struct bit {
    unsigned bit;
    const char *name;
    u32 leaf;
    char reg;
    unsigned at;
};

/* Those whose change is harmless here; PAE, VMXE, PCIDE and CET have rules of their own. */
static const struct bit bits[] = {
    {0,  "VME",        1, 'd', 1 },
    {1,  "PVI",        1, 'd', 1 },
    {2,  "TSD",        1, 'd', 4 },
    {3,  "DE",         1, 'd', 2 },
    {4,  "PSE",        1, 'd', 3 },
    {6,  "MCE",        1, 'd', 7 },
    {7,  "PGE",        1, 'd', 13},
    {9,  "OSFXSR",     1, 'd', 24},
    {10, "OSXMMEXCPT", 1, 'd', 25},
    {11, "UMIP",       7, 'c', 2 },
    {14, "SMXE",       1, 'c', 6 },
    {16, "FSGSBASE",   7, 'b', 0 },
    {18, "OSXSAVE",    1, 'c', 26},
    {20, "SMEP",       7, 'b', 7 },
    {21, "SMAP",       7, 'b', 20},
    {22, "PKE",        7, 'c', 3 },
};

static bool offered(const struct bit *b)
{
    struct cpuid r = cpuid(b->leaf, 0);
    if (b->leaf > cpuid(0, 0).a)
        return false;
    return (b->reg == 'b' ? r.b : b->reg == 'c' ? r.c : r.d) >> b->at & 1;
}

static void by_cpuid(u64 cr4)
{
    for (unsigned i = 0; i < array_size(bits); i++) {
        u64 other = cr4 ^ BIT(bits[i].bit);
        unsigned vector = try_cr4(other);
        if (offered(&bits[i])) {
            check(vector == NO_TRAP && read_cr4() == other, "%s: vector %u, CR4 %lx", bits[i].name,
                  vector, read_cr4());
            write_cr4(cr4);
            check(read_cr4() == cr4, "%s cannot go back", bits[i].name);
        } else {
            check(vector == GP, "%s is not offered: vector %u", bits[i].name, vector);
        }
    }
}

TINY(cpu_cr4)
{
    u64 cr4 = read_cr4();
    by_cpuid(cr4);
    for (unsigned bit = 25; bit < 64; bit++)
        if (bit < 27 || bit == 31 || bit > 32)
            check(try_cr4(cr4 | BIT(bit)) == GP, "reserved bit %u", bit);
    check(try_cr4(cr4 | BIT(15)) == GP, "reserved bit 15");
    check(try_cr4(cr4 & ~(u64)CR4_PAE) == GP, "PAE cleared in long mode");
    if (!(cpuid(1, 0).c >> 5 & 1))
        check(try_cr4(cr4 | CR4_VMXE) == GP, "VMXE without VMX");
    if (cpuid(1, 0).c >> 17 & 1) {
        write_cr3(read_cr3() | 1);
        check(try_cr4(cr4 | CR4_PCIDE) == GP, "PCIDE with a PCID in CR3");
        write_cr3(read_cr3() & ~1ull);
        check(try_cr4(cr4 | CR4_PCIDE) == NO_TRAP, "PCIDE");
    } else {
        check(try_cr4(cr4 | CR4_PCIDE) == GP, "PCIDE is not offered");
    }
    write_cr4(cr4);
    check(read_cr4() == cr4, "CR4 at the end %lx", read_cr4());
}

/* SPDX-License-Identifier: MIT */
/*
 * The MSRs that every guest of 64 bits uses: kept as written, canonical addresses demanded; PAT and
 * EFER with their rules (SDM 3A 2.2.1, 11.12.4; SDM 4).
 */
#include "guests/tiny/rt/tiny.h"

static unsigned try_write(u32 msr, u64 value)
{
    return TRY("wrmsr", : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static void kept(u32 msr, u64 value)
{
    u64 before = rdmsr(msr);
    check(try_write(msr, value) == NO_TRAP, "msr %x: %lx refused", msr, value);
    check(rdmsr(msr) == value, "msr %x: %lx is %lx", msr, value, rdmsr(msr));
    wrmsr(msr, before);
}

static void addresses(void)
{
    static const u32 msrs[] = {MSR_LSTAR, MSR_CSTAR, MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS};
    for (unsigned i = 0; i < array_size(msrs); i++) {
        kept(msrs[i], 0x123456789abcull);
        kept(msrs[i], 0xffff800000001234ull);
        part("not-canonical") check(try_write(msrs[i], 0x8000000000000000ull) == GP,
                                    "msr %x: not canonical", msrs[i]);
    }
    kept(MSR_SYSENTER_CS, 0x1234);
    kept(MSR_SYSENTER_ESP, 0xffff888012345678ull);
    kept(MSR_SYSENTER_EIP, 0x7fff12345678ull);
    kept(MSR_STAR, 0x0123456789abcdefull);
    kept(MSR_FMASK, 0x47700);
}

static void page_attributes(void)
{
    kept(MSR_PAT, 0x0007040600070406ull);
    kept(MSR_PAT, 0x0001050600070106ull);
    for (u64 type = 2; type < 256; type = type == 3 ? 8 : type * 2)
        if (type != 4)
            check(try_write(MSR_PAT, type << 24) == GP, "PAT takes type %lu", type);
    check(try_write(MSR_PAT, 3ull << 56) == GP, "PAT takes type 3 in the last entry");
}

static void efer(void)
{
    u64 efer = rdmsr(MSR_EFER);
    check((efer & (EFER_LME | EFER_LMA)) == (EFER_LME | EFER_LMA), "EFER %lx", efer);
    kept(MSR_EFER, efer | EFER_SCE);
    if (cpuid(0x80000001, 0).d >> 20 & 1)
        kept(MSR_EFER, efer | EFER_NXE);
    check(try_write(MSR_EFER, efer & ~EFER_LME) == GP, "EFER.LME cleared under paging");
    check(try_write(MSR_EFER, efer | BIT(1)) == GP, "EFER takes bit 1");
    check(try_write(MSR_EFER, efer | BIT(63)) == GP, "EFER takes bit 63");
    check(rdmsr(MSR_EFER) == efer, "a refused write changed EFER");
}

TINY(cpu_msr)
{
    addresses();
    page_attributes();
    efer();
}

/* SPDX-License-Identifier: MIT */
/*
 * Memory type range registers: kept, checked, and without effect, since the second-level tables
 * say what type memory has. SDM volume 3, 12.11.
 */
#include "arch/x86/guest_msr.h"

static bool valid_type(u64 type)
{
    return type == MEMORY_TYPE_UC || type == MEMORY_TYPE_WC ||
           (type >= MEMORY_TYPE_WT && type <= MEMORY_TYPE_WB);
}

/* Bits of an address that the guest's processor does not have. */
static u64 beyond(const struct guest *guest)
{
    return ~0ull << guest->cpuid->physical_bits;
}

u64 msr_mtrr_def_read(const struct guest *guest, u32 msr)
{
    (void)msr;
    return guest->mtrr_def_type;
}

bool msr_mtrr_def_write(struct guest *guest, u32 msr, u64 value)
{
    (void)msr;
    if ((value & ~(MTRR_DEF_TYPE_TYPE | MTRR_DEF_TYPE_FIXED | MTRR_DEF_TYPE_ENABLE)) ||
        !valid_type(value & MTRR_DEF_TYPE_TYPE))
        return false;
    guest->mtrr_def_type = value;
    return true;
}

/* 64K, 16K twice, 4K eight times: in the order of addresses. */
static unsigned fixed_index(u32 msr)
{
    if (msr == MSR_MTRR_FIX64K)
        return 0;
    return msr < MSR_MTRR_FIX4K_C0000 ? 1 + (msr - MSR_MTRR_FIX16K_80000)
                                      : 3 + (msr - MSR_MTRR_FIX4K_C0000);
}

u64 msr_mtrr_fixed_read(const struct guest *guest, u32 msr)
{
    return guest->mtrr_fixed[fixed_index(msr)];
}

bool msr_mtrr_fixed_write(struct guest *guest, u32 msr, u64 value)
{
    for (unsigned at = 0; at < 64; at += 8) {
        if (!valid_type(value >> at & 0xff))
            return false;
    }
    guest->mtrr_fixed[fixed_index(msr)] = value;
    return true;
}

u64 msr_mtrr_variable_read(const struct guest *guest, u32 msr)
{
    return guest->mtrr_variable[msr - MSR_MTRR_BASE0];
}

/* Even numbers are bases: a type in bits 7:0; odd ones are masks: only bit 11 below the address. */
bool msr_mtrr_variable_write(struct guest *guest, u32 msr, u64 value)
{
    bool mask = msr & 1;
    u64 reserved = beyond(guest) | (mask ? MASK(10, 0) : MASK(11, 8));

    if ((value & reserved) || (!mask && !valid_type(value & 0xff)))
        return false;
    guest->mtrr_variable[msr - MSR_MTRR_BASE0] = value;
    return true;
}

/* As firmware hands over a PC: memory is write-back, the VGA window is not. */
void msr_mtrr_reset(struct guest *guest)
{
    guest->mtrr_def_type = MTRR_DEF_TYPE_ENABLE | MTRR_DEF_TYPE_FIXED | MEMORY_TYPE_WB;
    for (unsigned i = 0; i < array_size(guest->mtrr_fixed); i++)
        guest->mtrr_fixed[i] = 0x0606060606060606;
    guest->mtrr_fixed[fixed_index(MSR_MTRR_FIX16K_A0000)] = 0;
    for (unsigned i = 0; i < array_size(guest->mtrr_variable); i++)
        guest->mtrr_variable[i] = 0;
}

/* SPDX-License-Identifier: MIT */
/* Bits: SDM volume 4, table 2-2; Intel's papers on each of the attacks. */
#include "arch/x86/guest_weak.h"

#include "arch/x86/cpuid_bits.h"
#include "arch/x86/msr.h"

/* What is so whoever runs: that an attack does not work, */
#define IMMUNE                                                                                     \
    (ARCH_RDCL_NO | ARCH_SSB_NO | ARCH_MDS_NO | ARCH_PSCHANGE_NO | ARCH_TAA_NO | ARCH_SBDR_NO |    \
     ARCH_FBSDP_NO | ARCH_PSDP_NO | ARCH_BHI_NO | ARCH_PBRSB_NO | ARCH_GDS_NO | ARCH_RFDS_NO)
/* ... that one does, and what VERW clears as well. */
#define PLAIN (ARCH_RSBA | ARCH_RRSBA | ARCH_FB_CLEAR | ARCH_RFDS_CLEAR)

/* Indirect Target Selection: models of family 6, from which stepping on. Later ones, and those
 * before enhanced IBRS, have not got it (Intel's "Indirect Target Selection", 2025). */
/* clang-format off */
static const struct {
    u8 model, stepping;
} its[] = {
    {0x55, 6},                        /* Cascade Lake, Cooper Lake */
    {0x8e, 12},                       /* Whiskey Lake, Comet Lake */
    {0x9e, 13},                       /* Coffee Lake's second edition */
    {0x6a, 0}, {0x6c, 0}, {0x7e, 0},  /* Ice Lake */
    {0x8c, 0}, {0x8d, 0},             /* Tiger Lake */
    {0xa5, 0}, {0xa6, 0},             /* Comet Lake */
    {0xa7, 0},                        /* Rocket Lake */
};
/* clang-format on */

static bool has_its(u32 version)
{
    u32 family = (u32)bits_get(version, 11, 8), stepping = (u32)bits_get(version, 3, 0);
    u32 model = (u32)(bits_get(version, 19, 16) << 4 | bits_get(version, 7, 4));

    for (unsigned i = 0; family == 6 && i < array_size(its); i++) {
        if (its[i].model == model && stepping >= its[i].stepping)
            return true;
    }
    return false;
}

/*
 * No processor sets ITS_NO, hypervisors do; inside one its word counts, for the model may be made
 * up. Of unlike cores one speaks for the others: it is not believed where it boasts.
 */
u64 guest_weak_told(u64 host, struct cpuid version, struct cpuid features)
{
    u64 told = host & (IMMUNE | PLAIN | ARCH_ITS_NO);

    if (!(version.ecx & HYPERVISOR))
        told = (told & ~ARCH_ITS_NO) | (has_its(version.eax) ? 0 : ARCH_ITS_NO);
    return features.edx & HYBRID ? told & (PLAIN | ARCH_ITS_NO) : told;
}

/* SPDX-License-Identifier: MIT */
/*
 * What protects us from ourselves, switched on: no-execute, write protection, and what CPUID
 * promises beside them. Each core, only at boot.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
#include "arch/x86/smp.h"
#include "lib/fmt.h"

/* Entries 0..7: WB WT UC- UC WC WP UC- UC: the reset values but for 4 and 5, which mm/ptab.c counts
 * on. */
#define PAT_LAYOUT 0x0007050100070406ull

bool cpu_nx_was_hidden;

static bool has_nx(void)
{
    return cpuid_or_zero(0x80000001, 0).edx & BIT(20);
}

/* NX may be hidden by the firmware's "execute disable" switch, which software may turn (SDM 4,
 * IA32_MISC_ENABLE[34]). */
static bool turn_nx_on(void)
{
    u64 enable;
    if (has_nx())
        return true;
    if (!msr_read_safe(MSR_MISC_ENABLE, &enable) ||
        !msr_write_safe(MSR_MISC_ENABLE, enable & ~BIT(34)))
        return false;
    cpu_nx_was_hidden = true;
    return has_nx();
}

static const struct {
    u32 leaf;
    u8 reg; /* 0 eax .. 3 edx */
    u8 bit;
    u64 cr4;
    const char *name;
} cr4_wishes[] = {
    {1, 3, 13, CR4_PGE,  "PGE" },
    {1, 3, 7,  CR4_MCE,  "MCE" },
    {7, 1, 7,  CR4_SMEP, "SMEP"},
    {7, 1, 20, CR4_SMAP, "SMAP"},
    {7, 2, 2,  CR4_UMIP, "UMIP"},
};

const char *cpu_protect(void)
{
    if (!turn_nx_on())
        return "the processor has no execute-disable (NX), or the firmware hides it: look for \"Execute "
               "Disable Bit\" or \"NX\" in its set-up";
    msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_NXE);
    cr0_write((cr0_read() | CR0_WP | CR0_NE | CR0_MP) &
              ~(CR0_EM | CR0_TS | CR0_CD | CR0_NW | CR0_AM));
    u64 cr4 = cr4_read() & ~CR4_PCIDE;
    for (unsigned i = 0; i < array_size(cr4_wishes); i++) {
        struct cpuid id = cpuid_or_zero(cr4_wishes[i].leaf, 0);
        const u32 regs[] = {id.eax, id.ebx, id.ecx, id.edx};
        if (regs[cr4_wishes[i].reg] & BIT(cr4_wishes[i].bit))
            cr4 |= cr4_wishes[i].cr4;
    }
    cr4_write(cr4);
    msr_write(MSR_PAT, PAT_LAYOUT);
    return NULL;
}

const char *cpu_protections(void)
{
    static char names[64];
    size_t at = fmt_text(names, sizeof names, "WP NXE");

    for (unsigned i = 0; i < array_size(cr4_wishes); i++)
        if (cr4_read() & cr4_wishes[i].cr4)
            at += fmt_text(names + at, sizeof names - at, " %s", cr4_wishes[i].name);
    return names;
}

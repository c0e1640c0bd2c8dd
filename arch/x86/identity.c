/* SPDX-License-Identifier: MIT */
#include "arch/x86/identity.h"

#include "arch/x86/cpu.h"
#include "lib/string.h"

/* Display family and model: SDM 2, CPUID leaf 1. */
static void read_version(struct cpu_identity *identity, u32 eax)
{
    identity->family = (u32)bits_get(eax, 11, 8);
    identity->model = (u32)bits_get(eax, 7, 4);
    if (identity->family == 6 || identity->family == 15)
        identity->model += (u32)bits_get(eax, 19, 16) << 4;
    if (identity->family == 15)
        identity->family += (u32)bits_get(eax, 27, 20);
}

void cpu_identify(struct cpu_identity *identity)
{
    struct cpuid name = cpuid(0, 0), version = cpuid(1, 0);

    *identity = (struct cpu_identity){.inside_hypervisor = version.ecx & BIT(31)};
    memcpy(identity->vendor, &name.ebx, 4);
    memcpy(identity->vendor + 4, &name.edx, 4);
    memcpy(identity->vendor + 8, &name.ecx, 4);
    read_version(identity, version.eax);
}

const char *cpu_brand(void)
{
    static char brand[49];

    for (u32 leaf = 0; leaf < 3; leaf++) {
        struct cpuid part = cpuid_or_zero(0x80000002 + leaf, 0);
        memcpy(brand + leaf * 16, &part, 16);
    }
    const char *start = brand;
    while (*start == ' ')
        start++;
    return start;
}

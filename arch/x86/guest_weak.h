/* SPDX-License-Identifier: MIT */
/*
 * What a guest is told of the processor's weaknesses: IA32_ARCH_CAPABILITIES, on Intel's only.
 * Without it an operating system that finds a hypervisor expects the worst of any host it might be
 * moved to, and pays for it: Linux sends every return through a thunk against ITS. Trivet moves no
 * machine, so what it says of the processor at hand holds.
 */
#ifndef ARCH_X86_GUEST_WEAK_H
#define ARCH_X86_GUEST_WEAK_H

#include "arch/x86/cpu.h"

/*
 * From the host's register, 0 where it has none, and its CPUID. Pure. A bit that would promise a
 * register or a control that guests have not got is never in it.
 */
u64 guest_weak_told(u64 host, struct cpuid version, struct cpuid features);

#endif

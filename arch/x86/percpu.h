/* SPDX-License-Identifier: MIT */
/*
 * What each core has of its own, behind this_cpu(). GS points to it for as long as Trivet's own
 * code runs.
 */
#ifndef ARCH_X86_PERCPU_H
#define ARCH_X86_PERCPU_H

#include "arch/arch.h"
#include "arch/x86/desc.h"
#include "lib/types.h"

#define CPUS_MAX       256
#define CPU_ENGINE_OWN 48

enum cpu_state { CPU_ABSENT, CPU_STARTING, CPU_ONLINE, CPU_GIVEN_UP };

struct cpu {
    struct cpu *self; /* at GS:0 */
    u32 index;        /* 0 is the boot core */
    u32 apic_id;
    enum cpu_state state;
    u64 stack_top;
    u32 panics;           /* how deep this core is in them */
    void (*call)(void *); /* see smp_call */
    void *call_with;
    u64 tsc_adjust; /* to be added to this core's TSC to get the boot core's */
    u64 interrupts;
    u64 nmis;
    u64 last_machine; /* whose vCPU it ran last: guest_switch.c */
    struct desc_tables desc;
    u64 core_own[ARCH_CORE_OWN / sizeof(u64)];    /* arch_core_own leads here */
    u64 engine_own[CPU_ENGINE_OWN / sizeof(u64)]; /* the vendor's, zeroes at first */
};

extern struct cpu *cpus[CPUS_MAX]; /* by index, dense */
extern u32 cpu_count;              /* online */
extern struct cpu boot_cpu;        /* cpus[0]; the others have a page each */

static inline struct cpu *this_cpu(void)
{
    struct cpu *cpu;
    __asm__("mov %%gs:0, %0" : "=r"(cpu));
    return cpu;
}

#endif

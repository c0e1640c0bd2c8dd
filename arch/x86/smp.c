/* SPDX-License-Identifier: MIT */
/*
 * The cores once they run: which there are, and calls from one to another.
 */
#include "arch/x86/smp.h"

#include "arch/arch.h"
#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/percpu.h"
#include "arch/x86/trap.h"
#include "lib/lock.h"

struct cpu *cpus[CPUS_MAX];
void *arch_core_own[CPUS_MAX];
u32 cpu_count;
struct cpu boot_cpu;

u32 arch_core(void)
{
    return this_cpu()->index;
}

u32 arch_core_count(void)
{
    return cpu_count;
}

void arch_kick(u32 core)
{
    apic_send(cpus[core]->apic_id, VECTOR_KICK);
}

void arch_idle(void)
{
    cpu_sleep();
}

void smp_take_call(void)
{
    struct cpu *cpu = this_cpu();
    void (*what)(void *) = __atomic_load_n(&cpu->call, __ATOMIC_ACQUIRE);

    if (!what)
        return;
    what(cpu->call_with);
    __atomic_store_n(&cpu->call, NULL, __ATOMIC_RELEASE);
}

void smp_post(u32 core, void (*what)(void *), void *with)
{
    cpus[core]->call_with = with;
    __atomic_store_n(&cpus[core]->call, what, __ATOMIC_RELEASE);
    arch_kick(core);
}

void smp_wait(u32 core)
{
    while (__atomic_load_n(&cpus[core]->call, __ATOMIC_ACQUIRE))
        spin_pause();
}

void smp_call(u32 core, void (*what)(void *), void *with)
{
    if (cpus[core] == this_cpu()) {
        what(with);
        return;
    }
    smp_post(core, what, with);
    smp_wait(core);
}

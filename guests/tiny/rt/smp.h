/* SPDX-License-Identifier: MIT */
/*
 * Further processors: started by INIT and a start-up IPI (SDM 3, 9.4.4) at a trampoline below 1
 * MiB, each with a stack and a TSS of its own. Their numbers are their APIC ids, which Trivet
 * counts from 0. They wait in HLT for work.
 *
 * TRY and check() are for one processor at a time; handlers serve all.
 */
#ifndef TINY_SMP_H
#define TINY_SMP_H

#include "guests/tiny/rt/cpu.h"

#define CPUS_MAX 8

/* Where a started processor begins, and the vector that wakes one for work. */
#define TRAMPOLINE  0x7000
#define VECTOR_WORK 0xf0

/* From the task register, so without an exit. */
static inline unsigned cpu_self(void)
{
    u16 selector;
    __asm__ volatile("str %0" : "=r"(selector));
    return (selector - SEL_TSS64) / 16u;
}

/* How many there are, by CPUID. */
unsigned cpu_count(void);

/* Starts all the others and returns how many processors run then; a check fails if one does not
 * come. The first's APIC is enabled, each other one's in the mode that the first's has then. */
unsigned smp_start(void);

/* INIT to one, as far as it goes by itself; a start-up IPI at a copy of the trampoline at `page`;
 * whether it has arrived. */
void cpu_init(unsigned cpu);
bool cpu_start(unsigned cpu, u32 page);

/* Has a waiting processor run fn(its number); has all do it, this one too, and returns when the
 * last one has. */
void cpu_run(unsigned cpu, void (*fn)(unsigned cpu));
bool cpu_done(unsigned cpu);
void cpu_wait(unsigned cpu);
void smp_run(void (*fn)(unsigned cpu));

/* Nobody goes on before all the processors that run are here. */
void smp_barrier(void);

/* How often this processor has come out of HLT in search of work. */
extern volatile u32 smp_wakes[CPUS_MAX];

static inline void spin_until_set(const volatile u32 *word)
{
    while (!__atomic_load_n(word, __ATOMIC_SEQ_CST))
        pause();
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A counter by LOCK ADD, one under a spinlock of XCHG, and one under a ticket lock, from all
 * processors: the exact sums. The ticket lock makes all wait for whoever is next: on one core a
 * PAUSE loop must not keep it from running.
 */
#include "guests/tiny/rt/apic.h"

#define ADDS    50000
#define LOCKED  5000
#define TICKETS 300

static volatile u64 by_add, by_lock, by_ticket;
static volatile u32 lock, next, served;

static void add(unsigned cpu)
{
    (void)cpu;
    smp_barrier();
    for (unsigned i = 0; i < ADDS; i++)
        __asm__ volatile("lock addq $1, %0" : "+m"(by_add)::"memory");
}

static void locked(unsigned cpu)
{
    (void)cpu;
    smp_barrier();
    for (unsigned i = 0; i < LOCKED; i++) {
        while (__atomic_exchange_n(&lock, 1, __ATOMIC_SEQ_CST))
            pause();
        by_lock++;
        __atomic_store_n(&lock, 0, __ATOMIC_SEQ_CST);
    }
}

static void ticket(unsigned cpu)
{
    (void)cpu;
    smp_barrier();
    for (unsigned i = 0; i < TICKETS; i++) {
        u32 mine = __atomic_fetch_add(&next, 1, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&served, __ATOMIC_SEQ_CST) != mine)
            pause();
        by_ticket++;
        __atomic_store_n(&served, mine + 1, __ATOMIC_SEQ_CST);
    }
}

TINY(smp_lock)
{
    u64 total = smp_start();

    smp_run(add);
    check(by_add == ADDS * total, "LOCK ADD: %lu, not %lu", by_add, ADDS * total);
    smp_run(locked);
    check(by_lock == LOCKED * total, "XCHG: %lu, not %lu", by_lock, LOCKED * total);
    smp_run(ticket);
    check(by_ticket == TICKETS * total, "tickets: %lu, not %lu", by_ticket, TICKETS * total);
}

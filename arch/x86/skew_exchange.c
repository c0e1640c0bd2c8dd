/* SPDX-License-Identifier: MIT */
/*
 * The exchange itself: two words and an answer between the boot core and one other.
 */
#include "arch/x86/skew.h"

#include "arch/x86/cpu.h"
#include "lib/lock.h"

#define WAIT_MS 5
#define DONE    ~0u

/* One pair of cores at a time. */
static u32 asked, answered;
static u64 answer;

/* No later read of memory, and no earlier one, on the wrong side of it. */
static u64 tsc_ordered(void)
{
    __asm__ volatile("lfence" : : : "memory");
    u64 tsc = tsc_read();
    __asm__ volatile("lfence" : : : "memory");
    return tsc;
}

/* False if the other core takes too long, as one may whose emulator has no processor for it. */
static bool exchange(u32 number, u64 patience, struct skew_round *round)
{
    round->sent = tsc_ordered();
    __atomic_store_n(&asked, number, __ATOMIC_RELEASE);
    while (__atomic_load_n(&answered, __ATOMIC_ACQUIRE) != number)
        if (tsc_read() - round->sent > patience)
            return false;
    round->back = tsc_ordered();
    round->there = answer;
    return true;
}

struct skew skew_measure(u64 tsc_hz)
{
    struct skew_round round[SKEW_ROUNDS];
    unsigned count = 0;

    for (u32 number = 1; number <= SKEW_ROUNDS; number++)
        count += exchange(number, tsc_hz / 1000 * WAIT_MS, &round[count]);
    return skew_of(round, count);
}

void skew_done(void)
{
    __atomic_store_n(&asked, DONE, __ATOMIC_RELEASE);
    while (__atomic_load_n(&answered, __ATOMIC_ACQUIRE) != DONE)
        spin_pause();
    __atomic_store_n(&asked, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&answered, 0, __ATOMIC_RELEASE);
}

void skew_answer(void)
{
    u32 number, last = 0;

    do {
        number = __atomic_load_n(&asked, __ATOMIC_ACQUIRE);
        if (number == last)
            continue;
        answer = tsc_ordered();
        __atomic_store_n(&answered, number, __ATOMIC_RELEASE);
        last = number;
    } while (last != DONE);
}

/* SPDX-License-Identifier: MIT */
/*
 * A ticket lock: fair, one word, no interrupt handling. Trivet's own code runs
 * with interrupts off (they arrive in guests and in the idle loop), so a lock is
 * never taken twice by one core except from an NMI, and NMI handlers only use
 * lock_try.
 */
#ifndef LIB_LOCK_H
#define LIB_LOCK_H

#include "lib/types.h"

struct lock {
    u16 next, owner;
};

static inline void spin_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* Out of line: it is rare. */
void lock_wait(const struct lock *lock, u16 ticket);

static inline void lock_take(struct lock *lock)
{
    u16 ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
    if (unlikely(__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket))
        lock_wait(lock, ticket);
}

/* True if taken; never waits. */
static inline bool lock_try(struct lock *lock)
{
    u16 owner = __atomic_load_n(&lock->owner, __ATOMIC_RELAXED);
    u16 next = owner;
    return __atomic_compare_exchange_n(&lock->next, &next, (u16)(owner + 1), false,
                                       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void lock_drop(struct lock *lock)
{
    __atomic_store_n(&lock->owner, (u16)(lock->owner + 1), __ATOMIC_RELEASE);
}

#endif

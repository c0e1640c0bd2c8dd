/* SPDX-License-Identifier: MIT */
#include "lib/lock.h"

void lock_wait(const struct lock *lock, u16 ticket)
{
    while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket)
        spin_pause();
}

/* SPDX-License-Identifier: MIT */
/* WBINVD and INVD: memory keeps what was written (INVD may not drop a guest's lines: only Trivet's
 * are at stake). */
#include "guests/tiny/rt/tiny.h"

static void user_wbinvd(void)
{
    __asm__ volatile("wbinvd");
    user_end();
}

static void user_invd(void)
{
    __asm__ volatile("invd");
    user_end();
}

TINY(cpu_wbinvd)
{
    volatile u64 *at = (volatile u64 *)PLAY_A;
    for (u64 i = 0; i < 4096; i++)
        at[i] = i * 0x9e3779b97f4a7c15;
    for (unsigned i = 0; i < 20; i++)
        __asm__ volatile("wbinvd" ::: "memory");
    /* What INVD drops on a bare machine has just been written back. */
    __asm__ volatile("wbinvd; invd" ::: "memory");
    for (u64 i = 0; i < 4096; i++)
        if (!check(at[i] == i * 0x9e3779b97f4a7c15, "word %lu lost", i))
            break;
    check(user_run(user_wbinvd, 0) == GP, "WBINVD in ring 3");
    check(user_run(user_invd, 0) == GP, "INVD in ring 3");
}

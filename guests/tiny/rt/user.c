/* SPDX-License-Identifier: MIT */
#include "guests/tiny/rt/tiny.h"

void rt_user_enter(void (*fn)(void), void *stack);
extern bool rt_in_user;
extern u64 rt_user_rsp, rt_user_flags;

u64 rt_user_rsp, rt_user_flags;
static u8 user_stack[8192] aligned(16);

static void user_map(void)
{
    rt_pml4[0] |= 4;
    for (unsigned i = 0; i < 4; i++)
        rt_pdpt[i] |= 4;
    for (unsigned i = 0; i < array_size(rt_pd); i++)
        rt_pd[i] |= 4;
    write_cr3(read_cr3());
}

unsigned user_run(void (*fn)(void), u64 rflags)
{
    if (!(rt_pml4[0] & 4))
        user_map();
    trap.vector = NO_TRAP;
    rt_user_flags = rflags | 2;
    rt_in_user = true;
    barrier();
    /* As after a call: the stack is 8 off a multiple of 16. */
    rt_user_enter(fn, user_stack + sizeof(user_stack) - 8);
    barrier();
    return trap.vector;
}

static u64 tables[2][512] aligned(4096);
static unsigned tables_used;

u64 *page_split(const void *at)
{
    u64 first = (u64)at;
    u64 user = rt_pd[first >> 21] & 4;
    u64 *table = tables[tables_used++];

    for (unsigned i = 0; i < 512; i++)
        table[i] = (first + i * 4096) | 3 | user;
    rt_pd[first >> 21] = (u64)table | 3 | user;
    write_cr3(read_cr3());
    return table;
}

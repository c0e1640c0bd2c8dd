/* SPDX-License-Identifier: MIT */
#include "guests/tiny/rt/tiny.h"

void rt_user_enter(void (*fn)(void), void *stack, u64 cs, u64 ss);
extern bool rt_in_user;
extern u64 rt_user_rsp, rt_user_flags, rt_user_fill;

u64 rt_user_rsp, rt_user_flags, rt_user_fill;
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

static unsigned run(void (*fn)(void), void *stack, u64 rflags, u64 cs, u64 ss)
{
    trap.vector = NO_TRAP;
    rt_user_flags = rflags | 2;
    rt_in_user = true;
    barrier();
    rt_user_enter(fn, stack, cs, ss);
    barrier();
    return trap.vector;
}

unsigned step_run(u64 code, u64 fill)
{
    rt_user_fill = fill;
    return run((void (*)(void))code, (void *)fill, FLAG_TF, SEL_CODE64, SEL_DATA);
}

unsigned user_run(void (*fn)(void), u64 rflags)
{
    if (!(rt_pml4[0] & 4))
        user_map();
    /* As after a call: the stack is 8 off a multiple of 16. */
    return run(fn, user_stack + sizeof(user_stack) - 8, rflags, SEL_USER_CS, SEL_USER_DS);
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

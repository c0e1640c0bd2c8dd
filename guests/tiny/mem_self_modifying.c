/* SPDX-License-Identifier: MIT */
/*
 * Code that changes itself: at once, across a page boundary, and one written through another
 * mapping of the same page; each time the new one runs.
 */
#include "guests/tiny/rt/tiny.h"

static u64 call(const u8 *code)
{
    u64 rax;
    __asm__ volatile("call *%1" : "=a"(rax) : "r"(code) : "memory");
    return rax;
}

static void put(u8 *at, u32 value)
{
    u8 code[] = {0xb8, (u8)value, (u8)(value >> 8), (u8)(value >> 16), (u8)(value >> 24), 0xc3};
    memcpy(at, code, sizeof(code));
    barrier();
}

TINY(mem_self_modifying)
{
    u8 *page = PLAY_B;
    for (u32 i = 0; i < 1000; i++) {
        put(page, i);
        if (!check(call(page) == i, "round %u: old code", i))
            break;
    }
    /* Across a page boundary. */
    for (u32 i = 0; i < 100; i++) {
        put(page + 4096 - 3, i);
        check(call(page + 4096 - 3) == i, "across a page, round %u", i);
    }
    /* By the alias at 10 MiB, which maps the same page. */
    u64 *table = page_split((void *)0xa00000);
    table[0] = (u64)page | 3;
    invlpg((void *)0xa00000);
    for (u32 i = 0; i < 100; i++) {
        put((u8 *)0xa00000, i + 5000);
        __asm__ volatile("cpuid" : : "a"(0) : "rbx", "rcx", "rdx", "memory");
        check(call(page) == i + 5000, "by an alias, round %u", i);
    }
    /* Changed and called with nothing in between. */
    u64 rax;
    __asm__ volatile("movl $0x600100, %%edi; movb $0xb8, (%%rdi)\n"
                     "movl $0x11, 1(%%rdi); movb $0xc3, 5(%%rdi); call *%%rdi\n"
                     "movb $0x22, 1(%%rdi); call *%%rdi"
                     : "=a"(rax)::"rdi", "memory");
    check(rax == 0x22, "changed and called: %lx", rax);
}

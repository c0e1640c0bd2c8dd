/* SPDX-License-Identifier: MIT */
/* The top of memory: code runs in its last bytes, data and a stack lie there, and an access half
 * in, half out is both. */
#include "guests/tiny/rt/tiny.h"

static u64 on_stack(u64 stack)
{
    u64 rsp, value;
    __asm__ volatile("movq %%rsp, %0; movq %2, %%rsp; pushq $0x1234; pushfq; popq %1; popq %1; "
                     "movq %0, %%rsp"
                     : "=&b"(rsp), "=&r"(value)
                     : "r"(stack)
                     : "memory");
    return value;
}

TINY(mem_top)
{
    static const u8 code[] = {0xb8, 0x2a, 0, 0, 0, 0x0f, 0xa2, 0xb8, 0x2a, 0, 0, 0, 0xc3};
    u64 top = mem_top();
    print("memory ends at %lu MiB\n", top >> 20);
    check(top >= 32 * MiB, "too small");

    u8 *at = (u8 *)top - sizeof(code);
    u64 rax;
    memcpy(at, code, sizeof(code)); /* mov eax, 42; cpuid; mov eax, 42; ret */
    __asm__ volatile("call *%1" : "=a"(rax) : "r"(at) : "rbx", "rcx", "rdx", "memory");
    check(rax == 42, "code in the last bytes: %lu", rax);
    check(on_stack(top) == 0x1234, "a stack at the top");

    *(volatile u64 *)(top - 8) = 0x1122334455667788;
    check(*(volatile u64 *)(top - 8) == 0x1122334455667788, "the last word");
    check(*(volatile u32 *)top == 0xffffffff, "behind it: %x", *(volatile u32 *)top);
    *(volatile u32 *)top = 0;
    check(*(volatile u32 *)top == 0xffffffff, "a write behind it sticks");
    u64 both = *(volatile u64 *)(top - 4);
    check(both == 0xffffffff11223344, "across: %lx", both);
    *(volatile u64 *)(top - 4) = 0xaaaaaaaabbbbbbbb;
    check(*(volatile u32 *)(top - 4) == 0xbbbbbbbb, "a write across: %x",
          *(volatile u32 *)(top - 4));
    *(volatile u32 *)(top - 4) = 0;
}

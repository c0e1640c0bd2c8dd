/* SPDX-License-Identifier: MIT */
#include "guests/tiny/rt/tiny.h"

bool on_trivet(void)
{
    for (u32 leaf = 0x40000000; leaf < 0x40010000; leaf += 0x100) {
        struct cpuid r = cpuid(leaf, 0);
        if (!memcmp(&r.b, "TrivetTrivet", 12))
            return true;
    }
    return false;
}

u64 hypercall_vmcall(u64 number)
{
    __asm__ volatile("vmcall" : "+a"(number)::"memory");
    return number;
}

u64 hypercall_vmmcall(u64 number)
{
    __asm__ volatile("vmmcall" : "+a"(number)::"memory");
    return number;
}

bool cpu_is_amd(void)
{
    static u32 vendor;

    if (!vendor)
        vendor = cpuid(0, 0).b;
    return vendor == 0x68747541; /* "Auth" */
}

u64 hypercall(u64 number)
{
    return cpu_is_amd() ? hypercall_vmmcall(number) : hypercall_vmcall(number);
}

u64 bench_call(const char *name, u64 ticks)
{
    u64 rax = HYPER_BENCH;

    if (cpu_is_amd())
        __asm__ volatile("vmmcall" : "+a"(rax) : "D"(name), "S"(ticks) : "memory");
    else
        __asm__ volatile("vmcall" : "+a"(rax) : "D"(name), "S"(ticks) : "memory");
    return rax;
}

void prove_no_exits(void (*fn)(unsigned times), const char *what)
{
    fn(1000);
    if (!on_trivet())
        skip("no Trivet, no exits to count");
    u64 ms = tsc_hz() / 1000, start = rdtsc();
    u64 before = hypercall(HYPER_EXITS);
    fn(PROOF_LOOPS);
    u64 exits = hypercall(HYPER_EXITS) - before - 1; /* without the first hypercall's own */
    u64 took = (rdtsc() - start) / ms;
    print("%s: %d times, %lu exits, %lu ms\n", what, PROOF_LOOPS, exits, took);
    check(exits <= PROOF_NOISE + 2 * took, "%lu exits", exits);
}

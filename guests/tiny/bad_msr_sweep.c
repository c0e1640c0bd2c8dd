/* SPDX-License-Identifier: MIT */
/*
 * Every MSR number of the architecture's ranges and some at random: read, and on Trivet written
 * too: back what was read, zeros, ones, at random. Each is taken or #GP(0). EFER and the APIC base,
 * which change this guest's own mode, are only read.
 */
#include "guests/tiny/rt/tiny.h"
#include "guests/tiny/rt/fuzz.h"

static u64 state = 0x6d737273;
static bool writes;

static unsigned try_write(u32 msr, u64 value)
{
    unsigned vector = TRY("wrmsr", : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
    check(vector == NO_TRAP || (vector == GP && trap.error == 0), "wrmsr %x: vector %u error %lx",
          msr, vector, trap.error);
    return vector;
}

static bool touch(u32 msr)
{
    u32 low = 0, high = 0;
    unsigned vector = TRY("rdmsr", "=a"(low), "=d"(high) : "c"(msr) : "memory");
    check(vector == NO_TRAP || (vector == GP && trap.error == 0), "rdmsr %x: vector %u error %lx",
          msr, vector, trap.error);
    if (writes && msr != MSR_EFER && msr != MSR_APIC_BASE) {
        u64 before = (u64)high << 32 | low;
        try_write(msr, 0);
        try_write(msr, ~0ull);
        try_write(msr, random(&state));
        try_write(msr, random(&state) & 0xffff);
        if (vector == NO_TRAP)
            try_write(msr, before);
    }
    return vector == NO_TRAP;
}

static void range(u32 first, u32 last)
{
    unsigned there = 0;
    for (u32 msr = first; msr <= last; msr++)
        there += touch(msr);
    print("%x to %x: %u can be read\n", first, last, there);
}

TINY(bad_msr_sweep)
{
    writes = on_trivet();
    range(0, 0x1fff);
    range(0xc0000000, 0xc0001fff);
    range(0xc0010000, 0xc0011fff);
    range(0x40000000, 0x400000ff);
    range(0x4b564d00, 0x4b564dff);
    for (unsigned i = 0; i < 2000; i++)
        touch((u32)random(&state));
}

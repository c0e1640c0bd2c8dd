/* SPDX-License-Identifier: MIT */
/* RDTSC: never backwards, high halves cleared, moves with the PIT; CR4.TSD forbids it in ring 3
 * only. */
#include "guests/tiny/rt/tiny.h"

static void user_rdtsc(void)
{
    __asm__ volatile("rdtsc" ::: "rax", "rdx");
    user_end();
}

TINY(cpu_rdtsc)
{
    u64 last = rdtsc();
    for (unsigned i = 0; i < 100000; i++) {
        u64 now = rdtsc();
        if (!check(now >= last, "backwards by %lu", last - now))
            break;
        last = now;
    }
    u64 rax = ~0ull, rdx = ~0ull;
    __asm__ volatile("rdtsc" : "+a"(rax), "+d"(rdx));
    check(rax >> 32 == 0 && rdx >> 32 == 0, "high halves %lx %lx", rax, rdx);

    /* Two strokes of the PIT, one twice as long as the other; a pause only lengthens them. */
    u64 took[2] = {~0ull / 4, ~0ull / 4};
    pit2_gate(true);
    for (unsigned i = 0; i < 2 * MEASURES && !within(took[1], took[0] * 2, 10); i++) {
        u64 start = rdtsc();
        pit_set(2, 0, (u16)(20000 << i % 2));
        u64 now = pit2_edge(true) - start;
        took[i % 2] = now < took[i % 2] ? now : took[i % 2];
    }
    check(within(took[1], took[0] * 2, 10), "TSC: %lu, then twice that is %lu", took[0], took[1]);

    check(user_run(user_rdtsc, 0) == VECTOR_LEAVE, "RDTSC in ring 3");
    write_cr4(read_cr4() | CR4_TSD);
    check(user_run(user_rdtsc, 0) == GP, "RDTSC in ring 3 with TSD");
    check(TRY("rdtsc", : : "rax", "rdx") == NO_TRAP, "RDTSC in ring 0 with TSD");
}

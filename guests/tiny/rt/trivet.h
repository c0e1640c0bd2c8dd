/* SPDX-License-Identifier: MIT */
/*
 * What only Trivet has: its CPUID signature and its hypercalls.
 */
#ifndef TINY_TRIVET_H
#define TINY_TRIVET_H

#include "lib/types.h"

enum { HYPER_NOTHING, HYPER_EXITS, HYPER_BENCH };

/* CPUID leaves 0x40000000, 0x40000100, ... carry the signature. */
bool on_trivet(void);

bool cpu_is_amd(void);

/* By VMCALL on Intel, VMMCALL on AMD; or by the one named. Only on Trivet. */
u64 hypercall(u64 number);
u64 hypercall_vmcall(u64 number);
u64 hypercall_vmmcall(u64 number);

/* The TSC at the runtime's entry. */
extern const u64 rt_first_tsc;

/* Has Trivet print a price; 0, or ~0 if its command line does not say `bench`. */
u64 bench_call(const char *name, u64 ticks);

/*
 * The proof that something takes no exit: runs fn for a few rounds to warm up, then for a million
 * between two readings of the exit counter, and checks the difference. What the host does meanwhile
 * (its timer, a slice's end, both at most once a millisecond) is allowed for. Skips the guest where
 * there is no Trivet.
 */
void prove_no_exits(void (*fn)(unsigned times), const char *what);
#define PROOF_LOOPS 1000000
#define PROOF_NOISE 64 /* beside those two a millisecond */

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the price list's files share. An operation stands in a loop of two instructions of its own
 * (`empty`), which is part of its price: nothing is subtracted.
 */
#ifndef TINY_BENCH_BENCH_H
#define TINY_BENCH_BENCH_H

#include "guests/tiny/rt/tiny.h"

/* Notes a price; it is told when all are known, since a log that drains makes exits dearer. */
void price(const char *name, u64 ticks);

/* Tells one at once. */
void report(const char *name, u64 ticks);

/* What stands behind other words than none: guests/tiny/bench.c. */
void bench_two(void);
void bench_shared(void);
no_return void bench_reset(void);

/* In this order. */
void bench_instructions(void);
void bench_registers(void);
void bench_ports(void);
void bench_memory(void);
void bench_steal(void);
void bench_pit(void);
void bench_apic(void);
void bench_deadline(void);
void bench_uart_write(void);

/* Ticks of `n` rounds of the text, DEC and JNZ of R15 after each; the rest is asm's, outputs first.
 */
#define ROUNDS(n, text, ...)                                                                       \
    ({                                                                                             \
        u64 rounds_ = (n), before_ = rdtsc();                                                      \
        __asm__ volatile("movq %[rounds_], %%r15\n1:\t" text "\n\tdecq %%r15\n\tjnz 1b"            \
                         : __VA_ARGS__);                                                           \
        rdtsc() - before_;                                                                         \
    })
#define N        [rounds_] "r"(rounds_)
#define CLOBBERS "r15", "memory", "cc"
#define SPIN(n)  ROUNDS(n, "", : N : CLOBBERS)

static inline u64 rounded(u64 ticks, u64 n)
{
    return (ticks + n / 2) / n;
}

/* A price by name: LOOPED("cpuid", 10000, "cpuid", outputs : N, inputs : CLOBBERS). */
#define LOOPED(name, n, ...) price(name, rounded(ROUNDS(n, __VA_ARGS__), n))

/* Many measurements of one thing: its price is their average, NAME-least and NAME-worst if named.
 */
struct spread {
    u64 sum, least, most;
    unsigned count;
};
#define NO_SPREAD ((struct spread){.least = ~0ull})
void spread_add(struct spread *spread, u64 one);
void spread_price(const struct spread *spread, const char *average, const char *least,
                  const char *worst);

/*
 * INTERRUPT(name) { ... }: a handler that saves only what it uses (the runtime's trap stub saves
 * all registers), entered by name_gate. The EOI is its own business.
 */
#define INTERRUPT(name)                                                                            \
    extern const char name##_gate[];                                                               \
    __asm__(".text\n" #name "_gate:\n\tcall " #name "\n\tiretq");                                  \
    static __attribute__((used, no_caller_saved_registers)) void name(void)
void gate_of(unsigned vector, const char gate[]);

#endif

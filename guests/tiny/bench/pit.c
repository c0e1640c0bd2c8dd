/* SPDX-License-Identifier: MIT */
/*
 * The PIT's interrupts by way of the PIC, and what a guest loses that asked for nothing.
 */
#include "guests/tiny/bench/bench.h"

#define STEAL_OF 100000000ull /* of so many ticks, those that the guest did not get */

static volatile u64 came;
static volatile unsigned ticks;

static void on_tick(struct frame *frame)
{
    (void)frame;
    came = rdtsc();
    ticks++;
}

/*
 * Counter 0 in mode 0: the output rises counts + 1 periods after the count is written, for which
 * the middle between before and after the OUT stands. Returns when that is to be.
 */
static u64 one_shot(u16 counts)
{
    pit_control(0, 0);
    outb(0x40, (u8)counts);
    u64 before = rdtsc();
    outb(0x40, (u8)(counts >> 8));
    u64 set = before + (rdtsc() - before) / 2;
    return set + (counts + 1ull) * tsc_hz() / PIT_HZ;
}

enum wait { SPINNING, HALTED, MASKED };

/* From the deadline to the handler; MASKED: from STI, with the interrupt long there. */
static u64 latency(enum wait wait, u16 counts)
{
    irq_disable();
    came = 0;
    u64 from = one_shot(counts);
    if (wait == HALTED) {
        irq_wait();
    } else if (wait == SPINNING) {
        irq_enable();
        while (!came)
            ;
    } else {
        while (rdtsc() < from + 50000)
            cpuid(0, 0); /* Bochs shows no host interrupt to a guest that spins with IF clear */
        from = rdtsc();
        __asm__ volatile("sti; nop; nop" ::: "memory");
        check(came, "no interrupt after STI");
    }
    irq_enable();
    return came > from ? came - from : 0;
}

static struct spread latencies(enum wait wait, u16 counts, unsigned n)
{
    struct spread spread = NO_SPREAD;

    for (unsigned i = 0; i < n; i++) {
        SPIN(17 * i + 1); /* at every phase of the PIT's clock */
        spread_add(&spread, latency(wait, counts));
    }
    return spread;
}

/* What a spinning guest loses a tick of a periodic timer, its own handler and EOI included. */
static void periodic(void)
{
    const u64 rounds = 10000000;
    u64 quiet = SPIN(rounds);

    unsigned from = ticks;
    pit_set(0, 2, (u16)(PIT_HZ / 1000));
    while (ticks == from)
        ;
    from = ticks;
    u64 busy = SPIN(rounds);
    unsigned came_in = ticks - from;
    LOOPED("cpuid-timer", 10000, "xorl %%eax, %%eax\n\tcpuid",
           : N
           : CLOBBERS, "rax", "rbx", "rcx", "rdx");
    pit_set(0, 0, 1);
    if (check(came_in, "no tick of a periodic timer"))
        price("irq-pit", rounded(busy - quiet, came_in));
}

void bench_pit(void)
{
    struct spread spread;

    irq_on(0, on_tick);
    irq_enable();
    spread = latencies(SPINNING, 1193, 50);
    spread_price(&spread, "pit-deadline", "pit-deadline-least", "pit-deadline-worst");
    spread = latencies(HALTED, 1193, 50);
    spread_price(&spread, "hlt-wake", "hlt-wake-least", "hlt-wake-worst");
    spread = latencies(HALTED, 23863, 8);
    spread_price(&spread, "hlt-wake-long", NULL, NULL);
    spread = latencies(MASKED, 200, 50);
    spread_price(&spread, "irq-window", NULL, NULL);
    periodic();
    pic_mask(0);
}

/* A slice's own time is the difference of two short runs that nothing came between. */
void bench_steal(void)
{
    const u64 slice = 50000;
    u64 one = ~0ull, two = ~0ull;

    for (unsigned i = 0; i < 20; i++) {
        u64 a = SPIN(slice), b = SPIN(2 * slice);
        one = a < one ? a : one;
        two = b < two ? b : two;
    }
    u64 slices = STEAL_OF / (two - one);
    u64 alone = one + (slices - 1) * (two - one);
    u64 took = SPIN(slices * slice);
    price("steal", took > alone ? took - alone : 0);
}

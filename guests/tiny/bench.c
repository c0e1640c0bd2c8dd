/* SPDX-License-Identifier: MIT */
/*
 * What each exit costs, in ticks of the TSC: the price list of `make bench` (docs/performance.md).
 * Its parts stand in guests/tiny/bench/. The command line's word chooses: `two` vCPUs on two cores,
 * two on a `shared` one, `reset`; without a word, the list of a single vCPU.
 *
 * Interrupts are enabled, so the host's are taken as in any guest. It is not Trivet's alone: under
 * another hypervisor it says the same lines on the UART (`make bench-kvm`).
 */
#include "guests/tiny/bench/bench.h"

static struct {
    const char *name;
    u64 ticks;
} prices[96];
static unsigned count;

void price(const char *name, u64 ticks)
{
    if (check(count < array_size(prices), "no room for %s", name)) {
        prices[count].name = name;
        prices[count++].ticks = ticks;
    }
}

void report(const char *name, u64 ticks)
{
    if (on_trivet() && bench_call(name, ticks) == 0)
        return;
    print("@trivet1 bench name=%s ticks=%lu\n", name, ticks);
}

void gate_of(unsigned vector, const char gate[])
{
    u64 at = (u64)gate;

    rt_idt[vector].offset_low = (u16)at;
    rt_idt[vector].offset_mid = (u16)(at >> 16);
}

void spread_add(struct spread *spread, u64 one)
{
    spread->sum += one;
    spread->least = one < spread->least ? one : spread->least;
    spread->most = one > spread->most ? one : spread->most;
    spread->count++;
}

void spread_price(const struct spread *spread, const char *average, const char *least,
                  const char *worst)
{
    price(average, rounded(spread->sum, spread->count));
    if (least)
        price(least, spread->least);
    if (worst)
        price(worst, spread->most);
}

static void the_list(void)
{
    bench_instructions();
    bench_registers();
    bench_ports();
    bench_memory();
    bench_steal();
    bench_pit();
    bench_apic();
    bench_deadline();
    bench_uart_write();
    if (on_trivet())
        report("first-tsc", rt_first_tsc);
}

TINY(bench)
{
    irq_enable();
    wait_us(400000); /* the boot's log has drained, the runtime's own PIT stroke is over */
    if (asked("two"))
        bench_two();
    else if (asked("shared"))
        bench_shared();
    else if (asked("reset"))
        bench_reset();
    else
        the_list();
    for (unsigned i = 0; i < count; i++)
        report(prices[i].name, prices[i].ticks);
}

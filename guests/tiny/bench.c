/* SPDX-License-Identifier: MIT */
/*
 * What each exit costs, in ticks of the TSC: the price list of `make bench` (docs/performance.md).
 * Its parts stand in guests/tiny/bench/.
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

static void report(const char *name, u64 ticks)
{
    if (on_trivet() && bench_call(name, ticks) == 0)
        return;
    print("@trivet1 bench name=%s ticks=%lu\n", name, ticks);
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

TINY(bench)
{
    u64 first = rt_first_tsc;

    irq_enable();
    wait_us(400000); /* the boot's log has drained, the runtime's own PIT stroke is over */
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
        report("first-tsc", first);
    for (unsigned i = 0; i < count; i++)
        report(prices[i].name, prices[i].ticks);
}

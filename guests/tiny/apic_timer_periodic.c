/* SPDX-License-Identifier: MIT */
/*
 * The timer periodically: its rate without drift, masks that hide it and do not stop it, a new
 * count that starts it anew, and a tick that waits in IRR once.
 */
#include "guests/tiny/rt/apic.h"

#define VECTOR 0x56

/* Ten periods of a millisecond from the count's write; a tick that a pause swallows makes it
 * longer. */
static struct took ten(void)
{
    struct took took = apic_took((u32)(apic_hz() / 1000) >> 2, 10);

    apic_write(APIC_INITIAL, 0);
    return took;
}

static void masks(const char *mode)
{
    apic_write(APIC_INITIAL, (u32)(apic_hz() / 1000) >> 2);
    apic_write(APIC_LVT_TIMER, LVT_MASKED | LVT_PERIODIC | VECTOR);
    irq_window();
    apic_ticks = 0;
    irq_enable();
    wait_us(5000);
    irq_disable();
    check(apic_ticks == 0, "%s: %u ticks though masked", mode, apic_ticks);
    check(apic_read(APIC_CURRENT) != 0, "%s: masked, it has stopped", mode);
    apic_write(APIC_LVT_TIMER, LVT_PERIODIC | VECTOR);
    wait_for(apic_bit(APIC_IRR, VECTOR), 1000);
    wait_us(3000);
    apic_write(APIC_LVT_TIMER, LVT_MASKED | LVT_PERIODIC | VECTOR);
    irq_window();
    u32 now = apic_ticks;
    apic_write(APIC_LVT_TIMER, LVT_PERIODIC | VECTOR);
    check(now == 1, "%s: %u ticks of those that IF = 0 held back, not one", mode, now);
    irq_enable();
    check(wait_for(apic_ticks >= now + 3, 1000), "%s: it does not go on", mode);
    apic_write(APIC_INITIAL, 0);
    irq_disable();
    now = apic_ticks;
    irq_enable();
    wait_us(3000);
    irq_disable();
    check(apic_ticks == now, "%s: %u ticks after it was stopped", mode, apic_ticks - now);
}

static void all(const char *mode)
{
    apic_write(APIC_DIVIDE, 1); /* by 4 */
    apic_write(APIC_LVT_TIMER, LVT_PERIODIC | VECTOR);
    check_lasts(ten(), 11932, mode);
    masks(mode);
}

TINY(apic_timer_periodic)
{
    tsc_hz();
    trap_on(VECTOR, apic_on_tick);
    apic_both(all);
}

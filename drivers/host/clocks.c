/* SPDX-License-Identifier: MIT */
#include "drivers/host/clocks.h"

#include "arch/x86/mmio.h"
#include "arch/x86/port.h"
#include "lib/bits.h"
#include "mm/hostmap.h"

#define HPET_CAPABILITIES  0x000 /* bits 63:32: period in femtoseconds; 13: 64-bit counter */
#define HPET_CONFIGURATION 0x010
#define HPET_COUNTER       0x0f0
#define HPET_ENABLE        BIT(0)

#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND   0x43
#define PIT_GATE      0x61 /* bit 0 gates channel 2, bit 1 the speaker */

static const volatile u8 *hpet;
static u16 pm_timer;

static u64 hpet_read(void)
{
    return mmio_read32(hpet + HPET_COUNTER);
}

static u64 pm_timer_read(void)
{
    return port_read32(pm_timer);
}

/* Counts down; as an upward counter it is the complement. */
static u64 pit_read(void)
{
    port_write8(PIT_COMMAND, 0x80); /* latch channel 2 */
    u8 low = port_read8(PIT_CHANNEL_2);
    u8 high = port_read8(PIT_CHANNEL_2);
    return 0xffffu - (u64)(low | high << 8);
}

static bool hpet_start(hpa_t base, struct ref_clock *clock)
{
    if (hpa_is_none(base))
        return false;
    volatile u8 *regs = hostmap_device(base, PAGE_4K, PT_UC);
    if (!regs)
        return false;
    u64 period = mmio_read64(regs + HPET_CAPABILITIES) >> 32;
    if (period < 100000 ||
        period > 100000000) /* the specification's limit is 100 ns; below 0.1 ns is nonsense */
        return false;
    mmio_write64(regs + HPET_CONFIGURATION, mmio_read64(regs + HPET_CONFIGURATION) | HPET_ENABLE);
    hpet = regs;
    *clock = (struct ref_clock){"HPET", 1000000000000000ull / period, 0xffffffff, hpet_read};
    return true;
}

static bool pm_timer_start(const struct host_clocks_at *at, struct ref_clock *clock)
{
    pm_timer = at->pm_timer;
    *clock = (struct ref_clock){"ACPI timer", 3579545, at->pm_timer_32 ? 0xffffffff : 0xffffff,
                                pm_timer_read};
    return pm_timer != 0;
}

/* Channel 2 in mode 2 over all 65,536 counts, its gate open, the speaker off. */
static void pit_start(struct ref_clock *clock)
{
    port_write8(PIT_GATE, (u8)((port_read8(PIT_GATE) & ~2) | 1));
    port_write8(PIT_COMMAND, 0xb4);
    port_write8(PIT_CHANNEL_2, 0);
    port_write8(PIT_CHANNEL_2, 0);
    *clock = (struct ref_clock){"PIT", 1193182, 0xffff, pit_read};
}

unsigned host_clocks(const struct host_clocks_at *at, struct ref_clock clocks[HOST_CLOCKS_MAX])
{
    unsigned count = 0;

    count += hpet_start(at->hpet, &clocks[count]);
    count += pm_timer_start(at, &clocks[count]);
    pit_start(&clocks[count]);
    return count + 1;
}

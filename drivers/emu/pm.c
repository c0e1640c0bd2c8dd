/* SPDX-License-Identifier: MIT */
#include "drivers/emu/pm.h"

#include "lib/bits.h"
#include "lib/fmt.h"
#include "lib/string.h"

#define NS 1000000000ull

/* ACPI 4.8.3.1: the events that there are, in status and in enable. */
#define EVENTS (PM_TIMER_TURNED | PM_GLOBAL | PM_POWER_BUTTON | PM_SLEEP_BUTTON | PM_RTC)

/* ACPI 4.8.3.2. Bit 1 (bus masters wake the processor) is kept; 2 and 13 are commands. */
#define CONTROL_SCI   0x0001
#define CONTROL_KEPT  0x1c02
#define CONTROL_TYPE  10 /* three bits from here */
#define CONTROL_SLEEP 0x2000

static struct pm *pm_of(struct device *dev)
{
    return container_of(dev, struct pm, dev);
}

/* Whole seconds apart, so that no product overflows. */
static u64 ticks_at(u64 ns)
{
    return ns / NS * PM_TIMER_HZ + ns % NS * PM_TIMER_HZ / NS;
}

static u64 ns_of(u64 ticks)
{
    return ticks / PM_TIMER_HZ * NS + (ticks % PM_TIMER_HZ * NS + PM_TIMER_HZ - 1) / PM_TIMER_HZ;
}

static void settle(struct pm *pm, u64 now)
{
    u64 turns = ticks_at(now) >> (pm->timer_bits - 1);

    if (turns != pm->turns)
        pm->status |= PM_TIMER_TURNED;
    pm->turns = turns;
    bool level = pm->status & pm->enable;
    if (level != pm->line) {
        pm->line = level;
        dev_line(&pm->dev, pm->irq, level);
    }
    bool waits = !level && (pm->enable & PM_TIMER_TURNED);
    dev_set_deadline(&pm->dev, waits ? ns_of((turns + 1) << (pm->timer_bits - 1)) : DEV_NEVER);
}

static void pm_expire(struct device *dev, u64 now)
{
    settle(pm_of(dev), now);
}

void pm_raise(struct pm *pm, enum pm_event event)
{
    pm->status |= (u16)event;
    settle(pm, dev_now(&pm->dev));
}

/* The registers as they stand in the ports, four bytes from an offset that is a multiple of 4. */
static u32 registers(const struct pm *pm, u64 offset, u64 now)
{
    if (offset == PM_EVENT)
        return pm->status | (u32)pm->enable << 16;
    if (offset == PM_CONTROL)
        return pm->control | CONTROL_SCI;
    return (u32)(ticks_at(now) & MASK(pm->timer_bits - 1, 0));
}

static u64 pm_read(struct device *dev, u64 offset, unsigned bytes)
{
    struct pm *pm = pm_of(dev);
    u64 now = dev_now(dev), base = align_down(offset, 4);

    settle(pm, now);
    return registers(pm, base, now) >> 8 * (offset - base) & (~0ull >> (64 - 8 * bytes));
}

static void write_control(struct pm *pm, u16 value)
{
    pm->control = value & CONTROL_KEPT;
    if ((value & CONTROL_SLEEP) && (value >> CONTROL_TYPE & 7) == pm->s5_type)
        pm->dev.host->stop(pm->dev.host->ctx, DEV_STOP_POWER_OFF, 0);
}

/* `mask` has ones where the access has bytes: what is not written keeps its value. */
static void pm_write(struct device *dev, u64 offset, unsigned bytes, u64 value)
{
    struct pm *pm = pm_of(dev);
    u64 now = dev_now(dev), shift = 8 * (offset & 3);
    u32 mask = (u32)(~0ull >> (64 - 8 * bytes) << shift), word = (u32)(value << shift);

    settle(pm, now);
    if (offset < PM_CONTROL) {
        pm->status &= (u16)~word; /* ones clear */
        pm->enable = ((pm->enable & ~(mask >> 16)) | word >> 16) & EVENTS;
    } else if (offset < PM_TIMER) {
        write_control(pm, (u16)((pm->control & ~mask) | word));
    }
    settle(pm, now);
}

static void pm_reset(struct device *dev)
{
    struct pm *pm = pm_of(dev);
    u64 now = dev_now(dev);

    pm->status = pm->enable = pm->control = 0;
    pm->turns = ticks_at(now) >> (pm->timer_bits - 1);
    settle(pm, now);
}

static size_t pm_dump(const struct device *dev, char *to, size_t size)
{
    const struct pm *pm = container_of(dev, const struct pm, dev);

    return fmt_text(to, size, "%s: status %04x enable %04x control %04x, sci %d, deadline %lu",
                    dev->name, pm->status, pm->enable, pm->control | CONTROL_SCI, pm->line,
                    dev->deadline);
}

static const struct device_ops ops = {
    .widths = DEV_WIDTH(1) | DEV_WIDTH(2) | DEV_WIDTH(4),
    .read = pm_read,
    .write = pm_write,
    .reset = pm_reset,
    .expire = pm_expire,
    .dump = pm_dump,
};

void pm_init(struct pm *pm, const struct dev_host *host, unsigned irq, unsigned timer_bits,
             unsigned s5_type)
{
    memset(pm, 0, sizeof *pm);
    pm->dev = (struct device){&ops, host, "pm", DEV_NEVER};
    pm->irq = irq;
    pm->timer_bits = timer_bits;
    pm->s5_type = s5_type;
    pm_reset(&pm->dev);
}

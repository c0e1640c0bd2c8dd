/* SPDX-License-Identifier: MIT */
#include "drivers/emu/hpet.h"

#include "lib/bits.h"
#include "lib/fmt.h"
#include "lib/string.h"

#define NS        1000000000ull
#define LEAST_GAP 50000u /* ns */

/* Registers (specification 2.3), 8 bytes each. */
enum {
    CAPABILITIES = 0x000,
    CONFIG = 0x010,
    STATUS = 0x020,
    COUNTER = 0x0f0,
    TIMER_FIRST = 0x100,
    TIMER_SIZE = 0x20,
    TIMER_CONFIG = 0x00, /* within a timer's */
    TIMER_COMPARATOR = 0x08,
};

/* Revision 1, three timers, 64 bits, legacy replacement, Intel's as most are; the period above. */
#define CAPS ((u64)HPET_PERIOD_FS << 32 | HPET_BLOCK)

#define CONFIG_ENABLE BIT(0)

#define T_CAN      (BIT(4) | BIT(5) | (u64)HPET_PINS << 32) /* periodic, 64 bits */
#define T_WRITABLE (T_LEVEL | T_INTERRUPT | T_PERIODIC | T_SET | T_32BIT | MASK(13, T_ROUTE))

/* A tenth of a thousand-millionth off at most: the period has no more digits. */
_Static_assert(1000000000000000 / HPET_PERIOD_FS + 1 == HPET_HZ, "the period is the frequency's");

/* Whole seconds apart, so that no product overflows. */
static u64 ticks_at(u64 ns)
{
    return ns / NS * HPET_HZ + ns % NS * HPET_HZ / NS;
}

/* When a tick is over. */
static u64 ns_of(u64 ticks)
{
    return ticks / HPET_HZ * NS + (ticks % HPET_HZ * NS + HPET_HZ - 1) / HPET_HZ;
}

static struct hpet *hpet_of(struct device *dev)
{
    return container_of(dev, struct hpet, dev);
}

static bool running(const struct hpet *hpet)
{
    return hpet->config & CONFIG_ENABLE;
}

static u64 counter_at(const struct hpet *hpet, u64 tick)
{
    return running(hpet) ? hpet->counter + tick : hpet->counter;
}

static unsigned route_of(const struct hpet *hpet, unsigned n)
{
    if (hpet_replaces_legacy(hpet) && n < 2)
        return n ? HPET_LEGACY_1 : HPET_LEGACY_0;
    return (unsigned)bits_get(hpet->timer[n].config, 13, T_ROUTE);
}

static void aim(struct hpet *hpet, struct hpet_timer *t, u64 tick)
{
    if (running(hpet))
        hpet_timer_aim(t, counter_at(hpet, tick), tick);
    else
        t->match = HPET_NO_MATCH;
}

static void set_line(struct hpet *hpet, struct hpet_timer *t, bool level)
{
    if (t->level == level)
        return;
    t->level = level;
    dev_line(&hpet->dev, t->line, level);
}

/* An edge is due and may be told: it was not told within the last 50 µs. */
static void tell_edge(struct hpet *hpet, struct hpet_timer *t, u64 now)
{
    if (!t->owes || now < t->told + LEAST_GAP)
        return;
    t->level = true;
    dev_pulse(&hpet->dev, t->line);
    t->owes = false;
    t->told = now;
}

static void settle_timer(struct hpet *hpet, unsigned n, u64 now)
{
    struct hpet_timer *t = &hpet->timer[n];
    bool matched = hpet_timer_pass(t, ticks_at(now));
    bool enabled = running(hpet) && (t->config & T_INTERRUPT);

    if (t->config & T_LEVEL) {
        t->owes = false;
        hpet->status |= matched ? BIT(n) : 0;
        set_line(hpet, t, enabled && (hpet->status & BIT(n)));
        return;
    }
    t->owes = enabled && (t->owes || matched);
    tell_edge(hpet, t, now);
    if (!enabled)
        set_line(hpet, t, false);
}

/* When the timer's line has something new to say. */
static u64 next_of(const struct hpet *hpet, unsigned n)
{
    const struct hpet_timer *t = &hpet->timer[n];

    if (!running(hpet) || !(t->config & T_INTERRUPT) || ((t->config & T_LEVEL) && t->level))
        return DEV_NEVER;
    if (t->owes)
        return t->told + LEAST_GAP;
    if (t->match >= BIT(63) / NS * HPET_HZ)
        return DEV_NEVER;
    return max_u64(ns_of(t->match), t->config & T_LEVEL ? 0 : t->told + LEAST_GAP);
}

static void settle(struct hpet *hpet, u64 now)
{
    u64 next = DEV_NEVER;

    for (unsigned n = 0; n < HPET_TIMERS; n++) {
        settle_timer(hpet, n, now);
        next = min_u64(next, next_of(hpet, n));
    }
    dev_set_deadline(&hpet->dev, next);
}

static void hpet_expire(struct device *dev, u64 now)
{
    settle(hpet_of(dev), now);
}

/* A timer that changes its line leaves the old one low. */
static void reroute(struct hpet *hpet)
{
    for (unsigned n = 0; n < HPET_TIMERS; n++) {
        struct hpet_timer *t = &hpet->timer[n];
        if (t->line == route_of(hpet, n))
            continue;
        set_line(hpet, t, false);
        t->line = route_of(hpet, n);
    }
}

static bool legacy_level(const struct hpet_timer *t, unsigned line)
{
    return t->line == line && t->level;
}

static void write_config(struct hpet *hpet, u64 value, u64 tick)
{
    u64 counter = counter_at(hpet, tick), before = hpet->config;

    hpet->config = value & (CONFIG_ENABLE | HPET_LEGACY);
    hpet->counter = running(hpet) ? counter - tick : counter;
    reroute(hpet);
    if ((before ^ hpet->config) & CONFIG_ENABLE)
        for (unsigned n = 0; n < HPET_TIMERS; n++)
            aim(hpet, &hpet->timer[n], tick);
    if ((before ^ hpet->config) & HPET_LEGACY) {
        dev_line(&hpet->dev, HPET_LEGACY_0, legacy_level(&hpet->timer[0], HPET_LEGACY_0));
        dev_line(&hpet->dev, HPET_LEGACY_1, legacy_level(&hpet->timer[1], HPET_LEGACY_1));
    }
}

/* Meant for a counter that stands; one that runs jumps. */
static void write_counter(struct hpet *hpet, u64 value, u64 tick)
{
    hpet->counter = running(hpet) ? value - tick : value;
    for (unsigned n = 0; n < HPET_TIMERS; n++)
        aim(hpet, &hpet->timer[n], tick);
}

/* Routes that there are not keep the old one; a timer made edge-triggered loses its status. */
static void write_timer_config(struct hpet *hpet, unsigned n, u64 value, u64 tick)
{
    struct hpet_timer *t = &hpet->timer[n];
    u64 route = MASK(13, T_ROUTE);

    if (!(HPET_PINS >> bits_get(value, 13, T_ROUTE) & 1))
        value = (value & ~route) | (t->config & route);
    if (hpet_timer_configure(t, value & T_WRITABLE))
        aim(hpet, t, tick);
    if (!(t->config & T_LEVEL))
        hpet->status &= ~BIT(n);
    reroute(hpet);
}

static void write_comparator(struct hpet *hpet, struct hpet_timer *t, u64 value, u64 keep, u64 tick)
{
    if (hpet_timer_write(t, value, keep))
        aim(hpet, t, tick);
}

static u64 read_timer(const struct hpet *hpet, u64 offset)
{
    const struct hpet_timer *t = &hpet->timer[(offset - TIMER_FIRST) / TIMER_SIZE];

    switch (offset % TIMER_SIZE) {
    case TIMER_CONFIG:
        return t->config | T_CAN;
    case TIMER_COMPARATOR:
        return t->comparator;
    default:
        return 0;
    }
}

static u64 read_register(const struct hpet *hpet, u64 offset, u64 tick)
{
    switch (offset) {
    case CAPABILITIES:
        return CAPS;
    case CONFIG:
        return hpet->config;
    case STATUS:
        return hpet->status;
    case COUNTER:
        return counter_at(hpet, tick);
    default:
        return offset >= TIMER_FIRST && offset < TIMER_FIRST + HPET_TIMERS * TIMER_SIZE
                   ? read_timer(hpet, offset)
                   : 0;
    }
}

static u64 hpet_read(struct device *dev, u64 offset, unsigned bytes)
{
    struct hpet *hpet = hpet_of(dev);
    u64 now = dev_now(dev), shift = 8 * (offset & 7);

    settle(hpet, now);
    return read_register(hpet, offset & ~7ull, ticks_at(now)) >> shift &
           (~0ull >> (64 - 8 * bytes));
}

/* `keep` has ones where half a register's write leaves it as it was. */
static void write_register(struct hpet *hpet, u64 offset, u64 value, u64 keep, u64 tick)
{
    u64 whole = value | (read_register(hpet, offset, tick) & keep);
    unsigned n = (unsigned)((offset - TIMER_FIRST) / TIMER_SIZE);

    if (offset == CONFIG)
        write_config(hpet, whole, tick);
    else if (offset == STATUS)
        hpet->status &= ~value;
    else if (offset == COUNTER)
        write_counter(hpet, whole, tick);
    else if (offset < TIMER_FIRST || n >= HPET_TIMERS)
        return;
    else if (offset % TIMER_SIZE == TIMER_CONFIG)
        write_timer_config(hpet, n, whole, tick);
    else if (offset % TIMER_SIZE == TIMER_COMPARATOR)
        write_comparator(hpet, &hpet->timer[n], value, keep, tick);
}

static void hpet_write(struct device *dev, u64 offset, unsigned bytes, u64 value)
{
    struct hpet *hpet = hpet_of(dev);
    u64 now = dev_now(dev), shift = 8 * (offset & 7);
    u64 mask = ~0ull >> (64 - 8 * bytes) << shift;

    settle(hpet, now); /* what is due was due before this access */
    write_register(hpet, offset & ~7ull, value << shift, ~mask, ticks_at(now));
    settle(hpet, now);
}

/* Timers are edge-triggered on the first pin that they can have, comparators all ones. */
static void hpet_reset(struct device *dev)
{
    struct hpet *hpet = hpet_of(dev);

    for (unsigned n = 0; n < HPET_TIMERS; n++)
        set_line(hpet, &hpet->timer[n], false);
    hpet->config = hpet->status = hpet->counter = 0;
    for (unsigned n = 0; n < HPET_TIMERS; n++)
        hpet->timer[n] = (struct hpet_timer){
            .config = (u64)lowest_bit(HPET_PINS) << T_ROUTE,
            .comparator = ~0ull,
            .match = HPET_NO_MATCH,
            .line = lowest_bit(HPET_PINS),
        };
    dev_set_deadline(dev, DEV_NEVER);
}

static size_t hpet_dump(const struct device *dev, char *to, size_t size)
{
    const struct hpet *hpet = container_of(dev, const struct hpet, dev);
    size_t length = fmt_text(to, size, "%s: config %lx status %lx counter %lx, deadline %lu",
                             dev->name, hpet->config, hpet->status, hpet->counter, dev->deadline);

    for (unsigned n = 0; n < HPET_TIMERS; n++) {
        const struct hpet_timer *t = &hpet->timer[n];
        size_t at = min_u64(length, size);
        length +=
            fmt_text(to + at, size - at,
                     "\n  timer %u: config %lx comparator %lx period %lx match %lx line %u "
                     "level %d owes %d",
                     n, t->config, t->comparator, t->period, t->match, t->line, t->level, t->owes);
    }
    return length;
}

static const struct device_ops ops = {
    .widths = DEV_WIDTH(4) | DEV_WIDTH(8),
    .read = hpet_read,
    .write = hpet_write,
    .reset = hpet_reset,
    .expire = hpet_expire,
    .dump = hpet_dump,
};

void hpet_init(struct hpet *hpet, const struct dev_host *host)
{
    memset(hpet, 0, sizeof *hpet);
    hpet->dev = (struct device){&ops, host, "hpet", DEV_NEVER};
    hpet_reset(&hpet->dev);
}

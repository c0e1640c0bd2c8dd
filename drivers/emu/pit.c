/* SPDX-License-Identifier: MIT */
#include "drivers/emu/pit.h"

#include "lib/bits.h"
#include "lib/fmt.h"
#include "lib/string.h"

#define NS           1000000000ull
#define LEAST_GAP    60 /* ticks, 50 µs */
#define REFRESH_HALF 18 /* ticks, 15 µs: how long port 0x61's refresh bit keeps its value */

#define PORT_B_GATE    0x01
#define PORT_B_WRITE   0x0f
#define PORT_B_REFRESH 0x10
#define PORT_B_OUT     0x20

#define READ_BACK           3    /* as the counter's number in a control word */
#define READ_BACK_NO_COUNT  0x20 /* both mean "not" */
#define READ_BACK_NO_STATUS 0x10

/* Whole seconds apart, so that no product overflows in the next 292 years. */
u64 pit_ticks(u64 ns)
{
    return ns / NS * PIT_HZ + ns % NS * PIT_HZ / NS;
}

u64 pit_ns(u64 tick)
{
    return tick / PIT_HZ * NS + (tick % PIT_HZ * NS + PIT_HZ - 1) / PIT_HZ;
}

static struct pit *pit_of(struct device *dev)
{
    return container_of(dev, struct pit, dev);
}

static u64 tick_now(const struct pit *pit)
{
    return pit_ticks(dev_now(&pit->dev));
}

static void lower_line(struct pit *pit)
{
    if (!pit->line)
        return;
    pit->line = false;
    dev_line(&pit->dev, pit->irq, false);
}

/* The least distance between two deliveries. */
static u64 gap(const struct i8254 *c)
{
    return i8254_periodic(c) ? max_u64(c->count / 2, LEAST_GAP) : 0;
}

static u64 most_owed(const struct i8254 *c)
{
    return i8254_periodic(c) ? PIT_HZ / c->count : 1;
}

/* Delivers what counter 0 has to tell by now, and sets the time for the next. */
static void settle(struct pit *pit, u64 tick)
{
    struct i8254 *c = &pit->counter[0];

    i8254_advance(c, tick);
    pit->owed = min_u64(pit->owed + c->rises, most_owed(c));
    c->rises = 0;
    if (pit->owed && tick >= pit->told + gap(c)) {
        pit->line = true;
        dev_pulse(&pit->dev, pit->irq);
        pit->owed--;
        pit->told = tick;
    }
    if (!i8254_periodic(c) && !i8254_out(c, tick))
        lower_line(pit);

    u64 next = pit->owed ? tick + 1 : i8254_next_rise(c, tick);
    if (next != I8254_NEVER)
        next = pit_ns(max_u64(next, pit->told + gap(c)));
    dev_set_deadline(&pit->dev, next);
}

static void pit_expire(struct device *dev, u64 now)
{
    settle(pit_of(dev), pit_ticks(now));
}

static cold void read_back(struct pit *pit, u8 value, u64 tick)
{
    for (unsigned i = 0; i < 3; i++)
        if (value >> 1 & 1u << i)
            i8254_latch(&pit->counter[i], !(value & READ_BACK_NO_COUNT),
                        !(value & READ_BACK_NO_STATUS), tick);
}

static void write_control(struct pit *pit, u8 value, u64 tick)
{
    unsigned which = value >> 6;

    if (which == READ_BACK) {
        read_back(pit, value, tick);
    } else if (!(value & 0x30)) {
        i8254_latch(&pit->counter[which], true, false, tick);
    } else {
        i8254_control(&pit->counter[which], value, tick);
        if (which == 0)
            pit->owed = 0;
    }
}

static void pit_write(struct device *dev, u64 offset, unsigned bytes, u64 value)
{
    struct pit *pit = pit_of(dev);
    u64 tick = tick_now(pit);

    (void)bytes;
    settle(pit, tick); /* what is due was due before this access */
    if (offset < 3) {
        i8254_write(&pit->counter[offset], (u8)value, tick);
    } else if (offset == 3) {
        write_control(pit, (u8)value, tick);
    } else {
        pit->port_b = value & PORT_B_WRITE;
        i8254_gate(&pit->counter[2], value & PORT_B_GATE, tick);
    }
    settle(pit, tick);
}

static u8 read_port_b(struct pit *pit, u64 tick)
{
    i8254_advance(&pit->counter[2], tick);
    bool out = i8254_out(&pit->counter[2], tick);
    bool refresh = tick / REFRESH_HALF & 1;

    return (u8)(pit->port_b | (out ? PORT_B_OUT : 0) | (refresh ? PORT_B_REFRESH : 0));
}

static u64 pit_read(struct device *dev, u64 offset, unsigned bytes)
{
    struct pit *pit = pit_of(dev);

    (void)bytes;
    if (offset < 3)
        return i8254_read(&pit->counter[offset], tick_now(pit));
    if (offset == PIT_PORT_B)
        return read_port_b(pit, tick_now(pit));
    return 0xff; /* the control word cannot be read: the bus floats */
}

static cold void pit_reset(struct device *dev)
{
    struct pit *pit = pit_of(dev);

    for (unsigned i = 0; i < 3; i++)
        i8254_reset(&pit->counter[i], i < 2);
    pit->port_b = 0;
    pit->owed = pit->told = 0;
    lower_line(pit);
    dev_set_deadline(dev, DEV_NEVER);
}

static cold size_t pit_dump(const struct device *dev, char *to, size_t size)
{
    const struct pit *pit = container_of(dev, const struct pit, dev);
    size_t length = fmt_text(to, size, "%s: port 0x61 %02x, %lu ticks owed, deadline %lu",
                             dev->name, pit->port_b, pit->owed, dev->deadline);

    for (unsigned i = 0; i < 3; i++) {
        const struct i8254 *c = &pit->counter[i];
        size_t at = min_u64(length, size);
        length +=
            fmt_text(to + at, size - at,
                     "\n  counter %u: mode %u control %02x count %u reload %u gate %d "
                     "loaded %d counting %d",
                     i, c->mode, c->control, c->count, c->reload, c->gate, c->loaded, c->counting);
    }
    return length;
}

static const struct device_ops ops = {
    .widths = DEV_WIDTH(1),
    .read = pit_read,
    .write = pit_write,
    .reset = pit_reset,
    .expire = pit_expire,
    .dump = pit_dump,
};

cold void pit_init(struct pit *pit, const struct dev_host *host, unsigned irq)
{
    memset(pit, 0, sizeof *pit);
    pit->dev = (struct device){&ops, host, "pit", DEV_NEVER};
    pit->irq = irq;
    pit_reset(&pit->dev);
}

/* SPDX-License-Identifier: MIT */
/*
 * A machine for one device, in a test: time is what the test sets, and all that the device says is
 * written down.
 */
#ifndef TEST_UNIT_FAKE_HOST_H
#define TEST_UNIT_FAKE_HOST_H

#include "drivers/emu/dev.h"

#define FAKE_LINES 257

struct fake_host {
    struct dev_host host;
    u64 now;
    bool line[FAKE_LINES];
    unsigned rises[FAKE_LINES];
    unsigned timer_calls, stops, rooms;
    enum dev_stop reason;
    u64 status;
    u8 out[256];
    size_t out_count;
    void (*on_room)(struct fake_host *fake);
};

static u64 fake_now(void *ctx)
{
    return ((struct fake_host *)ctx)->now;
}

static void fake_line(void *ctx, unsigned line, bool level)
{
    struct fake_host *fake = ctx;
    if (line >= FAKE_LINES)
        __builtin_trap();
    fake->rises[line] += level && !fake->line[line];
    fake->line[line] = level;
}

static void fake_pulse(void *ctx, unsigned line)
{
    fake_line(ctx, line, false);
    fake_line(ctx, line, true);
}

static void fake_timer(void *ctx, struct device *dev)
{
    (void)dev;
    ((struct fake_host *)ctx)->timer_calls++;
}

static void fake_output(void *ctx, unsigned stream, u8 byte)
{
    struct fake_host *fake = ctx;
    (void)stream;
    fake->out[fake->out_count++ % sizeof fake->out] = byte;
}

static void fake_room(void *ctx, unsigned stream)
{
    struct fake_host *fake = ctx;
    (void)stream;
    fake->rooms++;
    if (fake->on_room)
        fake->on_room(fake);
}

static void fake_stop(void *ctx, enum dev_stop reason, u64 status)
{
    struct fake_host *fake = ctx;
    fake->stops++;
    fake->reason = reason;
    fake->status = status;
}

static inline void fake_init(struct fake_host *fake)
{
    *fake = (struct fake_host){
        .host = {fake, fake_now, fake_line, fake_pulse, fake_timer, fake_output, fake_room,
                 fake_stop}
    };
}

/* As the bus asks: by width and register. */
static inline u8 dev_in(struct device *dev, u64 offset)
{
    return (u8)dev->ops->read(dev, offset, 1);
}

static inline void dev_out(struct device *dev, u64 offset, u8 value)
{
    dev->ops->write(dev, offset, 1, value);
}

/* Lets time pass as a punctual machine does: every deadline on the way is met. */
static inline void fake_run(struct fake_host *fake, struct device *dev, u64 until)
{
    while (dev->deadline <= until) {
        fake->now = dev->deadline;
        dev->ops->expire(dev, fake->now);
    }
    fake->now = until;
}

#endif

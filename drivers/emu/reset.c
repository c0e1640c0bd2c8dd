/* SPDX-License-Identifier: MIT */
#include "drivers/emu/reset.h"

#include "lib/fmt.h"

/* Bit 2's rise resets; bits 1 (the whole system) and 3 (and its power) say what. */
#define CONTROL_KEPT 0x0a
#define CONTROL_GO   0x04

#define PORT_A_RESET 0x01 /* its rise resets the processor */
#define PORT_A_A20   0x02

static struct reset *reset_of(struct device *dev)
{
    return container_of(dev, struct reset, dev);
}

/* The command bits read as they were written: a rise is seen once. */
static u64 reset_read(struct device *dev, u64 offset, unsigned bytes)
{
    (void)bytes;
    return offset == RESET_CONTROL ? reset_of(dev)->control : reset_of(dev)->port_a;
}

static void reset_write(struct device *dev, u64 offset, unsigned bytes, u64 value)
{
    struct reset *reset = reset_of(dev);
    u8 *reg = offset == RESET_CONTROL ? &reset->control : &reset->port_a;
    u8 go = offset == RESET_CONTROL ? CONTROL_GO : PORT_A_RESET;
    u8 kept = offset == RESET_CONTROL ? CONTROL_KEPT | CONTROL_GO : 0xff;
    bool rises = value & ~*reg & go;

    (void)bytes;
    *reg = (u8)(value & kept);
    if (rises)
        dev->host->stop(dev->host->ctx, DEV_STOP_RESET, 0);
}

static void reset_reset(struct device *dev)
{
    struct reset *reset = reset_of(dev);

    reset->control = 0;
    reset->port_a = PORT_A_A20;
}

static size_t reset_dump(const struct device *dev, char *to, size_t size)
{
    const struct reset *reset = container_of(dev, const struct reset, dev);
    return fmt_text(to, size, "%s: control %02x, port a %02x", dev->name, reset->control,
                    reset->port_a);
}

static const struct device_ops ops = {
    .widths = DEV_WIDTH(1),
    .read = reset_read,
    .write = reset_write,
    .reset = reset_reset,
    .dump = reset_dump,
};

void reset_init(struct reset *reset, const struct dev_host *host)
{
    reset->dev = (struct device){&ops, host, "reset", DEV_NEVER};
    reset_reset(&reset->dev);
}

/* SPDX-License-Identifier: MIT */
#include "drivers/emu/debug_exit.h"

#include "lib/fmt.h"

static u64 debug_exit_read(struct device *dev, u64 offset, unsigned bytes)
{
    (void)dev, (void)offset, (void)bytes;
    return 0;
}

static void debug_exit_write(struct device *dev, u64 offset, unsigned bytes, u64 value)
{
    (void)offset, (void)bytes;
    dev->host->stop(dev->host->ctx, DEV_STOP_EXIT, value);
}

static void debug_exit_reset(struct device *dev)
{
    (void)dev;
}

static size_t debug_exit_dump(const struct device *dev, char *to, size_t size)
{
    return fmt_text(to, size, "%s: no state", dev->name);
}

static const struct device_ops ops = {
    .widths = DEV_WIDTH(1) | DEV_WIDTH(2) | DEV_WIDTH(4),
    .read = debug_exit_read,
    .write = debug_exit_write,
    .reset = debug_exit_reset,
    .dump = debug_exit_dump,
};

void debug_exit_init(struct debug_exit *exit, const struct dev_host *host)
{
    exit->dev = (struct device){&ops, host, "debug-exit", DEV_NEVER};
}

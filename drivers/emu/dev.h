/* SPDX-License-Identifier: MIT */
/*
 * The contract between a device model and the machine it is in. A device is a function of its own
 * state: registers in, registers out. All that it needs of the world reaches it through one
 * struct dev_host, so that unit tests and fuzzers compile the source that the kernel does.
 *
 * The machine serialises all calls into its devices (one lock a machine); a device takes no lock.
 * Calls nest only one way: a device may call its host from anywhere, and the host may from there
 * call pic_line (or a later interrupt chip) and pm_raise, never the device that is calling it,
 * unless the function below says so. No call may loop for a time that a guest can choose.
 */
#ifndef DRIVERS_EMU_DEV_H
#define DRIVERS_EMU_DEV_H

#include "lib/types.h"

struct device;

/* A guest asks for the end of its machine; after the first such call the others mean nothing. */
enum dev_stop {
    DEV_STOP_EXIT,      /* debug-exit: status is what the guest wrote */
    DEV_STOP_POWER_OFF, /* ACPI soft-off */
    DEV_STOP_RESET,     /* 0xcf9, port 0x64, 0x92 */
};

/* Lines 0 up are the machine's interrupt inputs (on a PC the ISA IRQs, then the IOAPIC's pins);
 * this one is what the PIC drives: the processor's INTR or LINT0. */
#define DEV_LINE_INTR 256u

#define DEV_NEVER (~0ull)

/* What a machine gives its devices; every pointer is set. */
struct dev_host {
    void *ctx;

    /* The guest's time in ns: never runs backwards, stands while the machine is stopped, and is
     * below 2^63. */
    u64 (*now)(void *ctx);

    /* The device's line has changed to `level`; it falls, if it was up, and rises at once. */
    void (*line)(void *ctx, unsigned line, bool level);
    void (*pulse)(void *ctx, unsigned line);

    /* dev->deadline has changed; the machine calls ops->expire when `now` has reached it. */
    void (*timer)(void *ctx, struct device *dev);

    /* A byte leaves by the numbered stream (serial port 0, 1, …). */
    void (*output)(void *ctx, unsigned stream, u8 byte);

    /* The stream's device can take input again. The machine may feed it from within this call. */
    void (*room)(void *ctx, unsigned stream);

    void (*stop)(void *ctx, enum dev_stop reason, u64 status);
};

/* Access widths that a device takes as one access: a set of DEV_WIDTH(1 | 2 | 4 | 8 bytes). */
#define DEV_WIDTH(bytes) (1u << (bytes))

/*
 * `offset` numbers the device's registers as its own header says, whatever address or window of
 * ports or memory they were found at. The bus asks only for widths in the set, aligned to
 * themselves. A value has no bits above its width, read or written.
 */
struct device_ops {
    u32 widths;
    u64 (*read)(struct device *dev, u64 offset, unsigned bytes);
    void (*write)(struct device *dev, u64 offset, unsigned bytes, u64 value);

    /* Back to power-on: lines low, deadline DEV_NEVER. */
    void (*reset)(struct device *dev);

    /* now >= deadline; afterwards the deadline is past `now` again. NULL if it never has one. */
    void (*expire)(struct device *dev, u64 now);

    /* State in words, one or more lines without the last newline; as fmt_text. */
    size_t (*dump)(const struct device *dev, char *to, size_t size);
};

/* First member of every model. */
struct device {
    const struct device_ops *ops;
    const struct dev_host *host;
    const char *name;
    u64 deadline; /* guest ns, or DEV_NEVER */
};

static inline u64 dev_now(const struct device *dev)
{
    return dev->host->now(dev->host->ctx);
}

static inline void dev_line(const struct device *dev, unsigned line, bool level)
{
    dev->host->line(dev->host->ctx, line, level);
}

static inline void dev_pulse(const struct device *dev, unsigned line)
{
    dev->host->pulse(dev->host->ctx, line);
}

static inline void dev_set_deadline(struct device *dev, u64 deadline)
{
    if (dev->deadline == deadline)
        return;
    dev->deadline = deadline;
    dev->host->timer(dev->host->ctx, dev);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * One address space of a machine (its ports, or its device memory): sorted, disjoint ranges, each a
 * window into one device's registers. An access goes whole to the device that takes its width;
 * one that is wider, unaligned, or straddles devices is cut into the largest pieces that their
 * owners take. What nobody claims reads as ones and swallows writes, as an empty bus does.
 *
 * Per-processor devices (the local APIC) do not stand here: their vCPU knows its own. The caller
 * holds the machine's device lock.
 */
#ifndef CORE_IO_BUS_H
#define CORE_IO_BUS_H

#include "drivers/emu/dev.h"
#include "lib/types.h"

#define IO_RANGES_MAX 32

struct io_range {
    u64 base, span; /* the last address is base + span */
    u64 reg;        /* the device's register at address 0: this + address is that at the address */
    struct device *dev;
    u32 widths; /* dev->ops->widths */
    u32 whole;  /* of these: where what begins aligned in the range also ends in it */
};

struct io_bus {
    const char *kind;     /* "port" or "address", for sentences */
    u64 last;             /* the highest address there is */
    struct io_range *hit; /* the range that answered last, mostly the next one's, too; or none's */
    unsigned count;
    struct io_range range[IO_RANGES_MAX];
    u64 unclaimed_reads, unclaimed_writes; /* accesses of which a byte or more had no owner */
    u64 misfits;                           /* writes narrower than the device can take: dropped */
    u64 unclaimed_at;                      /* the last one's address, for the trace */
    char why[128];
};

void io_bus_init_ports(struct io_bus *bus);
void io_bus_init_mmio(struct io_bus *bus);

/*
 * Gives [base, base + length) to dev, whose register `offset` stands at base. NULL, or a sentence
 * (valid until the next call) that says why not: empty, beyond the space, overlapping, full.
 */
const char *io_bus_add(struct io_bus *bus, u64 base, u64 length, struct device *dev,
                       u64 offset) must_check;

/* Takes all windows of dev off the bus; false if it had none. */
bool io_bus_remove(struct io_bus *bus, const struct device *dev);

u64 io_bus_read_rest(struct io_bus *bus, u64 address, unsigned bytes);
void io_bus_write_rest(struct io_bus *bus, u64 address, unsigned bytes, u64 value);

/* One access to the range that answered last is enough. Inline: nearly every exit for I/O is this.
 */
static always_inline bool io_bus_hits(const struct io_range *range, u64 address, unsigned bytes)
{
    return likely(address - range->base <= range->span && (range->whole >> bytes & 1) &&
                  !((range->reg + address) & (bytes - 1)));
}

/* 1 to 8 bytes at any address; nothing stands above the width in what is read, nor may in value. */
static inline u64 io_bus_read(struct io_bus *bus, u64 address, unsigned bytes)
{
    const struct io_range *range = bus->hit;

    if (!io_bus_hits(range, address, bytes))
        return io_bus_read_rest(bus, address, bytes);
    return range->dev->ops->read(range->dev, range->reg + address, bytes);
}

static inline void io_bus_write(struct io_bus *bus, u64 address, unsigned bytes, u64 value)
{
    const struct io_range *range = bus->hit;

    if (!io_bus_hits(range, address, bytes))
        io_bus_write_rest(bus, address, bytes, value);
    else
        range->dev->ops->write(range->dev, range->reg + address, bytes, value);
}

/* The range whose device takes the access whole, or NULL: for one that is repeated. */
const struct io_range *io_bus_whole(struct io_bus *bus, u64 address, unsigned bytes);

/* Whose address it is, or NULL. */
const struct io_range *io_bus_find(const struct io_bus *bus, u64 address);

#endif

/* SPDX-License-Identifier: MIT */
#include "core/io_bus.h"

#include "lib/bits.h"
#include "lib/fmt.h"
#include "lib/string.h"

static cold void init(struct io_bus *bus, const char *kind, u64 last)
{
    memset(bus, 0, sizeof *bus);
    bus->kind = kind;
    bus->last = last;
    bus->hit = bus->range; /* which takes no width: no hit */
}

void io_bus_init_ports(struct io_bus *bus)
{
    init(bus, "port", 0xffff);
}

void io_bus_init_mmio(struct io_bus *bus)
{
    init(bus, "address", ~0ull);
}

/* The number of ranges that begin at or below the address. */
static unsigned ranges_upto(const struct io_bus *bus, u64 address)
{
    unsigned low = 0, high = bus->count;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (bus->range[middle].base <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct io_range *io_bus_find(const struct io_bus *bus, u64 address)
{
    unsigned n = ranges_upto(bus, address);
    return n && address - bus->range[n - 1].base <= bus->range[n - 1].span ? &bus->range[n - 1]
                                                                           : NULL;
}

static cold const char *refuse_overlap(struct io_bus *bus, u64 base, u64 last,
                                       const struct device *dev, const struct io_range *other)
{
    fmt_text(bus->why, sizeof bus->why, "%s: %s range 0x%lx-0x%lx overlaps 0x%lx-0x%lx of %s",
             dev->name, bus->kind, base, last, other->base, other->base + other->span,
             other->dev->name);
    return bus->why;
}

static cold const char *refuse(struct io_bus *bus, u64 base, u64 length, const struct device *dev,
                               const char *reason)
{
    fmt_text(bus->why, sizeof bus->why, "%s: %s range at 0x%lx, length 0x%lx: %s", dev->name,
             bus->kind, base, length, reason);
    return bus->why;
}

/* The widths to which the range's end is aligned. */
static u32 whole_widths(u32 widths, u64 end)
{
    for (unsigned width = 1; width <= 8; width *= 2)
        if (end & (width - 1))
            widths &= ~DEV_WIDTH(width);
    return widths;
}

cold const char *io_bus_add(struct io_bus *bus, u64 base, u64 length, struct device *dev,
                            u64 offset)
{
    if (!length)
        return refuse(bus, base, length, dev, "it is empty");
    if (base > bus->last || length - 1 > bus->last - base)
        return refuse(bus, base, length, dev, "it ends beyond the address space");
    if (bus->count == IO_RANGES_MAX)
        return refuse(bus, base, length, dev, "the bus has no room for another range");

    /* The only range that can overlap begins last among those at or below our end. */
    u64 last = base + length - 1;
    unsigned at = ranges_upto(bus, last);
    if (at && bus->range[at - 1].base + bus->range[at - 1].span >= base)
        return refuse_overlap(bus, base, last, dev, &bus->range[at - 1]);

    memmove(&bus->range[at + 1], &bus->range[at], (bus->count - at) * sizeof bus->range[0]);
    bus->range[at] = (struct io_range){base, length - 1, offset - base, dev, dev->ops->widths, 0};
    bus->range[at].whole = whole_widths(dev->ops->widths, offset + length);
    bus->hit = &bus->range[at];
    bus->count++;
    return NULL;
}

cold bool io_bus_remove(struct io_bus *bus, const struct device *dev)
{
    unsigned kept = 0, before = bus->count;

    for (unsigned i = 0; i < before; i++)
        if (bus->range[i].dev != dev)
            bus->range[kept++] = bus->range[i];
    memset(&bus->range[kept], 0, (before - kept) * sizeof bus->range[0]);
    bus->count = kept;
    bus->hit = bus->range;
    return kept != before;
}

/* The range that holds the address; the next access asks it first. */
static const struct io_range *find(struct io_bus *bus, u64 address)
{
    const struct io_range *range = io_bus_find(bus, address);

    if (range)
        bus->hit = &bus->range[range - bus->range];
    return range;
}

const struct io_range *io_bus_whole(struct io_bus *bus, u64 address, unsigned bytes)
{
    const struct io_range *range = bus->hit;

    if (io_bus_hits(range, address, bytes))
        return range;
    range = find(bus, address);
    return range && io_bus_hits(range, address, bytes) ? range : NULL;
}

/* One access is enough: the width is the device's, aligned, and ends inside the range. */
static inline bool fits(const struct io_range *range, u64 address, unsigned bytes)
{
    u64 offset = range->reg + address;
    return (range->widths >> bytes & 1) && !(offset & (bytes - 1)) &&
           range->span - (address - range->base) >= bytes - 1;
}

static inline u64 cut(u64 value, unsigned bytes)
{
    return value & (~0ull >> (64 - 8 * bytes));
}

static u64 read_whole(const struct io_range *range, u64 address, unsigned bytes)
{
    struct device *dev = range->dev;
    return dev->ops->read(dev, range->reg + address, bytes);
}

static void write_whole(const struct io_range *range, u64 address, unsigned bytes, u64 value)
{
    struct device *dev = range->dev;
    dev->ops->write(dev, range->reg + address, bytes, value);
}

/* The largest piece of `bytes` at the address that the device takes; 0: all it takes is wider. */
static unsigned piece(const struct io_range *range, u64 address, unsigned bytes)
{
    for (unsigned width = 8; width; width /= 2)
        if (width <= bytes && fits(range, address, width))
            return width;
    return 0;
}

/*
 * A byte or more out of the middle of a register that the device only gives whole: the register is
 * read once, *bytes becomes how many of those asked for it covered.
 */
static cold u64 read_inside(const struct io_range *range, u64 address, unsigned *bytes)
{
    u64 offset = range->reg + address;

    for (unsigned width = 2; width <= 8; width *= 2) {
        unsigned skip = (unsigned)(offset & (width - 1));
        if (skip > address - range->base || !fits(range, address - skip, width))
            continue;
        *bytes = (unsigned)min_u64(*bytes, width - skip);
        return cut(read_whole(range, address - skip, width) >> (8 * skip), *bytes);
    }
    *bytes = 1;
    return 0xff;
}

static cold no_inline u64 read_pieces(struct io_bus *bus, u64 address, unsigned bytes)
{
    u64 value = 0;
    bool unclaimed = false;

    for (unsigned done = 0, width; done < bytes; done += width) {
        u64 at = address + done, part = 0xff;
        const struct io_range *range = at < address ? NULL : find(bus, at);
        width = 1;
        if (!range) {
            unclaimed = true;
        } else if ((width = piece(range, at, bytes - done))) {
            part = read_whole(range, at, width);
        } else {
            width = bytes - done;
            part = read_inside(range, at, &width);
        }
        value |= part << (8 * done);
    }
    if (unclaimed) {
        bus->unclaimed_reads++;
        bus->unclaimed_at = address;
    }
    return value;
}

/* A write narrower than a register is dropped: to invent the rest of it would be worse. */
static cold no_inline void write_pieces(struct io_bus *bus, u64 address, unsigned bytes, u64 value)
{
    bool unclaimed = false, misfit = false;

    for (unsigned done = 0, width; done < bytes; done += width) {
        u64 at = address + done;
        const struct io_range *range = at < address ? NULL : find(bus, at);
        width = range ? piece(range, at, bytes - done) : 0;
        if (width)
            write_whole(range, at, width, cut(value >> (8 * done), width));
        else if (range)
            misfit = true;
        else
            unclaimed = true;
        width += !width;
    }
    bus->misfits += misfit;
    if (unclaimed) {
        bus->unclaimed_writes++;
        bus->unclaimed_at = address;
    }
}

/* All of it is nobody's, and none of it beyond the last address. */
static bool is_gap(const struct io_bus *bus, u64 address, unsigned bytes)
{
    u64 last = address + bytes - 1;
    unsigned n = ranges_upto(bus, last);
    return last >= address && (!n || bus->range[n - 1].base + bus->range[n - 1].span < address);
}

u64 io_bus_read_rest(struct io_bus *bus, u64 address, unsigned bytes)
{
    const struct io_range *range = find(bus, address);
    if (range && fits(range, address, bytes))
        return read_whole(range, address, bytes);
    if (range || !is_gap(bus, address, bytes))
        return read_pieces(bus, address, bytes);
    bus->unclaimed_reads++;
    bus->unclaimed_at = address;
    return cut(~0ull, bytes);
}

void io_bus_write_rest(struct io_bus *bus, u64 address, unsigned bytes, u64 value)
{
    const struct io_range *range = find(bus, address);
    if (range && fits(range, address, bytes)) {
        write_whole(range, address, bytes, value);
    } else if (range || !is_gap(bus, address, bytes)) {
        write_pieces(bus, address, bytes, value);
    } else {
        bus->unclaimed_writes++;
        bus->unclaimed_at = address;
    }
}

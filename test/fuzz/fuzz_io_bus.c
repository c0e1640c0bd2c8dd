/* SPDX-License-Identifier: MIT */
/*
 * Registrations and accesses against the bus, compared byte by byte with a plain table of who owns
 * each address. Addresses lie around 0, or around the top of the space.
 */
#include "core/io_bus.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_trap();                                                                      \
    } while (0)

#define DEVICES 4
#define SPACE   256
#define TOP     (~0ull - SPACE / 2 + 1) /* half of the addresses below the top, half from 0 */

static struct io_bus bus;
static struct device device[DEVICES];
static struct device *owner[SPACE];
static u8 touched[SPACE]; /* writes to each address */

/* The device's register at `offset` is the address itself, so that a byte tells where it is from.
 */
static u8 byte_of(const struct device *dev, u64 at)
{
    return (u8)(at * 7 + (u64)(dev - device) * 31);
}

static void check_access(struct device *dev, u64 at, unsigned bytes)
{
    CHECK(dev->ops->widths >> bytes & 1);
    CHECK(!(at & (bytes - 1)));
    for (unsigned i = 0; i < bytes; i++)
        CHECK(owner[(at + i) % SPACE] == dev);
}

static u64 fuzz_read(struct device *dev, u64 at, unsigned bytes)
{
    u64 value = 0;
    check_access(dev, at, bytes);
    for (unsigned i = 0; i < bytes; i++)
        value |= (u64)byte_of(dev, at + i) << (8 * i);
    return value;
}

static void fuzz_write(struct device *dev, u64 at, unsigned bytes, u64 value)
{
    check_access(dev, at, bytes);
    for (unsigned i = 0; i < bytes; i++) {
        CHECK((u8)(value >> (8 * i)) == (u8)(at + i));
        touched[(at + i) % SPACE]++;
    }
}

static const struct device_ops ops[DEVICES] = {
    {.widths = DEV_WIDTH(1),                                              .read = fuzz_read, .write = fuzz_write},
    {.widths = DEV_WIDTH(1) | DEV_WIDTH(4),                               .read = fuzz_read, .write = fuzz_write},
    {.widths = DEV_WIDTH(1) | DEV_WIDTH(2) | DEV_WIDTH(8),                .read = fuzz_read, .write = fuzz_write},
    {.widths = DEV_WIDTH(1) | DEV_WIDTH(2) | DEV_WIDTH(4) | DEV_WIDTH(8),
     .read = fuzz_read,
     .write = fuzz_write                                                                                        },
};

static u64 address_of(u8 index)
{
    return TOP + index; /* wraps to 0 in the middle */
}

static void add(u8 at, u8 length, struct device *dev)
{
    u64 base = address_of(at);
    bool free = length != 0 && base + length - 1 >= base && bus.count < IO_RANGES_MAX;

    for (unsigned i = 0; i < length && free; i++)
        free = (base + i - TOP) < SPACE && !owner[(base + i) % SPACE];
    if (base + length - 1 - TOP >= SPACE)
        return; /* out of the table's sight */
    const char *why = io_bus_add(&bus, base, length, dev, base);
    CHECK(free == !why);
    for (unsigned i = 0; i < length && !why; i++)
        owner[(base + i) % SPACE] = dev;
}

static void take_off(struct device *dev)
{
    bool had = false;
    for (unsigned i = 0; i < SPACE; i++) {
        had |= owner[i] == dev;
        if (owner[i] == dev)
            owner[i] = NULL;
    }
    CHECK(io_bus_remove(&bus, dev) == had);
}

static void access(u8 index, unsigned bytes)
{
    u64 at = address_of(index), pattern = 0;
    u64 value = io_bus_read(&bus, at, bytes);

    for (unsigned i = 0; i < SPACE; i++)
        touched[i] = 0;
    for (unsigned i = 0; i < bytes; i++)
        pattern |= (u64)(u8)(at + i) << (8 * i);
    io_bus_write(&bus, at, bytes, pattern);
    for (unsigned i = 0; i < bytes; i++) {
        bool wraps = at + i < at;
        struct device *dev = wraps ? NULL : owner[(at + i) % SPACE];
        bool seen = at + i - TOP < SPACE;
        CHECK(!seen || (u8)(value >> (8 * i)) == (dev ? byte_of(dev, at + i) : 0xff));
        CHECK(!seen || touched[(at + i) % SPACE] == (dev != NULL));
    }
    CHECK(bytes == 8 || !(value >> (8 * bytes)));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    io_bus_init_mmio(&bus);
    for (unsigned i = 0; i < SPACE; i++)
        owner[i] = NULL;
    for (unsigned i = 0; i < DEVICES; i++)
        device[i] = (struct device){&ops[i], NULL, "fuzz", DEV_NEVER};
    for (; size >= 3; data += 3, size -= 3) {
        if (data[0] < 64)
            add(data[1], data[2] % 32, &device[data[0] % DEVICES]);
        else if (data[0] < 68)
            take_off(&device[data[0] % DEVICES]);
        else
            access(data[1], data[2] % 8 + 1);
        for (unsigned i = 1; i < bus.count; i++)
            CHECK(bus.range[i - 1].base + bus.range[i - 1].span < bus.range[i].base);
    }
    return 0;
}

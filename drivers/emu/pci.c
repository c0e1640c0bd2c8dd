/* SPDX-License-Identifier: MIT */
#include "drivers/emu/pci.h"

#include "lib/fmt.h"
#include "lib/string.h"

#define ADDRESS_ENABLE 0x80000000u
#define ADDRESS_KEPT   0x80fffffcu
#define RESET_PORT     1 /* of the address register's four */

/* The header, PCI Local Bus Specification 3.0, 6.1. */
enum {
    ID = 0x00,
    COMMAND = 0x04,
    CLASS = 0x08, /* and the revision */
    CACHE_LINE = 0x0c,
    SUBSYSTEM = 0x2c,
    INTERRUPT_LINE = 0x3c,
};
#define CLASS_HOST_BRIDGE 0x06000000u

/* I/O, memory, bus master, parity, SERR, no INTx: kept, since there is nothing that they switch. */
#define COMMAND_WRITABLE 0x0547

static struct pci *pci_of(struct device *dev)
{
    return container_of(dev, struct pci, dev);
}

static u64 ones(unsigned bytes)
{
    return ~0ull >> (64 - 8 * bytes);
}

static void put(u8 *to, u32 value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (u8)(value >> (8 * i));
}

/* By bus << 8 | device << 3 | function. */
static struct pci_function *function_at(struct pci *pci, u64 bdf)
{
    return bdf == 0 ? &pci->bridge : NULL;
}

/* A function that is not there, and what a conventional function has not: the bus reads as ones. */
static u64 config_read(const struct pci_function *f, u64 reg, unsigned bytes)
{
    u64 value = 0;

    if (!f || reg + bytes > PCI_CONFIG)
        return ones(bytes);
    for (unsigned i = 0; i < bytes; i++)
        value |= (u64)f->config[reg + i] << (8 * i);
    return value;
}

static void config_write(struct pci_function *f, u64 reg, unsigned bytes, u64 value)
{
    if (!f || reg + bytes > PCI_CONFIG)
        return;
    for (unsigned i = 0; i < bytes; i++) {
        u8 *byte = &f->config[reg + i], mask = f->writable[reg + i];
        *byte = (u8)((*byte & ~mask) | (value >> (8 * i) & mask));
    }
}

static struct pci_function *find(struct pci *pci, u64 offset, u64 *reg)
{
    if (offset >= PCI_ECAM) {
        *reg = offset & 0xfff;
        return function_at(pci, (offset - PCI_ECAM) >> 12);
    }
    *reg = (pci->address & 0xfc) | (offset & 3);
    return pci->address & ADDRESS_ENABLE ? function_at(pci, pci->address >> 8 & 0xffff) : NULL;
}

static u64 pci_read(struct device *dev, u64 offset, unsigned bytes)
{
    struct pci *pci = pci_of(dev);
    u64 reg;

    if (offset >= PCI_DATA) {
        const struct pci_function *f = find(pci, offset, &reg);
        return config_read(f, reg, bytes);
    }
    if (bytes == 4)
        return pci->address;
    if (offset == RESET_PORT && pci->below)
        return pci->below->ops->read(pci->below, 0, 1);
    return ones(bytes);
}

static void pci_write(struct device *dev, u64 offset, unsigned bytes, u64 value)
{
    struct pci *pci = pci_of(dev);
    u64 reg;

    if (offset >= PCI_DATA) {
        struct pci_function *f = find(pci, offset, &reg);
        config_write(f, reg, bytes, value);
    } else if (bytes == 4) {
        pci->address = value & ADDRESS_KEPT;
    } else if (offset == RESET_PORT && pci->below) {
        pci->below->ops->write(pci->below, 0, 1, value);
    }
}

static void make_bridge(struct pci_function *f)
{
    memset(f, 0, sizeof *f);
    put(&f->config[ID], PCI_BRIDGE_ID, 4);
    put(&f->config[CLASS], CLASS_HOST_BRIDGE, 4);
    put(&f->config[SUBSYSTEM], PCI_SUBSYSTEM, 4);
    put(&f->writable[COMMAND], COMMAND_WRITABLE, 2);
    put(&f->writable[CACHE_LINE], 0xff, 1);
    put(&f->writable[INTERRUPT_LINE], 0xff, 1);
}

static void pci_reset(struct device *dev)
{
    struct pci *pci = pci_of(dev);

    pci->address = 0;
    make_bridge(&pci->bridge);
}

static size_t pci_dump(const struct device *dev, char *to, size_t size)
{
    const struct pci *pci = container_of(dev, const struct pci, dev);
    return fmt_text(to, size, "%s: address %08x, bridge's command %02x%02x", dev->name,
                    pci->address, pci->bridge.config[COMMAND + 1], pci->bridge.config[COMMAND]);
}

static const struct device_ops ops = {
    .widths = DEV_WIDTH(1) | DEV_WIDTH(2) | DEV_WIDTH(4),
    .read = pci_read,
    .write = pci_write,
    .reset = pci_reset,
    .dump = pci_dump,
};

void pci_init(struct pci *pci, const struct dev_host *host, struct device *below)
{
    memset(pci, 0, sizeof *pci);
    pci->dev = (struct device){&ops, host, "pci", DEV_NEVER};
    pci->below = below;
    pci_reset(&pci->dev);
}

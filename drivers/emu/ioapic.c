/* SPDX-License-Identifier: MIT */
#include "drivers/emu/ioapic.h"

#include "lib/bits.h"
#include "lib/fmt.h"
#include "lib/string.h"

/* The registers behind the window: 82093AA, 3.2. */
enum { REG_ID = 0x00, REG_VERSION = 0x01, REG_ARBITRATION = 0x02, REG_ENTRIES = 0x10 };

#define VERSION_VALUE ((IOAPIC_PINS - 1) << 16 | IOAPIC_VERSION)

/* A redirection entry: 3.2.4. */
#define ENTRY_MODE       MASK(10, 8)
#define ENTRY_LOGICAL    BIT(11)
#define ENTRY_REMOTE_IRR BIT(14)
#define ENTRY_LEVEL      BIT(15)
#define ENTRY_MASKED     BIT(16)
#define ENTRY_WRITE      (MASK(63, 56) | ENTRY_MASKED | ENTRY_LEVEL | BIT(13) | MASK(11, 0))

static struct ioapic *ioapic_of(struct device *dev)
{
    return container_of(dev, struct ioapic, dev);
}

/* Only these two wait for an EOI; the other modes are edges, whatever the trigger mode says. */
static bool by_level(u64 entry)
{
    u64 mode = bits_get(entry, 10, 8);

    return (entry & ENTRY_LEVEL) && (mode == APIC_FIXED || mode == APIC_LOWEST);
}

static bool send(struct ioapic *ioapic, unsigned pin)
{
    u64 entry = ioapic->entry[pin];
    bool logical = entry & ENTRY_LOGICAL;
    struct lapic_message m = {
        .dest = apic_dest_from8((u8)(entry >> 56), logical),
        .vector = (u8)entry,
        .mode = (u8)bits_get(entry, 10, 8),
        .logical = logical,
        .level = by_level(entry),
    };

    return ioapic->send(ioapic->ctx, &m);
}

/* A level asks for as long as it stands, once an EOI; `send` does not come back with one. */
static void poll(struct ioapic *ioapic, unsigned pin)
{
    u64 *entry = &ioapic->entry[pin];

    if (!by_level(*entry) || !(ioapic->lines >> pin & 1) ||
        (*entry & (ENTRY_MASKED | ENTRY_REMOTE_IRR)))
        return;
    if (send(ioapic, pin))
        *entry |= ENTRY_REMOTE_IRR; /* 3.2.4: set when a local APIC accepts */
}

void ioapic_line(struct ioapic *ioapic, unsigned pin, bool level)
{
    if (pin >= IOAPIC_PINS)
        return;
    bool rises = level && !(ioapic->lines >> pin & 1);

    ioapic->lines = (ioapic->lines & ~(1u << pin)) | (u32)level << pin;
    if (by_level(ioapic->entry[pin]))
        poll(ioapic, pin);
    else if (rises && !(ioapic->entry[pin] & ENTRY_MASKED))
        send(ioapic, pin);
}

void ioapic_pulse(struct ioapic *ioapic, unsigned pin)
{
    if (pin >= IOAPIC_PINS)
        return;
    ioapic->lines |= 1u << pin;
    if (likely(ioapic->entry[pin] & ENTRY_MASKED))
        return;
    if (by_level(ioapic->entry[pin]))
        poll(ioapic, pin);
    else
        send(ioapic, pin);
}

void ioapic_eoi(struct ioapic *ioapic, u8 vector)
{
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        u64 *entry = &ioapic->entry[pin];
        if ((u8)*entry != vector || !(*entry & ENTRY_REMOTE_IRR))
            continue;
        *entry &= ~ENTRY_REMOTE_IRR;
        poll(ioapic, pin);
    }
}

/*
 * Of a pin that is made edge-triggered remote IRR goes: Linux frees a stuck one so (as on the
 * chips, though the data sheet says no more than "undefined").
 */
static void write_entry(struct ioapic *ioapic, unsigned pin, bool high, u32 value)
{
    u64 *entry = &ioapic->entry[pin];
    u64 half = high ? MASK(63, 32) : MASK(31, 0), bits = half & ENTRY_WRITE;

    *entry = (*entry & ~bits) | ((high ? (u64)value << 32 : value) & bits);
    if (!by_level(*entry))
        *entry &= ~ENTRY_REMOTE_IRR;
    poll(ioapic, pin);
}

static u32 read_register(const struct ioapic *ioapic)
{
    unsigned index = ioapic->select - REG_ENTRIES;

    if (ioapic->select == REG_VERSION)
        return VERSION_VALUE;
    if (ioapic->select == REG_ID || ioapic->select == REG_ARBITRATION)
        return (u32)ioapic->id << 24;
    if (ioapic->select < REG_ENTRIES || index >= 2 * IOAPIC_PINS)
        return 0;
    return (u32)(ioapic->entry[index / 2] >> (index & 1 ? 32 : 0));
}

static void write_register(struct ioapic *ioapic, u32 value)
{
    unsigned index = ioapic->select - REG_ENTRIES;

    if (ioapic->select == REG_ID)
        ioapic->id = value >> 24 & 0xf;
    else if (ioapic->select >= REG_ENTRIES && index < 2 * IOAPIC_PINS)
        write_entry(ioapic, index / 2, index & 1, value);
}

static u64 ioapic_read(struct device *dev, u64 offset, unsigned bytes)
{
    struct ioapic *ioapic = ioapic_of(dev);

    (void)bytes;
    if (offset == IOAPIC_SELECT)
        return ioapic->select;
    return offset == IOAPIC_WINDOW ? read_register(ioapic) : 0;
}

static void ioapic_write(struct device *dev, u64 offset, unsigned bytes, u64 value)
{
    struct ioapic *ioapic = ioapic_of(dev);

    (void)bytes;
    if (offset == IOAPIC_SELECT)
        ioapic->select = (u8)value;
    else if (offset == IOAPIC_WINDOW)
        write_register(ioapic, (u32)value);
    else if (offset == IOAPIC_EOI)
        ioapic_eoi(ioapic, (u8)value);
}

/* The lines are the devices', which know nothing of our reset. */
static cold void ioapic_reset(struct device *dev)
{
    struct ioapic *ioapic = ioapic_of(dev);

    ioapic->select = ioapic->id = 0;
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
        ioapic->entry[pin] = ENTRY_MASKED;
}

static cold size_t ioapic_dump(const struct device *dev, char *to, size_t size)
{
    const struct ioapic *ioapic = container_of(dev, const struct ioapic, dev);
    size_t length = fmt_text(to, size, "%s: id %u select %02x lines %06x", dev->name, ioapic->id,
                             ioapic->select, ioapic->lines);

    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        if (ioapic->entry[pin] == ENTRY_MASKED)
            continue;
        size_t at = min_u64(length, size);
        length += fmt_text(to + at, size - at, "\n  pin %u: %016lx", pin, (u64)ioapic->entry[pin]);
    }
    return length;
}

static const struct device_ops ops = {
    .widths = DEV_WIDTH(4),
    .read = ioapic_read,
    .write = ioapic_write,
    .reset = ioapic_reset,
    .dump = ioapic_dump,
};

cold void ioapic_init(struct ioapic *ioapic, const struct dev_host *host,
                      bool (*send_message)(void *ctx, const struct lapic_message *m), void *ctx)
{
    memset(ioapic, 0, sizeof *ioapic);
    ioapic->dev = (struct device){&ops, host, "ioapic", DEV_NEVER};
    ioapic->send = send_message;
    ioapic->ctx = ctx;
    ioapic_reset(&ioapic->dev);
}

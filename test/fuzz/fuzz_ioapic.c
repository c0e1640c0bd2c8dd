/* SPDX-License-Identifier: MIT */
/*
 * Accesses, lines and EOIs against an I/O APIC, beside a plain model of one pin after the other:
 * what is sent, and what the entries read, must be the same.
 */
#include "drivers/emu/ioapic.h"
#include "test/unit/fake_host.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_trap();                                                                      \
    } while (0)

static struct fake_host fake;
static struct ioapic ioapic;
static bool taken;
static unsigned sends[256], sent;

static struct pin {
    u32 low, high;
    bool line, waits; /* for an EOI */
} pins[IOAPIC_PINS];
static unsigned expected[256], expects;

static bool send(void *ctx, const struct lapic_message *m)
{
    (void)ctx;
    sends[m->vector]++;
    sent++;
    return taken;
}

static bool is_level(const struct pin *p)
{
    return (p->low & 0x8000) && (p->low & 0x700) <= 0x100;
}

static void expect(struct pin *p)
{
    expected[p->low & 0xff]++;
    expects++;
    p->waits = is_level(p) && taken;
}

static void look(struct pin *p)
{
    if (is_level(p) && p->line && !p->waits && !(p->low & 0x10000))
        expect(p);
}

static void line(unsigned n, bool level)
{
    ioapic_line(&ioapic, n, level);
    if (n >= IOAPIC_PINS)
        return;
    struct pin *p = &pins[n];
    bool rises = level && !p->line;
    p->line = level;
    if (is_level(p))
        look(p);
    else if (rises && !(p->low & 0x10000))
        expect(p);
}

static void end(u8 vector, bool by_register)
{
    if (by_register)
        ioapic.dev.ops->write(&ioapic.dev, IOAPIC_EOI, 4, vector);
    else
        ioapic_eoi(&ioapic, vector);
    for (unsigned n = 0; n < IOAPIC_PINS; n++) {
        struct pin *p = &pins[n];
        if ((p->low & 0xff) != vector || !p->waits)
            continue;
        p->waits = false;
        look(p);
    }
}

static void write(u8 index, u32 value)
{
    ioapic.dev.ops->write(&ioapic.dev, IOAPIC_SELECT, 4, index);
    ioapic.dev.ops->write(&ioapic.dev, IOAPIC_WINDOW, 4, value);
    if (index < 0x10 || index >= 0x40)
        return;
    struct pin *p = &pins[(index - 0x10) / 2];
    if (index & 1)
        p->high = value & 0xff000000;
    else
        p->low = value & 0x1afff;
    p->waits = p->waits && is_level(p);
    look(p);
}

static u32 read(u8 index)
{
    ioapic.dev.ops->write(&ioapic.dev, IOAPIC_SELECT, 4, index);
    return (u32)ioapic.dev.ops->read(&ioapic.dev, IOAPIC_WINDOW, 4);
}

static void check(void)
{
    CHECK(sent == expects);
    for (unsigned v = 0; v < 256; v++)
        CHECK(sends[v] == expected[v]);
    for (u8 n = 0; n < IOAPIC_PINS; n++) {
        CHECK(read((u8)(0x10 + 2 * n)) == (pins[n].low | (pins[n].waits ? 0x4000u : 0)));
        CHECK(read((u8)(0x11 + 2 * n)) == pins[n].high);
    }
    CHECK(read(1) == 0x00170020);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    char text[2048];

    fake_init(&fake);
    ioapic_init(&ioapic, &fake.host, send, NULL);
    sent = expects = 0;
    for (unsigned v = 0; v < 256; v++)
        sends[v] = expected[v] = 0;
    for (unsigned n = 0; n < IOAPIC_PINS; n++)
        pins[n] = (struct pin){.low = 0x10000};
    for (; size >= 6; data += 6, size -= 6) {
        u32 value = (u32)data[2] << 24 | (u32)data[3] << 16 | (u32)data[4] << 8 | data[5];
        taken = !(data[0] & 0x80);
        switch (data[0] & 7) {
        case 0:
        case 1:
            write(data[1] & 0x7f, value & ~0x10000u);
            break;
        case 2:
            write(data[1], value);
            break;
        case 3:
            end(data[1], data[2] & 1);
            break;
        default:
            line(data[1] & 31, data[1] >> 5 & 1);
            break;
        }
        check();
    }
    ioapic.dev.ops->dump(&ioapic.dev, text, sizeof text);
    return 0;
}

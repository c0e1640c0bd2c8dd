/* SPDX-License-Identifier: MIT */
/*
 * Messages, from ICRs, pins and nowhere, between local APICs that are set up at random. Who gets
 * them is compared with a second opinion, read off the registers as a guest sees them.
 */
#include <string.h>

#include "drivers/emu/apic_bus.h"
#include "drivers/emu/ioapic.h"
#include "test/unit/fake_host.h"
#include "test/unit/lapic_fake.h"

#define CPUS 5
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_trap();                                                                      \
    } while (0)

static const u32 ids[CPUS] = {0, 1, 7, 16, 0xfe};
static struct fake_lapic cpu[CPUS];
static struct fake_host fake;
static struct ioapic ioapic;
static struct apic_bus bus;
static u32 got;
static const struct lapic_message *on_its_way;

static void deliver(void *ctx, unsigned index, enum apic_mode mode, u8 vector, bool level)
{
    (void)ctx;
    CHECK(index < CPUS && !(got >> index & 1));
    CHECK(vector == on_its_way->vector && level == on_its_way->level);
    CHECK(mode == (on_its_way->mode == APIC_LOWEST ? APIC_FIXED : on_its_way->mode));
    got |= 1u << index;
    if (mode == APIC_FIXED)
        lapic_post(&cpu[index].l, vector, level);
    if (mode == APIC_INIT)
        lapic_init_signal(&cpu[index].l);
}

static bool matches(struct lapic *l, const struct lapic_message *m)
{
    bool x2 = l->shared & LAPIC_X2;
    u32 ldr = l->regs[LAPIC_LDR / 4], dfr = l->regs[LAPIC_DFR / 4] >> 28;
    u32 mine = ldr >> 24, both;

    if (m->dest == APIC_EVERYONE)
        return true;
    if (!m->logical)
        return m->dest == (x2 ? l->regs[LAPIC_ID / 4] : l->regs[LAPIC_ID / 4] >> 24);
    if (x2)
        return (m->dest & 0xffff0000) == (ldr & 0xffff0000) && (m->dest & ldr & 0xffff);
    both = m->dest & mine;
    if (m->dest & 0xffffff00)
        return false;
    if (dfr == 15)
        return both;
    return (both & 15) && ((m->dest & 0xf0) == (mine & 0xf0) || (m->dest & 0xf0) == 0xf0);
}

static bool should_get(unsigned i, const struct lapic_message *m, unsigned sender)
{
    struct lapic *l = &cpu[i].l;
    bool enabled = lapic_base(l) & LAPIC_BASE_ENABLE;

    if (m->mode <= APIC_LOWEST)
        enabled = enabled && (l->regs[LAPIC_SVR / 4] & LAPIC_SVR_ENABLE);
    if (m->shorthand == APIC_SELF)
        return enabled && i == sender;
    if (m->shorthand == APIC_OTHERS)
        return enabled && i != sender;
    return enabled && (m->shorthand == APIC_ALL || matches(l, m));
}

static u32 lowest_of(u32 set)
{
    u32 least = 0x100, who = 0;

    for (unsigned i = 0; i < CPUS; i++) {
        u32 ppr = cpu[i].l.regs[LAPIC_PPR / 4];
        if (!(set >> i & 1) || ppr > least)
            continue;
        who = ppr < least ? 1u << i : who | 1u << i;
        least = ppr;
    }
    return who;
}

static bool send(const struct lapic_message *m, unsigned sender)
{
    u32 may = 0;
    bool goes = m->mode != APIC_SMI && m->mode != 3 && m->mode <= APIC_EXTINT;

    for (unsigned i = 0; i < CPUS && goes; i++)
        may |= (u32)should_get(i, m, sender) << i;
    u32 lowest = lowest_of(may);
    got = 0;
    on_its_way = m;
    unsigned count = apic_bus_send(&bus, m, sender);
    CHECK(count == (unsigned)__builtin_popcount(got));
    if (m->mode == APIC_LOWEST)
        CHECK(count == !!may && (got & lowest) == got);
    else
        CHECK(got == may);
    return count;
}

static bool pin_sends(void *ctx, const struct lapic_message *m)
{
    (void)ctx;
    CHECK(m->dest <= 0xff || m->dest == APIC_EVERYONE);
    return send(m, APIC_BUS_NOBODY);
}

static void setup(void)
{
    fake_init(&fake);
    ioapic_init(&ioapic, &fake.host, pin_sends, NULL);
    apic_bus_init(&bus, deliver, NULL);
    for (unsigned i = 0; i < CPUS; i++) {
        fake_lapic_init(&cpu[i], ids[i], i == 0);
        fake_lapic_enable(&cpu[i]);
        CHECK(apic_bus_add(&bus, &cpu[i].l));
    }
}

static void icr(unsigned which, u32 high, u32 low)
{
    struct fake_lapic *f = &cpu[which];

    f->sent = 0;
    if (lapic_in_memory(&f->l)) {
        lapic_write(&f->l, LAPIC_ICR_HIGH, high);
        lapic_write(&f->l, LAPIC_ICR, low);
    } else if (!lapic_wrmsr(&f->l, 0x830, (u64)high << 32 | low)) {
        CHECK(!f->sent);
    }
    CHECK(f->sent <= 1);
    if (f->sent) {
        struct lapic_message m = f->message;
        send(&m, which);
    }
}

static void pin(u8 where, u32 value)
{
    static const u8 at[] = {IOAPIC_SELECT, IOAPIC_WINDOW, IOAPIC_WINDOW, IOAPIC_EOI};

    if (where & 0x80)
        ioapic_line(&ioapic, where & 31, where >> 5 & 1);
    else if (where & 0x40)
        ioapic_eoi(&ioapic, (u8)value);
    else
        ioapic.dev.ops->write(&ioapic.dev, at[where & 3], 4, where & 3 ? value : value & 0x3f);
    for (unsigned i = 0; i < IOAPIC_PINS; i++) {
        u64 entry = ioapic.entry[i];
        CHECK(!(entry & ~0xff0000000001efffull));
        CHECK(!(entry & 0x4000) || ((entry & 0x8000) && !(entry & 0x600)));
    }
    CHECK(!(ioapic.lines >> IOAPIC_PINS));
}

/* An operation is eight bytes: which, where, six bytes of number. */
static void step(const u8 *d)
{
    unsigned which = d[1] % CPUS;
    u32 value = (u32)d[2] << 24 | (u32)d[3] << 16 | (u32)d[4] << 8 | d[5];
    struct lapic_message m = {
        .dest = d[6] & 1 ? value : d[5],
        .vector = d[7],
        .mode = d[6] >> 1 & 7,
        .shorthand = d[6] >> 4 & 3,
        .logical = d[6] >> 6 & 1,
        .level = d[6] >> 7,
    };

    switch (d[0] % 9) {
    case 0:
        lapic_write(&cpu[which].l, LAPIC_LDR, value);
        break;
    case 1:
        lapic_write(&cpu[which].l, d[6] & 1 ? LAPIC_DFR : LAPIC_SVR, d[6] & 2 ? 0x1ff : value);
        break;
    case 2:
        lapic_set_tpr(&cpu[which].l, d[2]);
        break;
    case 3:
        (void)!lapic_set_base(&cpu[which].l, LAPIC_BASE | (d[2] & 3u) << 10);
        break;
    case 4:
        icr(which, value, (u32)d[6] << 8 | d[7] | (d[0] & 0x30u) << 14);
        break;
    case 5:
        fake_lapic_take(&cpu[which]);
        break;
    case 6:
        pin(d[1], value);
        break;
    case 7:
        pin(d[1] & 0x3f, value);
        break;
    default:
        send(&m, d[1] & 0x80 ? which : APIC_BUS_NOBODY);
        break;
    }
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    setup();
    for (; size >= 8; data += 8, size -= 8)
        step(data);
    return 0;
}

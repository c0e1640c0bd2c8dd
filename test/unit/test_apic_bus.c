/* SPDX-License-Identifier: MIT */
/* drivers/emu/lapic_icr, apic_bus: who sends what to whom, against SDM 3, 11.6 and 11.12. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/emu/apic_bus.h"
#include "test/unit/lapic_fake.h"

enum { CPUS = 6, NONE = -1 };

static struct fake_lapic cpu[CPUS];
static struct apic_bus bus;

static struct {
    unsigned index;
    enum apic_mode mode;
    u8 vector;
    bool level;
} last;
static u64 got; /* bit n: processor n */
static unsigned deliveries;

static void deliver(void *ctx, unsigned index, enum apic_mode mode, u8 vector, bool level)
{
    (void)ctx;
    last.index = index;
    last.mode = mode;
    last.vector = vector;
    last.level = level;
    got |= 1ull << index;
    deliveries++;
    if (mode == APIC_FIXED)
        lapic_post(&cpu[index].l, vector, level);
}

static unsigned ids[CPUS] = {0, 1, 2, 3, 16, 0x21};

static int setup(void **state)
{
    (void)state;
    apic_bus_init(&bus, deliver, NULL);
    for (unsigned i = 0; i < CPUS; i++) {
        fake_lapic_init(&cpu[i], ids[i], i == 0);
        fake_lapic_enable(&cpu[i]);
        assert_true(apic_bus_add(&bus, &cpu[i].l));
    }
    got = deliveries = 0;
    return 0;
}

static u64 sent_to(const struct lapic_message *m, unsigned sender)
{
    got = deliveries = 0;
    unsigned count = apic_bus_send(&bus, m, sender);
    assert_int_equal(count, deliveries);
    assert_int_equal(count, __builtin_popcountll(got));
    return got;
}

/* ICR in xAPIC mode, by processor 0: the message, passed on to the bus as the machine does. */
static u64 icr(u8 dest, u32 low)
{
    struct fake_lapic *f = &cpu[0];
    f->sent = 0;
    got = 0;
    lapic_write(&f->l, LAPIC_ICR_HIGH, (u32)dest << 24);
    lapic_write(&f->l, LAPIC_ICR, low);
    return f->sent ? sent_to(&f->message, 0) : 0;
}

static u32 errors(struct lapic *l)
{
    lapic_write(l, LAPIC_ESR, 0);
    return lapic_read(l, LAPIC_ESR);
}

static void all_to_x2apic(void)
{
    for (unsigned i = 0; i < CPUS; i++)
        assert_true(lapic_set_base(&cpu[i].l, lapic_base(&cpu[i].l) | LAPIC_BASE_X2APIC));
}

/* 11.6.1: what was written is read, the status is always idle, reserved bits are 0. */
static void test_icr_reads_back(void **state)
{
    (void)state;
    struct lapic *l = &cpu[0].l;
    icr(2, 0x4031);
    assert_int_equal(lapic_read(l, LAPIC_ICR), 0x4031);
    assert_int_equal(lapic_read(l, LAPIC_ICR_HIGH), 2u << 24);
    lapic_write(l, LAPIC_ICR_HIGH, 0xffffffff);
    assert_int_equal(lapic_read(l, LAPIC_ICR_HIGH), 0xff000000);
    lapic_write(l, LAPIC_ICR, 0xffffffff);
    assert_int_equal(lapic_read(l, LAPIC_ICR), 0x000ccfff);
}

/* 11.6.2.1 */
static void test_physical(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CPUS; i++) {
        assert_int_equal(icr((u8)ids[i], 0x4031), 1u << i);
        assert_int_equal(last.vector, 0x31);
        assert_int_equal(last.mode, APIC_FIXED);
        assert_false(last.level);
        assert_int_equal(fake_lapic_take(&cpu[i]), 0x31);
    }
    assert_int_equal(icr(9, 0x4031), 0);
    assert_int_equal(icr(0xff, 0x4032), 0x3f);
    /* Eight bits from an I/O APIC are ids too, more than eight are no one's here. */
    struct lapic_message m = {.dest = 0x100, .vector = 0x31};
    assert_int_equal(sent_to(&m, APIC_BUS_NOBODY), 0);
}

/* 11.6.2.2, flat model */
static void test_logical_flat(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CPUS; i++)
        lapic_write(&cpu[i].l, LAPIC_LDR, 1u << (24 + i));
    assert_int_equal(lapic_read(&cpu[2].l, LAPIC_LDR), 0x04000000);
    assert_int_equal(icr(0x2a, 0x4831), 0x2a);
    assert_int_equal(icr(0xff, 0x4831), 0x3f);
    assert_int_equal(icr(0xc0, 0x4831), 0);
    assert_int_equal(icr(0, 0x4831), 0);
    lapic_write(&cpu[2].l, LAPIC_LDR, 0x00ffffff); /* the low bits are reserved */
    assert_int_equal(lapic_read(&cpu[2].l, LAPIC_LDR), 0);
    assert_int_equal(icr(0xff, 0x4831), 0x3b);
    struct lapic_message m = {.dest = 0x102, .vector = 0x31, .logical = true};
    assert_int_equal(sent_to(&m, APIC_BUS_NOBODY), 0); /* a set has eight bits here */
}

/* 11.6.2.2, cluster model: four bits of cluster, four of set */
static void test_logical_cluster(void **state)
{
    (void)state;
    static const u8 ldr[CPUS] = {0x01, 0x02, 0x08, 0x11, 0x12, 0x21};
    for (unsigned i = 0; i < CPUS; i++) {
        lapic_write(&cpu[i].l, LAPIC_DFR, 0x0fffffff);
        assert_int_equal(lapic_read(&cpu[i].l, LAPIC_DFR), 0x0fffffff);
        lapic_write(&cpu[i].l, LAPIC_LDR, (u32)ldr[i] << 24);
    }
    assert_int_equal(icr(0x0f, 0x4831), 0x07);
    assert_int_equal(icr(0x09, 0x4831), 0x05);
    assert_int_equal(icr(0x13, 0x4831), 0x18);
    assert_int_equal(icr(0x2e, 0x4831), 0);
    assert_int_equal(icr(0xff, 0x4831), 0x3f);
    lapic_write(&cpu[0].l, LAPIC_DFR, 0xf0000000);
    assert_int_equal(lapic_read(&cpu[0].l, LAPIC_DFR), 0xffffffff);
}

/* 11.12.10: sixteen of a cluster, derived from the id */
static void test_logical_x2apic(void **state)
{
    (void)state;
    struct lapic_message m = {.vector = 0x31, .logical = true};
    all_to_x2apic();
    static const struct {
        u32 dest, who;
    } cases[] = {
        {0x0000000f, 0x0f},
        {0x00000005, 0x05},
        {0x0001ffff, 0x10},
        {0x00020002, 0x20},
        {0x0002fffd, 0   },
        {0x0003ffff, 0   },
        {0xffffffff, 0x3f},
        {0,          0   },
    };
    for (unsigned i = 0; i < array_size(cases); i++) {
        m.dest = cases[i].dest;
        assert_int_equal(sent_to(&m, 0), cases[i].who);
    }
}

/* 11.12.9: one register of 64 bits; broadcast is all ones */
static void test_icr_of_x2apic(void **state)
{
    (void)state;
    struct lapic *l = &cpu[1].l;
    u64 value;
    all_to_x2apic();
    assert_true(lapic_wrmsr(l, 0x830, 0x2100004031));
    assert_int_equal(sent_to(&cpu[1].message, 1), 0x20);
    assert_true(lapic_rdmsr(l, 0x830, &value));
    assert_true(value == 0x2100004031);
    assert_true(lapic_wrmsr(l, 0x830, 0xffffffff00004031));
    assert_int_equal(sent_to(&cpu[1].message, 1), 0x3f);
    assert_true(lapic_wrmsr(l, 0x830, 0x000000ff00004031));
    assert_int_equal(sent_to(&cpu[1].message, 1), 0); /* an id like any other */
    assert_true(lapic_wrmsr(l, 0x830, 0x0000000300004831));
    assert_int_equal(sent_to(&cpu[1].message, 1), 0x03);
}

static void test_shorthands(void **state)
{
    (void)state;
    assert_int_equal(icr(9, 0x44031), 0); /* self: nobody else is asked */
    assert_int_equal(cpu[0].sent, 0);
    assert_int_equal(fake_lapic_take(&cpu[0]), 0x31);
    assert_int_equal(icr(9, 0x84032), 0x3f);
    assert_int_equal(icr(9, 0xc4033), 0x3e);
    struct lapic_message m = {.shorthand = APIC_SELF, .vector = 0x40};
    assert_int_equal(sent_to(&m, 2), 0x04);
    m.shorthand = APIC_OTHERS;
    assert_int_equal(sent_to(&m, APIC_BUS_NOBODY), 0x3f);
}

/* Table 11-3: to itself, or to all with itself, only fixed */
static void test_shorthands_that_are_invalid(void **state)
{
    (void)state;
    for (u32 mode = 1; mode < 8; mode++) {
        assert_int_equal(icr(0, 0x44031 | mode << 8), 0);
        assert_int_equal(icr(0, 0x84031 | mode << 8), 0);
    }
    assert_int_equal(lapic_pending(&cpu[0].l), NONE);
    assert_int_equal(errors(&cpu[0].l), 0);
}

static void test_modes(void **state)
{
    (void)state;
    static const enum apic_mode sent[] = {APIC_NMI, APIC_INIT, APIC_STARTUP};
    for (unsigned i = 0; i < array_size(sent); i++) {
        assert_int_equal(icr(2, 0x4000 | (u32)sent[i] << 8 | 8), 0x04);
        assert_int_equal(last.mode, sent[i]);
        assert_int_equal(last.vector, 8);
        assert_int_equal(icr(0, 0xc4000 | (u32)sent[i] << 8 | 8), 0x3e);
    }
    assert_int_equal(icr(2, 0x4231), 0); /* SMI */
    assert_int_equal(icr(2, 0x4331), 0); /* reserved */
    assert_int_equal(cpu[0].sent, 0);
    assert_int_equal(icr(2, 0x4731), 0); /* ExtINT is no IPI */
    assert_int_equal(cpu[0].sent, 0);
    struct lapic_message m = {.dest = 2, .mode = APIC_EXTINT}; /* but an I/O APIC's */
    assert_int_equal(sent_to(&m, APIC_BUS_NOBODY), 0x04);
    m.mode = 3;
    assert_int_equal(sent_to(&m, APIC_BUS_NOBODY), 0);
}

/* As Linux starts a processor: INIT asserted by level, deasserted, two start-ups. */
static void test_start_of_a_processor(void **state)
{
    (void)state;
    assert_int_equal(icr(1, 0xc500), 0x02);
    assert_int_equal(last.mode, APIC_INIT);
    assert_int_equal(icr(1, 0x8500), 0);
    assert_int_equal(icr(1, 0x4500), 0x02); /* as an edge too */
    assert_int_equal(icr(1, 0x0699), 0x02);
    assert_int_equal(last.mode, APIC_STARTUP);
    assert_int_equal(last.vector, 0x99);
}

/* Table 11-3, note 2: a level-triggered IPI goes as an edge. */
static void test_ipis_are_edges(void **state)
{
    (void)state;
    assert_int_equal(icr(1, 0xc031), 0x02);
    assert_false(last.level);
    assert_int_equal(fake_lapic_take(&cpu[1]), 0x31);
    lapic_eoi(&cpu[1].l);
    assert_int_equal(cpu[1].eois, 0);
}

/* 11.5.3, "Send illegal vector": not sent, and told. A start-up has a page, no vector. */
static void test_illegal_vectors(void **state)
{
    (void)state;
    struct lapic *l = &cpu[0].l;
    assert_int_equal(icr(1, 0x400f), 0);
    assert_int_equal(errors(l), LAPIC_ESR_SEND_VECTOR);
    assert_int_equal(icr(1, 0x4105), 0);
    assert_int_equal(errors(l), LAPIC_ESR_SEND_VECTOR);
    icr(1, 0x44005);
    assert_int_equal(errors(l), LAPIC_ESR_SEND_VECTOR);
    assert_int_equal(icr(1, 0x4010), 0x02);
    assert_int_equal(icr(1, 0x4602), 0x02);
    assert_int_equal(errors(l), 0);
    all_to_x2apic();
    assert_true(lapic_wrmsr(l, 0x83f, 5));
    assert_true(lapic_wrmsr(l, 0x828, 0));
    u64 value;
    assert_true(lapic_rdmsr(l, 0x828, &value));
    assert_int_equal(value, LAPIC_ESR_SEND_VECTOR);
    assert_int_equal(lapic_pending(l), NONE);
}

/* 11.12.11 */
static void test_self_ipi(void **state)
{
    (void)state;
    all_to_x2apic();
    assert_true(lapic_wrmsr(&cpu[0].l, 0x83f, 0x55));
    assert_int_equal(fake_lapic_take(&cpu[0]), 0x55);
    assert_int_equal(cpu[0].sent, 0);
}

/* 11.4.7.2, 11.4.3 */
static void test_who_is_disabled(void **state)
{
    (void)state;
    lapic_write(&cpu[0].l, LAPIC_SVR, 0xff);
    lapic_write(&cpu[1].l, LAPIC_SVR, 0xff);
    assert_true(lapic_set_base(&cpu[2].l, LAPIC_BASE));
    assert_int_equal(icr(0xff, 0x4031), 0x38); /* it can still send */
    assert_int_equal(icr(1, 0x4031), 0);
    assert_int_equal(icr(1, 0x4400), 0x02);
    assert_int_equal(icr(2, 0x4400), 0);
    assert_int_equal(icr(0, 0xc4500), 0x3a);
    icr(0, 0x44031);
    assert_int_equal(lapic_pending(&cpu[0].l), NONE);
}

/* 11.6.2.4: the lowest processor priority, in turn among equals */
static void test_lowest_priority(void **state)
{
    (void)state;
    struct lapic_message m = {.dest = 0x3f, .logical = true, .mode = APIC_LOWEST, .vector = 0x61};
    for (unsigned i = 0; i < CPUS; i++) {
        lapic_write(&cpu[i].l, LAPIC_LDR, 1u << (24 + i));
        lapic_write(&cpu[i].l, LAPIC_TPR, 0x50);
    }
    lapic_write(&cpu[4].l, LAPIC_TPR, 0x40);
    for (unsigned i = 0; i < CPUS; i++)
        assert_int_equal(sent_to(&m, APIC_BUS_NOBODY), 0x10);
    assert_int_equal(last.mode, APIC_FIXED);
    lapic_post(&cpu[4].l, 0x81, false);
    fake_lapic_take(&cpu[4]); /* what is in service counts */
    u64 all = 0;
    for (unsigned i = 0; i < CPUS; i++)
        all |= sent_to(&m, APIC_BUS_NOBODY);
    assert_int_equal(all, 0x2f);
    m.dest = 0x40;
    assert_int_equal(sent_to(&m, APIC_BUS_NOBODY), 0);
    lapic_write(&cpu[4].l, LAPIC_TPR, 0xff); /* alone it takes what there is */
    m.dest = 0x10;
    assert_int_equal(sent_to(&m, APIC_BUS_NOBODY), 0x10);
    m = (struct lapic_message){.dest = 3, .mode = APIC_LOWEST, .vector = 0x61};
    assert_int_equal(sent_to(&m, APIC_BUS_NOBODY), 0x08);
    assert_int_equal(last.mode, APIC_FIXED);
}

static void test_levels_keep_their_trigger(void **state)
{
    (void)state;
    struct lapic_message m = {.dest = 1, .vector = 0x61, .level = true};
    assert_int_equal(sent_to(&m, APIC_BUS_NOBODY), 0x02);
    assert_int_equal(fake_lapic_take(&cpu[1]), 0x61);
    lapic_eoi(&cpu[1].l);
    assert_int_equal(cpu[1].eoi, 0x61);
}

static void test_who_can_be_added(void **state)
{
    (void)state;
    static struct fake_lapic more[APIC_BUS_MAX];
    fake_lapic_init(&more[0], 3, false);
    assert_false(apic_bus_add(&bus, &more[0].l)); /* the id is taken */
    fake_lapic_init(&more[0], 256, false);
    assert_false(apic_bus_add(&bus, &more[0].l));
    for (unsigned i = CPUS; i < APIC_BUS_MAX; i++) {
        fake_lapic_init(&more[i], 100 + i, false);
        assert_true(apic_bus_add(&bus, &more[i].l));
    }
    fake_lapic_init(&more[0], 50, false);
    assert_false(apic_bus_add(&bus, &more[0].l));
    struct lapic_message m = {.dest = 163, .mode = APIC_NMI};
    assert_true(sent_to(&m, APIC_BUS_NOBODY) == 1ull << 63);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_icr_reads_back, setup),
        cmocka_unit_test_setup(test_physical, setup),
        cmocka_unit_test_setup(test_logical_flat, setup),
        cmocka_unit_test_setup(test_logical_cluster, setup),
        cmocka_unit_test_setup(test_logical_x2apic, setup),
        cmocka_unit_test_setup(test_icr_of_x2apic, setup),
        cmocka_unit_test_setup(test_shorthands, setup),
        cmocka_unit_test_setup(test_shorthands_that_are_invalid, setup),
        cmocka_unit_test_setup(test_modes, setup),
        cmocka_unit_test_setup(test_start_of_a_processor, setup),
        cmocka_unit_test_setup(test_ipis_are_edges, setup),
        cmocka_unit_test_setup(test_illegal_vectors, setup),
        cmocka_unit_test_setup(test_self_ipi, setup),
        cmocka_unit_test_setup(test_who_is_disabled, setup),
        cmocka_unit_test_setup(test_lowest_priority, setup),
        cmocka_unit_test_setup(test_levels_keep_their_trigger, setup),
        cmocka_unit_test_setup(test_who_can_be_added, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

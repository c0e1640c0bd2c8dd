/* SPDX-License-Identifier: MIT */
/* drivers/emu/hpet: against the IA-PC HPET specification 1.0a. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "drivers/emu/hpet.h"
#include "test/unit/fake_host.h"

#define US       1000ull
#define STEP     (50000 * US) /* a whole number of ticks of 14.31818 MHz */
#define TICKS    715909ull
#define BEGIN    (5 * STEP) /* the counter is never the guest's time by chance */
#define ROUTE(n) ((u64)(n) << 9)

enum { LEVEL = 2, INTERRUPT = 4, PERIODIC = 8, SET = 0x40, BITS_32 = 0x100 };
enum { CONFIG = 0x10, STATUS = 0x20, COUNTER = 0xf0 };

static struct fake_host fake;
static struct hpet hpet;

static int setup(void **state)
{
    (void)state;
    fake_init(&fake);
    fake.now = BEGIN;
    hpet_init(&hpet, &fake.host);
    return 0;
}

static u64 get(u64 offset)
{
    return hpet.dev.ops->read(&hpet.dev, offset, 8);
}

static void set(u64 offset, u64 value)
{
    hpet.dev.ops->write(&hpet.dev, offset, 8, value);
}

static void set32(u64 offset, u32 value)
{
    hpet.dev.ops->write(&hpet.dev, offset, 4, value);
}

static u64 timer(unsigned n, u64 reg)
{
    return 0x100 + n * 0x20 + reg;
}

/* When so many ticks are over. */
static u64 ns_of(u64 ticks)
{
    return (u64)(((unsigned __int128)ticks * 1000000000 + 14318179) / 14318180);
}

/* Time from BEGIN on. */
static void at(u64 ns)
{
    fake_run(&fake, &hpet.dev, BEGIN + ns);
}

static void test_capabilities(void **state)
{
    (void)state;
    assert_int_equal(get(0), 0x0429b17f8086a201ull);
    assert_int_equal(hpet.dev.ops->read(&hpet.dev, 4, 4), 69841279); /* fs */
    set(0, 0);
    assert_int_equal(get(0), 0x0429b17f8086a201ull);
    for (unsigned n = 0; n < 3; n++) {
        assert_int_equal(get(timer(n, 0)), 0x00f0000000002830ull);
        assert_int_equal(get(timer(n, 8)), ~0ull);
        set(timer(n, 0), 0xffffffffffffffffull & ~ROUTE(31));
        assert_int_equal(get(timer(n, 0)), 0x00f000000000297eull); /* no FSB */
        assert_int_equal(get(timer(n, 0x10)), 0);
    }
    assert_int_equal(get(timer(3, 0)), 0);
    assert_int_equal(get(0x3f8), 0);
    set(timer(3, 0), ~0ull);
    set(0x3f8, ~0ull);
}

static void test_counter(void **state)
{
    (void)state;
    at(STEP);
    assert_int_equal(get(COUNTER), 0);
    set(CONFIG, 1);
    at(3 * STEP);
    assert_int_equal(get(COUNTER), 2 * TICKS);
    set(CONFIG, 0);
    at(9 * STEP);
    assert_int_equal(get(COUNTER), 2 * TICKS);
    set32(COUNTER + 4, 0x12345678);
    assert_int_equal(get(COUNTER), 0x1234567800000000ull + 2 * TICKS);
    set32(COUNTER, 0xfffffff0);
    set(CONFIG, 1);
    at(9 * STEP + ns_of(20));
    assert_int_equal(get(COUNTER), 0x1234567900000004ull);
    assert_int_equal(hpet.dev.ops->read(&hpet.dev, COUNTER + 4, 4), 0x12345679);
    assert_int_equal(hpet.dev.deadline, DEV_NEVER);
}

static void test_one_shot(void **state)
{
    (void)state;
    set(CONFIG, 1);
    set(timer(2, 0), INTERRUPT | ROUTE(21));
    set(timer(2, 8), 3 * TICKS);
    assert_int_equal(hpet.dev.deadline, BEGIN + 3 * STEP);
    at(3 * STEP - 1);
    assert_false(fake.line[21]);
    at(3 * STEP);
    assert_int_equal(fake.rises[21], 1);
    assert_int_equal(get(STATUS), 0); /* edges leave no status */
    assert_int_equal(hpet.dev.deadline, DEV_NEVER);
    at(60000 * STEP);
    assert_int_equal(fake.rises[21], 1);
    set(timer(2, 8), 60001 * TICKS);
    at(60001 * STEP);
    assert_int_equal(fake.rises[21], 2);
    set(timer(2, 8), 5 * TICKS); /* in the past: when the counter comes round */
    assert_int_equal(hpet.dev.deadline, DEV_NEVER);
    set(timer(2, 8), 70000 * TICKS);
    set(timer(2, 0), ROUTE(21)); /* disabled: the line falls */
    assert_int_equal(hpet.dev.deadline, DEV_NEVER);
    assert_false(fake.line[21]);
}

static void test_one_shot_of_32_bits_comes_round(void **state)
{
    const u64 round = 1ull << 32;
    (void)state;
    set(CONFIG, 1);
    set(timer(0, 0), INTERRUPT | BITS_32 | ROUTE(20));
    set(timer(0, 8), 0x700000000ull + 50000);
    assert_int_equal(get(timer(0, 8)), 50000);
    at(ns_of(50000));
    assert_int_equal(fake.rises[20], 1);
    assert_int_equal(hpet.dev.deadline, BEGIN + ns_of(50000 + round));
    at(ns_of(50000 + 3 * round));
    assert_int_equal(fake.rises[20], 4);
    set(timer(0, 8), 40000);
    assert_int_equal(hpet.dev.deadline, BEGIN + ns_of(40000 + 4 * round));
}

/* As Linux sets it up: comparator with SET, then the period. */
static void test_periodic(void **state)
{
    (void)state;
    set(CONFIG, 1);
    at(STEP);
    set32(timer(0, 0), INTERRUPT | PERIODIC | SET | BITS_32 | (u32)ROUTE(22));
    set32(timer(0, 8), 3 * TICKS);
    set32(timer(0, 8), TICKS);
    at(3 * STEP - 1);
    assert_int_equal(fake.rises[22], 0);
    assert_int_equal(get(timer(0, 8)), 3 * TICKS);
    for (u64 i = 0; i < 50; i++) {
        at((3 + i) * STEP - 1);
        assert_int_equal(fake.rises[22], i);
        at((3 + i) * STEP);
        assert_int_equal(fake.rises[22], i + 1);
        assert_int_equal(get(timer(0, 8)), (4 + i) * TICKS);
    }
    fake.now = BEGIN + 100 * STEP + 1; /* late by many: one interrupt, and no drift */
    hpet.dev.ops->expire(&hpet.dev, fake.now);
    assert_int_equal(fake.rises[22], 51);
    assert_int_equal(hpet.dev.deadline, BEGIN + 101 * STEP);
    set32(timer(0, 8), 2 * TICKS); /* another period, from the next match on */
    at(101 * STEP);
    assert_int_equal(hpet.dev.deadline, BEGIN + 103 * STEP);
}

/* One write with SET is comparator and period (specification 2.3.9.2.2). */
static void test_periodic_by_one_write(void **state)
{
    (void)state;
    set(timer(1, 0), INTERRUPT | PERIODIC | SET | ROUTE(20));
    assert_int_equal(get(timer(1, 0)) & SET, SET);
    set(timer(1, 8), 2 * TICKS);
    assert_int_equal(get(timer(1, 0)) & SET, 0);
    set(CONFIG, 1);
    at(10 * STEP);
    assert_int_equal(fake.rises[20], 5);
    assert_int_equal(get(timer(1, 8)), 12 * TICKS);
}

static void test_no_period_and_short_periods(void **state)
{
    (void)state;
    set(timer(0, 0), INTERRUPT | PERIODIC | SET | ROUTE(20));
    set(timer(0, 8), TICKS);
    set(timer(0, 8), 0);
    set(CONFIG, 1);
    at(50 * STEP);
    assert_int_equal(fake.rises[20], 1);
    assert_int_equal(hpet.dev.deadline, DEV_NEVER);
    set(timer(0, 0), INTERRUPT | PERIODIC | SET | ROUTE(20));
    set(timer(0, 8), 50 * TICKS + 1);
    set(timer(0, 8), 1); /* 14 MHz: not as interrupts */
    at(50 * STEP + 1000 * US);
    assert_in_range(fake.rises[20], 20, 22);
    for (u64 us = 0; us < 1000; us++) { /* nor by looking at it */
        at(50 * STEP + (1000 + us) * US);
        get(COUNTER);
    }
    assert_in_range(fake.rises[20], 40, 42);
}

static void test_level(void **state)
{
    (void)state;
    set(timer(2, 0), LEVEL | PERIODIC | SET | ROUTE(23));
    set(timer(2, 8), TICKS);
    set(CONFIG, 1);
    at(STEP);
    assert_int_equal(get(STATUS), 4); /* told, though it interrupts nobody */
    assert_false(fake.line[23]);
    set(STATUS, 3);
    assert_int_equal(get(STATUS), 4);
    set(timer(2, 0), LEVEL | PERIODIC | INTERRUPT | ROUTE(23));
    assert_true(fake.line[23]);
    assert_int_equal(hpet.dev.deadline, DEV_NEVER); /* until it is cleared */
    at(7 * STEP + 1);
    assert_int_equal(fake.rises[23], 1);
    set(STATUS, 4);
    assert_false(fake.line[23]);
    assert_int_equal(get(STATUS), 0);
    assert_int_equal(hpet.dev.deadline, BEGIN + 8 * STEP);
    at(8 * STEP);
    assert_true(fake.line[23]);
    set(timer(2, 0), PERIODIC | INTERRUPT | ROUTE(23)); /* by edges */
    assert_int_equal(get(STATUS), 0);
    at(9 * STEP);
    assert_int_equal(fake.rises[23], 3);
    set(timer(2, 8), 1); /* every tick: an edge waits for its 50 us, and is dropped by a level */
    at(10 * STEP + US);
    get(STATUS);
    set(timer(2, 0), LEVEL | INTERRUPT | ROUTE(23));
    at(20 * STEP);
    set(STATUS, 4);
    assert_false(fake.line[23]);
    assert_int_equal(hpet.dev.deadline, DEV_NEVER);
}

static void test_legacy_replacement(void **state)
{
    (void)state;
    assert_false(hpet_replaces_legacy(&hpet));
    set(timer(0, 0), INTERRUPT | PERIODIC | SET | ROUTE(20));
    set(timer(0, 8), TICKS);
    set(timer(1, 0), INTERRUPT | ROUTE(20));
    set(timer(1, 8), 2 * TICKS);
    set(timer(2, 0), INTERRUPT | ROUTE(21));
    set(timer(2, 8), 2 * TICKS);
    set(CONFIG, 3);
    assert_true(hpet_replaces_legacy(&hpet));
    at(2 * STEP);
    assert_int_equal(fake.rises[0], 2);
    assert_int_equal(fake.rises[8], 1);
    assert_int_equal(fake.rises[20], 0);
    assert_int_equal(fake.rises[21], 1);
    assert_true(fake.line[0] && fake.line[8]);
    set(CONFIG, 1);
    assert_false(fake.line[0] || fake.line[8]);
    at(3 * STEP);
    assert_int_equal(fake.rises[0], 2);
    assert_int_equal(fake.rises[20], 1);
    set(CONFIG, 2); /* replaced, but nothing runs */
    assert_false(fake.line[20]);
    at(9 * STEP);
    assert_int_equal(fake.rises[0], 2);
    assert_int_equal(hpet.dev.deadline, DEV_NEVER);
}

static void test_routes(void **state)
{
    (void)state;
    for (unsigned pin = 0; pin < 32; pin++) {
        set(timer(0, 0), ROUTE(23));
        set(timer(0, 0), ROUTE(pin));
        assert_int_equal(get(timer(0, 0)) >> 9 & 31, pin >= 20 && pin < 24 ? pin : 23);
    }
}

static void test_stopping_and_starting(void **state)
{
    (void)state;
    set(timer(0, 0), INTERRUPT | ROUTE(20));
    set(timer(0, 8), 4 * TICKS);
    assert_int_equal(hpet.dev.deadline, DEV_NEVER);
    set(CONFIG, 1);
    at(STEP);
    set(CONFIG, 0);
    assert_int_equal(hpet.dev.deadline, DEV_NEVER);
    at(100 * STEP);
    set(CONFIG, 1);
    assert_int_equal(hpet.dev.deadline, BEGIN + 103 * STEP);
    set(COUNTER, 2 * TICKS); /* a running counter jumps */
    assert_int_equal(hpet.dev.deadline, BEGIN + 102 * STEP);
    at(102 * STEP);
    assert_int_equal(fake.rises[20], 1);
}

static void test_reset(void **state)
{
    (void)state;
    set(timer(0, 0), INTERRUPT | LEVEL | ROUTE(20));
    set(timer(0, 8), TICKS);
    set(CONFIG, 3);
    at(STEP);
    assert_true(fake.line[0]);
    hpet.dev.ops->reset(&hpet.dev);
    assert_false(fake.line[0]);
    assert_int_equal(get(CONFIG), 0);
    assert_int_equal(get(COUNTER), 0);
    assert_int_equal(get(STATUS), 0);
    assert_int_equal(hpet.dev.deadline, DEV_NEVER);
}

#define test(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_capabilities),
        test(test_counter),
        test(test_one_shot),
        test(test_one_shot_of_32_bits_comes_round),
        test(test_periodic),
        test(test_periodic_by_one_write),
        test(test_no_period_and_short_periods),
        test(test_level),
        test(test_legacy_replacement),
        test(test_routes),
        test(test_stopping_and_starting),
        test(test_reset),
    };
    return cmocka_run_group_tests_name("hpet", tests, NULL, NULL);
}

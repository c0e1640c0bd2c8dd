/* SPDX-License-Identifier: MIT */
/* drivers/emu/pm: against the ACPI specification, 4.8.3 and 4.8.1 (fixed hardware). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "drivers/emu/pm.h"
#include "test/unit/fake_host.h"

#define SECOND 1000000000ull
#define SCI    9
#define S5     5

enum { STATUS = 0, ENABLE = 2, CONTROL = 4, TIMER = 8 };

static struct fake_host fake;
static struct pm pm;

static int setup(void **state)
{
    (void)state;
    fake_init(&fake);
    pm_init(&pm, &fake.host, SCI, 32, S5);
    return 0;
}

static u64 get(u64 offset, unsigned bytes)
{
    return pm.dev.ops->read(&pm.dev, offset, bytes);
}

static void set(u64 offset, unsigned bytes, u64 value)
{
    pm.dev.ops->write(&pm.dev, offset, bytes, value);
}

static void at(u64 ns)
{
    fake_run(&fake, &pm.dev, ns);
}

static void test_timer_rate_and_width(void **state)
{
    (void)state;
    assert_int_equal(get(TIMER, 4), 0);
    at(SECOND);
    assert_int_equal(get(TIMER, 4), 3579545);
    at(1000000 * SECOND);
    assert_int_equal(get(TIMER, 4), 3579545000000ull & 0xffffffff);
    assert_int_equal(get(TIMER + 1, 1), 3579545000000ull >> 8 & 0xff);
    assert_int_equal(get(TIMER + 2, 2), 3579545000000ull >> 16 & 0xffff);
    set(TIMER, 4, 0);
    assert_int_equal(get(TIMER, 4), 3579545000000ull & 0xffffffff); /* read only */
    pm_init(&pm, &fake.host, SCI, 24, S5);
    assert_int_equal(get(TIMER, 4), 3579545000000ull & 0xffffff);
}

/* The status tells each turn of the highest bit, in both directions (4.8.3.1.1). */
static void turns(unsigned bits)
{
    u64 half = 1ull << (bits - 1), ns = half * SECOND / 3579545 + 1;
    setup(NULL);
    pm_init(&pm, &fake.host, SCI, bits, S5);
    at(ns - 1);
    assert_int_equal(get(STATUS, 2), 0);
    assert_int_equal(get(TIMER, 4), half - 1);
    at(ns);
    assert_int_equal(get(TIMER, 4), half);
    assert_int_equal(get(STATUS, 2), 1);
    assert_false(fake.line[SCI]);
    set(STATUS, 2, 1);
    assert_int_equal(get(STATUS, 2), 0);
    assert_int_equal(pm.dev.deadline, DEV_NEVER);
    set(ENABLE, 2, 1);
    at(2 * half * SECOND / 3579545);
    assert_false(fake.line[SCI]);
    at(2 * half * SECOND / 3579545 + 1);
    assert_int_equal(get(TIMER, 4), 0);
    assert_true(fake.line[SCI]);
    assert_int_equal(pm.dev.deadline, DEV_NEVER); /* the line is up: nothing to wait for */
    set(STATUS, 2, 1);
    assert_false(fake.line[SCI]);
    assert_in_range(pm.dev.deadline, 3 * half * SECOND / 3579545, 3 * half * SECOND / 3579545 + 1);
}

static void test_timer_status(void **state)
{
    (void)state;
    turns(24);
    turns(32);
}

static void test_power_button(void **state)
{
    (void)state;
    pm_raise(&pm, PM_POWER_BUTTON);
    assert_int_equal(get(STATUS, 2), 0x100);
    assert_false(fake.line[SCI]);
    set(ENABLE, 2, 0x120);
    assert_true(fake.line[SCI]);
    set(STATUS, 2, 0x0fe); /* others */
    assert_true(fake.line[SCI]);
    set(STATUS + 1, 1, 0x01); /* by its own byte */
    assert_false(fake.line[SCI]);
    assert_int_equal(get(STATUS, 4), 0x01200000);
    pm_raise(&pm, PM_RTC);
    pm_raise(&pm, PM_SLEEP_BUTTON);
    assert_int_equal(get(STATUS, 2), 0x600);
    assert_false(fake.line[SCI]);
    set(ENABLE + 1, 1, 0x04);
    assert_int_equal(get(ENABLE, 2), 0x420); /* the low byte is as it was */
    assert_true(fake.line[SCI]);
    set(ENABLE, 1, 0);
    assert_int_equal(get(ENABLE, 2), 0x400);
    set(STATUS, 4, 0xffffffff);
    assert_int_equal(get(STATUS, 4), 0x07210000); /* only the events that there are */
    assert_false(fake.line[SCI]);
}

static void test_control(void **state)
{
    (void)state;
    assert_int_equal(get(CONTROL, 2), 1); /* always in ACPI mode */
    set(CONTROL, 2, 0);
    assert_int_equal(get(CONTROL, 2), 1);
    set(CONTROL, 2, S5 << 10 | 2);
    assert_int_equal(get(CONTROL, 2), S5 << 10 | 3);
    assert_int_equal(fake.stops, 0); /* the type alone does nothing */
    set(CONTROL, 2, 1 << 13 | 1 << 10 | 1);
    assert_int_equal(fake.stops, 0);                /* S1: there is none */
    assert_int_equal(get(CONTROL, 2), 1 << 10 | 1); /* the command reads as zero */
    set(CONTROL, 1, 2);
    assert_int_equal(get(CONTROL, 2), 1 << 10 | 3); /* the other byte is as it was */
    set(CONTROL + 2, 2, 0);                         /* no register */
    assert_int_equal(get(CONTROL, 2), 1 << 10 | 3);
}

static void test_soft_off(void **state)
{
    (void)state;
    set(CONTROL, 2, 1 << 13 | S5 << 10);
    assert_int_equal(fake.stops, 1);
    assert_int_equal(fake.reason, DEV_STOP_POWER_OFF);
    assert_int_equal(fake.status, 0);
    setup(NULL);
    set(CONTROL + 1, 1, 0x20 | S5 << 2); /* by the byte that it is in */
    assert_int_equal(fake.stops, 1);
    setup(NULL);
    set(CONTROL, 2, S5 << 10);
    set(CONTROL, 1, 0xff); /* the other byte */
    assert_int_equal(fake.stops, 0);
}

static void test_reset(void **state)
{
    (void)state;
    set(ENABLE, 2, 0x101);
    pm_raise(&pm, PM_POWER_BUTTON);
    at(5000 * SECOND);
    pm.dev.ops->reset(&pm.dev);
    assert_int_equal(get(STATUS, 4), 0);
    assert_false(fake.line[SCI]);
    assert_int_equal(pm.dev.deadline, DEV_NEVER);
}

#define test(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_timer_rate_and_width),
        test(test_timer_status),
        test(test_power_button),
        test(test_control),
        test(test_soft_off),
        test(test_reset),
    };
    return cmocka_run_group_tests_name("pm", tests, NULL, NULL);
}

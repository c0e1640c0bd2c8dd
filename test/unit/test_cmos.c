/* SPDX-License-Identifier: MIT */
/* drivers/host/cmos reads the clock that drivers/emu/rtc shows to guests; and clocks that fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "test/unit/ports.h"

#include "drivers/emu/rtc.h"
#include "drivers/host/cmos.c"
#include "test/unit/fake_host.h"

#define SECOND 1000000000ull
#define START  1795264496ull /* 2026-11-21 12:34:56 */

static enum { WELL, ABSENT, ALWAYS_UPDATING, RUNS_AWAY } kind;
static struct fake_host fake;
static struct rtc rtc;
static unsigned accesses;

/* Each access takes a microsecond. */
static u32 model_read(u16 port, unsigned bytes)
{
    assert_int_equal(bytes, 1);
    fake.now += 1000;
    accesses++;
    if (kind == ABSENT)
        return 0xff;
    if (kind == RUNS_AWAY && rtc.index == RTC_SECONDS)
        return accesses % 59;
    u8 value = dev_in(&rtc.dev, port - 0x70u);
    return kind == ALWAYS_UPDATING && rtc.index == RTC_A ? value | 0x80 : value;
}

static void model_write(u16 port, unsigned bytes, u32 value)
{
    assert_int_equal(bytes, 1);
    assert_int_equal(port, 0x70); /* nothing but the index is written */
    assert_true(value < 0x80);
    fake.now += 1000;
    dev_out(&rtc.dev, 0, (u8)value);
}

static int setup(void **state)
{
    (void)state;
    kind = WELL;
    accesses = 0;
    fake_init(&fake);
    rtc_init(&rtc, &fake.host, 8, START);
    return 0;
}

static void set(u8 index, u8 value)
{
    dev_out(&rtc.dev, 0, index);
    dev_out(&rtc.dev, 1, value);
}

static void expect(u64 expected)
{
    u64 seconds = 0;
    assert_true(cmos_time(&seconds));
    assert_int_equal(seconds, expected);
}

static void test_reads_the_time(void **state)
{
    (void)state;
    expect(START);
    fake.now = 1000 * SECOND;
    expect(START + 1000);
}

/* Begun at any moment of a second, and the answer is never torn or old. */
static void test_around_the_update(void **state)
{
    (void)state;
    for (u64 us = 0; us<1000000; us += us> 995000 ? 1 : 997) {
        setup(NULL);
        fake.now = (u64)3 * 60 * SECOND + 3 * SECOND + us * 1000; /* the minute turns, too */
        u64 seconds, before = fake.now / SECOND;
        assert_true(cmos_time(&seconds));
        assert_true(seconds >= START + before && seconds <= START + fake.now / SECOND);
    }
}

static void test_formats(void **state)
{
    (void)state;
    set(0x0b, 0x80 | 0x04); /* binary, 12 hours */
    set(4, 0x80 | 12), set(2, 34), set(0, 56), set(7, 21), set(8, 11), set(9, 26);
    set(0x0b, 0x04);
    expect(START);
    set(4, 12); /* just after midnight */
    expect(START - 12 * 3600);
    set(9, 70), set(8, 1), set(7, 1), set(2, 0), set(0, 0);
    expect(0);
}

static void fails(unsigned most)
{
    u64 seconds;
    assert_false(cmos_time(&seconds));
    assert_in_range(accesses, 1, most);
}

static void test_no_clock(void **state)
{
    (void)state;
    kind = ABSENT;
    fails(100001);
}

static void test_update_that_never_ends(void **state)
{
    (void)state;
    kind = ALWAYS_UPDATING;
    fails(100001);
}

static void test_time_that_never_rests(void **state)
{
    (void)state;
    kind = RUNS_AWAY;
    fails(100000);
}

static void test_nonsense(void **state)
{
    static const u8 wrong[][2] = {
        {4, 0x24},
        {2, 0x60},
        {0, 0x60},
        {7, 0x00},
        {7, 0x32},
        {8, 0x00},
        {8, 0x13},
        {9, 0xa0}
    };
    (void)state;
    for (unsigned i = 0; i < array_size(wrong); i++) {
        setup(NULL);
        set(0x0b, 0x82);
        set(wrong[i][0], wrong[i][1]);
        fails(30);
    }
}

#define test(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_reads_the_time),
        test(test_around_the_update),
        test(test_formats),
        test(test_no_clock),
        test(test_update_that_never_ends),
        test(test_time_that_never_rests),
        test(test_nonsense),
    };
    return cmocka_run_group_tests_name("cmos", tests, NULL, NULL);
}

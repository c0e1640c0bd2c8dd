/* SPDX-License-Identifier: MIT */
/* drivers/emu/rtc, lib/calendar: against the MC146818A data sheet and the C library's calendar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "drivers/emu/rtc.h"
#include "lib/calendar.h"
#include "test/unit/fake_host.h"

#define SECOND 1000000000ull
#define US     1000ull
#define IRQ    8
#define START  951782399ull /* 2000-02-28 23:59:59 */

static struct fake_host fake;
static struct rtc rtc;

static int setup(void **state)
{
    (void)state;
    fake_init(&fake);
    rtc_init(&rtc, &fake.host, IRQ, START);
    return 0;
}

static u8 get(u8 index)
{
    dev_out(&rtc.dev, 0, index);
    return dev_in(&rtc.dev, 1);
}

static void set(u8 index, u8 value)
{
    dev_out(&rtc.dev, 0, index);
    dev_out(&rtc.dev, 1, value);
}

static void at(u64 ns)
{
    fake_run(&fake, &rtc.dev, ns);
}

static void expect_time(u8 hours, u8 minutes, u8 seconds)
{
    assert_int_equal(get(4), hours);
    assert_int_equal(get(2), minutes);
    assert_int_equal(get(0), seconds);
}

static void expect_date(u8 century, u8 year, u8 month, u8 day, u8 weekday)
{
    assert_int_equal(get(0x32), century);
    assert_int_equal(get(9), year);
    assert_int_equal(get(8), month);
    assert_int_equal(get(7), day);
    assert_int_equal(get(6), weekday);
}

static void test_calendar_agrees_with_libc(void **state)
{
    (void)state;
    for (s64 days = -700000; days < 2000000; days += 13) {
        time_t seconds = (time_t)days * 86400;
        struct tm tm;
        assert_non_null(gmtime_r(&seconds, &tm));
        struct date date = date_of_days(days);
        assert_int_equal(date.year, tm.tm_year + 1900);
        assert_int_equal(date.month, tm.tm_mon + 1);
        assert_int_equal(date.day, tm.tm_mday);
        assert_int_equal(weekday_of_days(days), tm.tm_wday);
        assert_int_equal(date_to_days(date), days);
    }
}

static void test_starts_with_the_wall_clock(void **state)
{
    (void)state;
    assert_int_equal(get(0x0a), 0x26);
    assert_int_equal(get(0x0b), 0x02);
    assert_int_equal(get(0x0d), 0x80);
    expect_time(0x23, 0x59, 0x59);
    expect_date(0x20, 0x00, 0x02, 0x28, 2);
    assert_int_equal(rtc.dev.deadline, DEV_NEVER);
    fake.now = 12345678901;
    rtc_init(&rtc, &fake.host, IRQ, START);
    expect_time(0x00, 0x00, 0x11);
}

static void test_midnight_and_leap_day(void **state)
{
    (void)state;
    at(SECOND - 1);
    expect_time(0x23, 0x59, 0x59);
    at(SECOND);
    expect_time(0, 0, 0);
    expect_date(0x20, 0x00, 0x02, 0x29, 3);
    at(SECOND + 86400 * SECOND);
    expect_date(0x20, 0x00, 0x03, 0x01, 4);
    at(SECOND + 86400ull * 365 * SECOND * 110); /* unread for a lifetime */
    expect_date(0x21, 0x10, 0x02, 0x02, 1);
}

static void test_binary_and_12_hours(void **state)
{
    (void)state;
    set(0x0b, 0x86); /* SET, binary, 24 h */
    set(4, 23), set(2, 59), set(0, 58), set(7, 31), set(8, 12), set(9, 99), set(0x32, 19);
    set(6, 7);
    set(0x0b, 0x06);
    at(2 * SECOND);
    expect_time(0, 0, 0);
    expect_date(20, 0, 1, 1, 1);
    set(0x0b, 0x80); /* 12 h, BCD */
    set(4, 0x11), set(2, 0x59), set(0, 0x59);
    set(0x0b, 0x00);
    at(3 * SECOND);
    expect_time(0x92, 0, 0); /* noon is 12 PM */
    at((3 + 3600) * SECOND);
    expect_time(0x81, 0, 0);
    at((3 + 12 * 3600) * SECOND);
    expect_time(0x12, 0, 0); /* midnight is 12 AM */
    set(0x0b, 0x84);
    set(4, 0x80 | 11), set(2, 59), set(0, 59);
    set(0x0b, 0x04);
    at((4 + 12 * 3600) * SECOND);
    expect_time(12, 0, 0);
}

static void test_set_holds_the_time(void **state)
{
    (void)state;
    set(0x0b, 0x92); /* SET clears UIE as it rises */
    assert_int_equal(get(0x0b), 0x82);
    at(100 * SECOND - 1000 * US);
    assert_int_equal(get(0x0a) & 0x80, 0);
    expect_time(0x23, 0x59, 0x59);
    assert_int_equal(get(0x0c) & 0x30, 0);
    set(0x0b, 0x02);
    assert_int_equal(get(0x0a) & 0x80, 0x80); /* the divider has gone on */
    expect_time(0x23, 0x59, 0x59);
    at(100 * SECOND);
    expect_time(0, 0, 0);
}

static void test_update_in_progress(void **state)
{
    (void)state;
    at(SECOND - 2228 * US - 1);
    assert_int_equal(get(0x0a), 0x26);
    at(SECOND - 2228 * US);
    assert_int_equal(get(0x0a), 0xa6);
    at(SECOND - 1);
    assert_int_equal(get(0x0a), 0xa6);
    at(SECOND);
    assert_int_equal(get(0x0a), 0x26);
}

static void test_divider(void **state)
{
    (void)state;
    at(SECOND / 4);
    set(0x0a, 0x76);
    at(50 * SECOND);
    expect_time(0x23, 0x59, 0x59);
    assert_int_equal(get(0x0a), 0x76);
    assert_int_equal(get(0x0c) & 0x30, 0);
    set(0x0a, 0x26);
    at(50 * SECOND + SECOND / 2 - 1);
    expect_time(0x23, 0x59, 0x59);
    at(50 * SECOND + SECOND / 2); /* half a second from the release */
    expect_time(0, 0, 0);
    at(51 * SECOND + SECOND / 2);
    expect_time(0, 0, 1);
    setup(NULL);
    set(0x0a, 0x66); /* released before the guest's first half second is over */
    set(0x0a, 0x26);
    set(0x0b, 0x12);
    assert_int_equal(rtc.dev.deadline, SECOND / 2);
}

static void test_update_interrupt(void **state)
{
    (void)state;
    set(5, 0x01); /* not the alarm, too */
    set(0x0b, 0x12);
    assert_int_equal(rtc.dev.deadline, SECOND);
    at(SECOND - 1);
    assert_false(fake.line[IRQ]);
    at(SECOND);
    assert_true(fake.line[IRQ]);
    assert_int_equal(rtc.dev.deadline, DEV_NEVER); /* until C is read */
    at(10 * SECOND);
    assert_true(fake.line[IRQ]);
    assert_int_equal(get(0x0c) & 0xb0, 0x90);
    assert_false(fake.line[IRQ]);
    assert_int_equal(get(0x0c), 0);
    assert_int_equal(rtc.dev.deadline, 11 * SECOND);
    at(11 * SECOND);
    assert_int_equal(fake.rises[IRQ], 2);
}

static void test_alarm(void **state)
{
    (void)state;
    set(1, 0x05), set(3, 0x02), set(5, 0x00);
    set(0x0b, 0x22);
    assert_int_equal(rtc.dev.deadline, (1 + 2 * 60 + 5) * SECOND);
    at(rtc.dev.deadline);
    assert_true(fake.line[IRQ]);
    expect_time(0x00, 0x02, 0x05);
    assert_int_equal(get(0x0c) & 0xa0, 0xa0);
    assert_int_equal(rtc.dev.deadline, (86400 + 126) * SECOND); /* a day on */
    set(5, 0xff);                                               /* any hour */
    assert_int_equal(rtc.dev.deadline, (3600 + 126) * SECOND);
    set(3, 0xc0); /* any minute */
    assert_int_equal(rtc.dev.deadline, (60 + 126) * SECOND);
    set(1, 0xd5); /* any second */
    assert_int_equal(rtc.dev.deadline, 127 * SECOND);
    set(1, 0x60); /* no second at all */
    assert_int_equal(rtc.dev.deadline, DEV_NEVER);
    at(90000 * SECOND);
    assert_int_equal(get(0x0c) & 0xa0, 0);
}

/* The flags tell, enabled or not. */
static void test_flags_without_interrupts(void **state)
{
    (void)state;
    set(1, 0x10), set(3, 0x00), set(5, 0x00);
    at(10 * SECOND);
    assert_int_equal(get(0x0c), 0x50);
    at(20 * SECOND);
    assert_int_equal(get(0x0c), 0x70);
    set(1, 0x30);
    at(40 * SECOND);
    set(0x0b, 0x22); /* the request was there before it was enabled */
    assert_true(fake.line[IRQ]);
    set(0x0b, 0x02);
    assert_false(fake.line[IRQ]);
}

static void test_alarm_in_12_hours(void **state)
{
    (void)state;
    set(0x0b, 0x80);
    set(4, 0x11), set(2, 0x59), set(0, 0x50);
    set(5, 0x92), set(3, 0x00), set(1, 0x00);
    set(0x0b, 0x20);
    assert_int_equal(rtc.dev.deadline, 10 * SECOND);
    set(5, 0x12); /* midnight, not noon */
    assert_int_equal(rtc.dev.deadline, (10 + 12 * 3600) * SECOND);
}

static void test_periodic_rates(void **state)
{
    static const unsigned hz[16] = {0,   256, 128, 8192, 4096, 2048, 1024, 512,
                                    256, 128, 64,  32,   16,   8,    4,    2};
    (void)state;
    for (u8 rate = 0; rate < 16; rate++) {
        setup(NULL);
        set(0x0a, 0x20 | rate);
        set(0x0b, 0x42);
        unsigned count = 0;
        while (rtc.dev.deadline <= SECOND) {
            at(rtc.dev.deadline);
            assert_int_equal(get(0x0c) & 0xc0, 0xc0);
            count++;
        }
        assert_int_equal(count, hz[rate]);
        assert_int_equal(fake.rises[IRQ], hz[rate]);
        if (rate)
            assert_int_equal(fake.now, SECOND); /* no drift */
    }
}

static void test_periodic_waits_for_c(void **state)
{
    (void)state;
    set(0x0b, 0x42);
    at(5 * SECOND);
    assert_int_equal(fake.rises[IRQ], 1);
    assert_int_equal(rtc.dev.deadline, DEV_NEVER);
    get(0x0c);
    assert_true(rtc.dev.deadline <= 5 * SECOND + 976563);
    set(0x0a, 0x2f); /* a slower rate starts from now, not with a tick */
    assert_false(fake.line[IRQ]);
    assert_int_equal(rtc.dev.deadline, 5 * SECOND + SECOND / 2);
}

static void test_memory_and_read_only(void **state)
{
    (void)state;
    for (u8 i = 0x0e; i < 0x80; i++)
        if (i != 0x32)
            set(i, (u8)(i * 7));
    set(0x0c, 0xff), set(0x0d, 0), set(0x0a, 0xa6);
    for (u8 i = 0x0e; i < 0x80; i++)
        if (i != 0x32)
            assert_int_equal(get(i | 0x80), (u8)(i * 7)); /* bit 7 is the NMI mask */
    assert_int_equal(get(0x0c), 0);
    assert_int_equal(get(0x0d), 0x80);
    assert_int_equal(get(0x0a), 0x26);
    assert_int_equal(dev_in(&rtc.dev, 0), 0xff);
}

static u16 word(u8 index)
{
    return (u16)(get(index) | get((u8)(index + 1)) << 8);
}

static void test_memory_size(void **state)
{
    (void)state;
    rtc_set_memory(&rtc, 3 * GiB, 5 * GiB);
    assert_int_equal(word(0x15), 640);
    assert_int_equal(word(0x17), 65535);
    assert_int_equal(word(0x30), 65535);
    assert_int_equal(word(0x34), (3 * GiB - 16 * MiB) / 65536);
    assert_int_equal(word(0x5b) | get(0x5d) << 16, 5 * GiB / 65536);
    u16 sum = 0;
    for (u8 i = 0x10; i <= 0x2d; i++)
        sum = (u16)(sum + get(i));
    assert_int_equal(get(0x2e) << 8 | get(0x2f), sum);
    rtc_set_memory(&rtc, 8 * MiB, 0);
    assert_int_equal(word(0x17), 7 * 1024);
    assert_int_equal(word(0x34), 0);
    rtc_set_memory(&rtc, 64 * KiB, 0);
    assert_int_equal(word(0x15), 64);
    assert_int_equal(word(0x30), 0);
}

/* No byte that a guest writes hangs or leaves a time that is none after the next update. */
static void test_garbage_becomes_a_time(void **state)
{
    (void)state;
    srand(146818);
    for (unsigned i = 0; i < 20000; i++) {
        setup(NULL);
        set(0x0b, 0x80 | (u8)(rand() & 6));
        for (u8 r = 0; r < 10; r++)
            set(r, (u8)rand());
        set(0x32, (u8)rand());
        set(0x0b, (u8)(get(0x0b) & 0x7f));
        at((1 + (u64)rand() % 1000000) * SECOND);
        u8 b = get(0x0b), h = get(4);
        unsigned hour = b & 4 ? h & 0x7f : (h >> 4 & 7) * 10u + (h & 15);
        assert_true(b & 2 ? hour < 24 : hour >= 1 && hour <= 12);
        unsigned s = get(0);
        assert_true((b & 4 ? s : (s >> 4) * 10 + (s & 15)) < 60);
    }
}

static void test_reset(void **state)
{
    (void)state;
    set(0x40, 0x55);
    set(0x0b, 0x7a);
    at(2 * SECOND);
    assert_true(fake.line[IRQ]);
    rtc.dev.ops->reset(&rtc.dev);
    assert_false(fake.line[IRQ]);
    assert_int_equal(rtc.dev.deadline, DEV_NEVER);
    assert_int_equal(get(0x0b), 0x02);
    assert_int_equal(get(0x40), 0x55);
    expect_time(0, 0, 1);
}

#define test(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_calendar_agrees_with_libc),
        test(test_starts_with_the_wall_clock),
        test(test_midnight_and_leap_day),
        test(test_binary_and_12_hours),
        test(test_set_holds_the_time),
        test(test_update_in_progress),
        test(test_divider),
        test(test_update_interrupt),
        test(test_alarm),
        test(test_flags_without_interrupts),
        test(test_alarm_in_12_hours),
        test(test_periodic_rates),
        test(test_periodic_waits_for_c),
        test(test_memory_and_read_only),
        test(test_memory_size),
        test(test_garbage_becomes_a_time),
        test(test_reset),
    };
    return cmocka_run_group_tests_name("rtc", tests, NULL, NULL);
}

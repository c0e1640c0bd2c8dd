/* SPDX-License-Identifier: MIT */
/* drivers/emu/pit, i8254: against the Intel 8254 data sheet (231164) and a model that ticks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "drivers/emu/pit.h"
#include "test/unit/fake_host.h"
#include "test/unit/i8254_model.h"

#define SECOND 1000000000ull
#define YEAR   (31556952ull * SECOND)

static struct fake_host fake;
static struct pit pit;

static int setup(void **state)
{
    (void)state;
    fake_init(&fake);
    pit_init(&pit, &fake.host, 0);
    return 0;
}

static void at_tick(u64 tick)
{
    fake_run(&fake, &pit.dev, pit_ns(tick));
}

static void program(unsigned counter, u8 mode, u16 count)
{
    dev_out(&pit.dev, 3, (u8)(counter << 6 | 0x30u | mode * 2u));
    dev_out(&pit.dev, counter, (u8)count);
    dev_out(&pit.dev, counter, (u8)(count >> 8));
}

static u16 read_count(unsigned counter)
{
    dev_out(&pit.dev, 3, (u8)(counter << 6));
    u8 low = dev_in(&pit.dev, counter);
    return (u16)(low | dev_in(&pit.dev, counter) << 8);
}

static u8 read_status(unsigned counter)
{
    dev_out(&pit.dev, 3, (u8)(0xe0 | 2u << counter));
    return dev_in(&pit.dev, counter);
}

static bool out(unsigned counter)
{
    return read_status(counter) & 0x80;
}

static void test_time_is_exact(void **state)
{
    (void)state;
    assert_int_equal(pit_ticks(SECOND), 1193182);
    assert_int_equal(pit_ticks(100 * YEAR), 1193182ull * 31556952 * 100);
    assert_int_equal(pit_ns(1), 839); /* 838.09… ns */
    for (u64 tick = 0; tick < 1193182ull * 3; tick += 977) {
        assert_int_equal(pit_ticks(pit_ns(tick)), tick);
        if (tick)
            assert_int_equal(pit_ticks(pit_ns(tick) - 1), tick - 1);
    }
}

static void test_mode_0_terminal_count(void **state)
{
    (void)state;
    at_tick(100);
    program(0, 0, 4);
    assert_false(fake.line[0]);
    at_tick(101);
    assert_int_equal(read_count(0), 4);
    at_tick(104);
    assert_false(out(0));
    assert_false(fake.line[0]);
    at_tick(105); /* N + 1 pulses after the write */
    assert_true(out(0));
    assert_true(fake.line[0]);
    at_tick(107);
    assert_int_equal(read_count(0), 0xfffe); /* goes on from the top */
    assert_int_equal(pit.dev.deadline, DEV_NEVER);
    dev_out(&pit.dev, 0, 9); /* the first byte lowers OUT and stops */
    assert_false(fake.line[0]);
    at_tick(10000);
    assert_false(out(0));
    dev_out(&pit.dev, 0, 0);
    at_tick(10010);
    assert_true(out(0));
    assert_int_equal(fake.rises[0], 2);
}

static void test_mode_0_gate(void **state)
{
    (void)state;
    dev_out(&pit.dev, 4, 1);
    program(2, 0, 10);
    at_tick(4);
    dev_out(&pit.dev, 4, 0);
    at_tick(1000);
    assert_int_equal(read_count(2), 7);
    dev_out(&pit.dev, 4, 1);
    at_tick(1006);
    assert_int_equal(dev_in(&pit.dev, 4) & 0x20, 0);
    at_tick(1007);
    assert_int_equal(dev_in(&pit.dev, 4) & 0x20, 0x20);
}

static void test_mode_1_one_shot(void **state)
{
    (void)state;
    program(2, 1, 5);
    assert_true(out(2));
    at_tick(10);
    dev_out(&pit.dev, 4, 1);
    assert_true(out(2));
    at_tick(11);
    assert_false(out(2));
    at_tick(15);
    assert_false(out(2));
    at_tick(16); /* N pulses long */
    assert_true(out(2));
    at_tick(20);
    dev_out(&pit.dev, 4, 0);
    dev_out(&pit.dev, 4, 1);
    at_tick(23);
    dev_out(&pit.dev, 4, 0);
    dev_out(&pit.dev, 4, 1); /* again, before the end */
    at_tick(28);
    assert_false(out(2));
    at_tick(29);
    assert_true(out(2));
}

static void test_mode_2_rate(void **state)
{
    (void)state;
    program(0, 2, 3);
    const char *expected = "10110110"; /* ticks 2 up: low for the last one of each 3 */
    for (unsigned i = 0; i < 8; i++) {
        at_tick(2 + i);
        assert_int_equal(out(0), expected[i] == '1');
    }
}

static void test_mode_2_new_count_waits_for_the_period(void **state)
{
    (void)state;
    program(0, 2, 1000);
    at_tick(101);
    assert_int_equal(read_count(0), 900);
    dev_out(&pit.dev, 0, 0xf4);
    dev_out(&pit.dev, 0, 0x01); /* 500 */
    assert_int_equal(read_status(0) & 0x40, 0x40);
    assert_int_equal(read_count(0), 900);
    at_tick(1000);
    assert_int_equal(fake.rises[0], 0);
    at_tick(1001);
    assert_int_equal(fake.rises[0], 1);
    assert_int_equal(read_status(0) & 0x40, 0);
    assert_int_equal(read_count(0), 500);
    at_tick(1501);
    assert_int_equal(fake.rises[0], 2);
}

static void test_mode_3_square(void **state)
{
    (void)state;
    program(2, 3, 5);
    dev_out(&pit.dev, 4, 1);
    /* Loaded at tick 1; odd: 4, 2, 0 with OUT high, then 4, 2 with OUT low. */
    const u16 counts[] = {4, 2, 0, 4, 2, 4, 2, 0, 4, 2};
    for (unsigned i = 0; i < 10; i++) {
        at_tick(1 + i);
        assert_int_equal(read_count(2), counts[i]);
        assert_int_equal(out(2), i % 5 < 3);
    }
    setup(NULL);
    program(2, 3, 4);
    dev_out(&pit.dev, 4, 1);
    for (unsigned i = 0; i < 8; i++) {
        at_tick(1 + i);
        assert_int_equal(read_count(2), i % 2 ? 2 : 4);
        assert_int_equal(out(2), i % 4 < 2);
    }
    dev_out(&pit.dev, 4, 0); /* the gate's fall raises OUT at once */
    assert_true(out(2));
}

static void test_modes_4_and_5_strobe(void **state)
{
    (void)state;
    program(2, 4, 3);
    dev_out(&pit.dev, 4, 1);
    for (u64 tick = 0; tick < 12; tick++) {
        at_tick(tick);
        assert_int_equal(out(2), tick != 4); /* N + 1 after the write */
    }
    program(2, 5, 3);
    at_tick(50);
    assert_true(out(2));
    dev_out(&pit.dev, 4, 0);
    dev_out(&pit.dev, 4, 1);
    for (u64 tick = 50; tick < 62; tick++) {
        at_tick(tick);
        assert_int_equal(out(2), tick != 54);
    }
}

static void test_count_0_and_bcd(void **state)
{
    (void)state;
    program(0, 2, 0);
    at_tick(65536);
    assert_int_equal(fake.rises[0], 0);
    at_tick(65537);
    assert_int_equal(fake.rises[0], 1);
    dev_out(&pit.dev, 3, 0x31); /* mode 0, BCD */
    dev_out(&pit.dev, 0, 0);
    dev_out(&pit.dev, 0, 0);
    at_tick(65538 + 1);
    assert_int_equal(read_count(0), 0x9999);
    at_tick(65538 + 9988);
    assert_int_equal(read_count(0), 0x0012);
    at_tick(65538 + 10001);
    assert_int_equal(read_count(0), 0x9999);
    dev_out(&pit.dev, 0, 0x34);
    dev_out(&pit.dev, 0, 0x12);
    assert_int_equal(read_count(0), 0x1234);
}

static void test_access_modes(void **state)
{
    (void)state;
    dev_out(&pit.dev, 3, 0x14); /* counter 0, low byte, mode 2 */
    dev_out(&pit.dev, 0, 200);
    at_tick(51);
    assert_int_equal(dev_in(&pit.dev, 0), 150);
    assert_int_equal(dev_in(&pit.dev, 0), 150);
    dev_out(&pit.dev, 3, 0x64); /* counter 1, high byte, mode 2 */
    dev_out(&pit.dev, 1, 2);
    at_tick(53);
    assert_int_equal(dev_in(&pit.dev, 1), 1); /* 511 */
    dev_out(&pit.dev, 3, 0xb4);
    dev_out(&pit.dev, 4, 1);
    dev_out(&pit.dev, 2, 0x34);
    dev_out(&pit.dev, 2, 0x12);
    at_tick(54);
    assert_int_equal(dev_in(&pit.dev, 2), 0x34);
    assert_int_equal(dev_in(&pit.dev, 2), 0x12);
    assert_int_equal(dev_in(&pit.dev, 3), 0xff);
}

static void test_latches(void **state)
{
    (void)state;
    program(0, 2, 1000);
    at_tick(11);
    dev_out(&pit.dev, 3, 0x00);
    at_tick(500);
    dev_out(&pit.dev, 3, 0x00); /* ignored: the first is not yet read */
    assert_int_equal(dev_in(&pit.dev, 0), 990 & 0xff);
    assert_int_equal(dev_in(&pit.dev, 0), 990 >> 8);
    assert_int_equal(dev_in(&pit.dev, 0), 501 & 0xff); /* live again: 1000 - 499 */
    assert_int_equal(dev_in(&pit.dev, 0), 501 >> 8);

    program(1, 3, 100);
    at_tick(501);
    dev_out(&pit.dev, 3, 0xc6); /* read-back: count and status of 0 and 1 */
    at_tick(600);
    assert_int_equal(dev_in(&pit.dev, 0), 0x80 | 0x34); /* status first: OUT, both bytes, mode 2 */
    assert_int_equal(dev_in(&pit.dev, 0), 500 & 0xff);
    assert_int_equal(dev_in(&pit.dev, 0), 500 >> 8);
    assert_int_equal(dev_in(&pit.dev, 1), 0x80 | 0x36);
    assert_int_equal(dev_in(&pit.dev, 1), 100);
    assert_int_equal(dev_in(&pit.dev, 1), 0);
}

static void test_null_count(void **state)
{
    (void)state;
    dev_out(&pit.dev, 3, 0x30);
    assert_int_equal(read_status(0), 0x40 | 0x30);
    dev_out(&pit.dev, 0, 5);
    dev_out(&pit.dev, 0, 0);
    assert_int_equal(read_status(0), 0x40 | 0x30);
    at_tick(1);
    assert_int_equal(read_status(0), 0x30);
    dev_out(&pit.dev, 3, 0x3e); /* mode 7 is 3, the status shows what was written */
    assert_int_equal(read_status(0), 0xc0 | 0x3e);
    assert_int_equal(pit.counter[0].mode, 3);
}

static void test_port_b(void **state)
{
    (void)state;
    assert_int_equal(dev_in(&pit.dev, 4) & ~0x30, 0);
    dev_out(&pit.dev, 4, 0xff);
    assert_int_equal(dev_in(&pit.dev, 4) & ~0x30, 0x0f);
    unsigned toggles = 0;
    u8 last = dev_in(&pit.dev, 4) & 0x10;
    for (u64 us = 0; us < 3000; us++) {
        fake.now = us * 1000;
        u8 now = dev_in(&pit.dev, 4) & 0x10;
        toggles += now != last;
        last = now;
    }
    assert_in_range(toggles, 195, 205); /* 15 µs each */
}

/* 1000 periods of an odd length, met on time: not a tick more or less, none off its place. */
static void test_no_drift(void **state)
{
    (void)state;
    program(0, 2, 11932);
    for (u64 i = 1; i <= 1000; i++) {
        at_tick(1 + i * 11932 - 1);
        assert_int_equal(fake.rises[0], i - 1);
        at_tick(1 + i * 11932);
        assert_int_equal(fake.rises[0], i);
    }
}

/* Late by ten periods: one tick at once, the other nine in the next nine periods' middles. */
static void test_late_ticks_come_spread_out(void **state)
{
    (void)state;
    program(0, 2, 1000);
    fake.now = pit_ns(10 * 1000 + 1);
    pit.dev.ops->expire(&pit.dev, fake.now);
    assert_int_equal(fake.rises[0], 1);
    u64 last = 10001;
    for (unsigned told = 2; pit_ticks(pit.dev.deadline) < 30000; told++) {
        u64 next = pit_ticks(pit.dev.deadline);
        assert_true(next - last >= 500);
        at_tick(next);
        assert_int_equal(fake.rises[0], told);
        last = next;
    }
    at_tick(30000);
    assert_int_equal(fake.rises[0], 29); /* all of them, in the end */
}

static void test_a_year_of_lateness_is_bounded(void **state)
{
    (void)state;
    program(0, 2, 2);
    fake.now = 100 * YEAR;
    pit.dev.ops->expire(&pit.dev, fake.now);
    assert_int_equal(fake.rises[0], 1);
    assert_true(pit.owed <= PIT_HZ);
    assert_true(pit.dev.deadline >= fake.now + 50000); /* no more than 20,000 interrupts a second */
    fake.now = pit_ns(pit_ticks(fake.now) + 1); /* OUT is high: no edge from the control word */
    program(0, 2, 0);                           /* a new control word: the old ticks are nobody's */
    assert_int_equal(pit.owed, 0);
    assert_int_equal(fake.rises[0], 1);
    program(0, 2, 1); /* not allowed: no edges, no hang */
    assert_int_equal(pit.dev.deadline, DEV_NEVER);
}

static void test_reset_is_quiet(void **state)
{
    (void)state;
    program(0, 0, 1);
    at_tick(10);
    assert_true(fake.line[0]);
    pit.dev.ops->reset(&pit.dev);
    assert_false(fake.line[0]);
    assert_int_equal(pit.dev.deadline, DEV_NEVER);
    program(0, 2, 100); /* OUT was high: no edge from the control word alone */
    assert_int_equal(fake.rises[0], 1);
}

static void compare(const struct i8254 *c, const struct model *m, u64 tick)
{
    bool window = m->load_next || m->trigger;
    if (!window || m->mode < 4)
        assert_int_equal(i8254_out(c, tick), m->out);
    if (window)
        return;
    assert_int_equal(c->rises, m->rises);
    struct i8254 copy = *c;
    copy.latched = copy.status_latched = false;
    i8254_latch(&copy, true, true, tick);
    assert_int_equal((copy.status & 0x40) != 0, m->null);
    if (m->running) {
        u32 value = m->ce % model_modulus(m);
        u32 bcd = value % 10 | value / 10 % 10 << 4 | value / 100 % 10 << 8 | value / 1000 << 12;
        assert_int_equal(copy.latch, m->bcd ? bcd : value);
    }
}

/* Random programs of every mode, each tick compared with the model's. */
static void test_agrees_with_a_model_that_ticks(void **state)
{
    (void)state;
    srand(8254);
    for (unsigned run = 0; run < 3000; run++) {
        struct i8254 c;
        struct model m = {.gate = true};
        i8254_reset(&c, true);
        u8 word = (u8)(0x10 | (rand() & 15)); /* low byte only: no count of 256 takes long */
        if (run % 7 == 0)
            word |= 0x30;
        i8254_control(&c, word, 0);
        model_control(&m, word);
        m.rises = c.rises = 0;
        for (u64 tick = 0; tick < 400; tick++) {
            if (tick)
                model_clk(&m);
            i8254_advance(&c, tick);
            compare(&c, &m, tick);
            unsigned dice = (unsigned)rand() % 40;
            if (dice < 2) { /* and mostly a gate edge in the same tick */
                bool level = rand() % 3;
                i8254_gate(&c, level, tick);
                model_gate(&m, level);
                u8 byte = (u8)(2 + rand() % (dice ? 8 : 60));
                i8254_write(&c, byte, tick);
                model_write(&m, byte);
            } else if (dice < 5) {
                bool level = rand() & 1;
                i8254_gate(&c, level, tick);
                model_gate(&m, level);
            }
            compare(&c, &m, tick);
        }
    }
}

#define test(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_time_is_exact),
        test(test_mode_0_terminal_count),
        test(test_mode_0_gate),
        test(test_mode_1_one_shot),
        test(test_mode_2_rate),
        test(test_mode_2_new_count_waits_for_the_period),
        test(test_mode_3_square),
        test(test_modes_4_and_5_strobe),
        test(test_count_0_and_bcd),
        test(test_access_modes),
        test(test_latches),
        test(test_null_count),
        test(test_port_b),
        test(test_no_drift),
        test(test_late_ticks_come_spread_out),
        test(test_a_year_of_lateness_is_bounded),
        test(test_reset_is_quiet),
        test(test_agrees_with_a_model_that_ticks),
    };
    return cmocka_run_group_tests_name("pit", tests, NULL, NULL);
}

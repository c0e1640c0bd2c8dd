/* SPDX-License-Identifier: MIT */
/* drivers/emu/i8042: against the IBM AT technical reference, and what Linux's probe asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "drivers/emu/i8042.h"
#include "test/unit/fake_host.h"

#define IRQ 1

static struct fake_host fake;
static struct i8042 kbc;

static int setup(void **state)
{
    (void)state;
    fake_init(&fake);
    i8042_init(&kbc, &fake.host, IRQ);
    return 0;
}

static u8 status(void)
{
    return dev_in(&kbc.dev, 4);
}

static void command(u8 value)
{
    dev_out(&kbc.dev, 4, value);
}

static void data(u8 value)
{
    dev_out(&kbc.dev, 0, value);
}

static u8 answer(void)
{
    assert_int_equal(status() & 0x21, 0x01); /* full, and not from a mouse */
    u8 byte = dev_in(&kbc.dev, 0);
    assert_int_equal(status() & 0x43, 0);
    return byte;
}

static u8 ask(u8 value)
{
    command(value);
    return answer();
}

static void test_idle(void **state)
{
    (void)state;
    assert_int_equal(status(), 0x14);
    command(0x00);
    assert_int_equal(status(), 0x1c); /* the last byte was a command */
    assert_int_equal(kbc.dev.deadline, DEV_NEVER);
}

static void test_tests(void **state)
{
    (void)state;
    command(0x60), data(0);
    assert_int_equal(status() & 0x04, 0);
    assert_int_equal(ask(0xaa), 0x55);
    assert_int_equal(status() & 0x04, 0x04);
    assert_int_equal(ask(0x20), 0x24);
    assert_int_equal(ask(0xab), 0x00);
    assert_int_equal(ask(0xa9), 0x01);
    assert_int_equal(ask(0xe0), 0x00);
}

static void test_configuration_and_memory(void **state)
{
    (void)state;
    assert_int_equal(ask(0x20), 0x64);
    command(0x60), data(0x47);
    assert_int_equal(ask(0x20), 0x65); /* no second port: its clock is off, without interrupt */
    command(0xad);
    assert_int_equal(ask(0x20), 0x75);
    command(0xae);
    assert_int_equal(ask(0x20), 0x65);
    command(0xa8); /* no second port to enable */
    assert_int_equal(ask(0x20), 0x65);
    for (u8 i = 1; i < 32; i++)
        command(0x60 + i), data(i * 5);
    for (u8 i = 1; i < 32; i++)
        assert_int_equal(ask(0x20 + i), i * 5);
    assert_int_equal(ask(0x20), 0x65);
}

static void test_no_keyboard(void **state)
{
    (void)state;
    data(0xff); /* reset */
    assert_int_equal(status(), 0x55);
    assert_int_equal(answer(), 0xfe);
    assert_false(fake.line[IRQ]);
    command(0x60), data(0x65);
    data(0xf2); /* identify */
    assert_true(fake.line[IRQ]);
    data(0xed);
    assert_int_equal(fake.rises[IRQ], 2);
    assert_int_equal(answer(), 0xfe);
    assert_false(fake.line[IRQ]);
    command(0xd4), data(0xff); /* nor a mouse */
    assert_int_equal(status() & 0x40, 0x40);
    assert_int_equal(answer(), 0xfe);
}

static void test_interrupt_follows_the_configuration(void **state)
{
    (void)state;
    command(0xab);
    assert_false(fake.line[IRQ]);
    command(0x60), data(0x65);
    assert_true(fake.line[IRQ]);
    command(0x60), data(0x64);
    assert_false(fake.line[IRQ]);
}

static void test_loops(void **state)
{
    (void)state;
    command(0xd2), data(0x5a);
    assert_int_equal(answer(), 0x5a);
    command(0xd3), data(0x5a); /* answered, but as the keyboard's: Linux takes it for no mouse */
    assert_int_equal(status() & 0x60, 0);
    assert_int_equal(answer(), 0x5a);
}

static void test_a20_and_output_port(void **state)
{
    (void)state;
    assert_int_equal(ask(0xd0), 0xcf);
    command(0xdd);
    assert_int_equal(ask(0xd0), 0xcd);
    command(0xdf);
    assert_int_equal(ask(0xd0), 0xcf);
    command(0xd1), data(0x01);
    assert_int_equal(ask(0xd0), 0x01);
    assert_int_equal(ask(0xc0), 0xb0);
    assert_int_equal(fake.stops, 0);
}

static void test_resets(void **state)
{
    (void)state;
    command(0xff); /* pulses nothing */
    command(0xf1);
    assert_int_equal(fake.stops, 0);
    command(0xfe);
    assert_int_equal(fake.stops, 1);
    assert_int_equal(fake.reason, DEV_STOP_RESET);
    setup(NULL);
    command(0xf0);
    assert_int_equal(fake.stops, 1);
    setup(NULL);
    command(0xd1), data(0xfe);
    assert_int_equal(fake.stops, 1);
    assert_int_equal(fake.reason, DEV_STOP_RESET);
}

/* A command takes back the one that waits for its byte. */
static void test_interrupted_command(void **state)
{
    (void)state;
    command(0xd1), command(0xab);
    data(0x00);
    assert_int_equal(fake.stops, 0);
    assert_int_equal(answer(), 0xfe);
}

static void test_reset(void **state)
{
    (void)state;
    command(0x60), data(0x01);
    data(0xff);
    assert_true(fake.line[IRQ]);
    kbc.dev.ops->reset(&kbc.dev);
    assert_false(fake.line[IRQ]);
    assert_int_equal(status(), 0x14);
    assert_int_equal(ask(0x20), 0x64);
}

#define test(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_idle),
        test(test_tests),
        test(test_configuration_and_memory),
        test(test_no_keyboard),
        test(test_interrupt_follows_the_configuration),
        test(test_loops),
        test(test_a20_and_output_port),
        test(test_resets),
        test(test_interrupted_command),
        test(test_reset),
    };
    return cmocka_run_group_tests_name("i8042", tests, NULL, NULL);
}

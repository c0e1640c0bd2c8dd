/* SPDX-License-Identifier: MIT */
/* drivers/emu/reset: against the PIIX3's and ICH's reset control register and PS/2's port A. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "drivers/emu/reset.h"
#include "test/unit/fake_host.h"

static struct fake_host fake;
static struct reset reset;

static int setup(void **state)
{
    (void)state;
    fake_init(&fake);
    reset_init(&reset, &fake.host);
    return 0;
}

static void set(u64 offset, u8 value, unsigned stops)
{
    dev_out(&reset.dev, offset, value);
    assert_int_equal(fake.stops, stops);
    if (stops)
        assert_int_equal(fake.reason, DEV_STOP_RESET);
}

static void test_full_reset(void **state)
{
    (void)state;
    assert_int_equal(dev_in(&reset.dev, 0), 0);
    set(0, 0x02, 0); /* what kind it will be */
    assert_int_equal(dev_in(&reset.dev, 0), 0x02);
    set(0, 0xf0, 0); /* no such bits */
    assert_int_equal(dev_in(&reset.dev, 0), 0);
    set(0, 0x06, 1);
    set(0, 0x06, 1); /* it is the rise that counts */
    set(0, 0x0a, 1);
    set(0, 0x0e, 2);
}

static void test_processor_reset(void **state)
{
    (void)state;
    set(0, 0x04, 1);
}

static void test_port_a(void **state)
{
    (void)state;
    assert_int_equal(dev_in(&reset.dev, 1), 0x02); /* A20 is open */
    set(1, 0x00, 0);
    set(1, 0xfe, 0);
    assert_int_equal(dev_in(&reset.dev, 1), 0xfe);
    assert_int_equal(dev_in(&reset.dev, 0), 0);
    set(1, 0x03, 1);
    reset.dev.ops->reset(&reset.dev);
    assert_int_equal(dev_in(&reset.dev, 1), 0x02);
    set(1, 0x01, 2);
}

#define test(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_full_reset),
        test(test_processor_reset),
        test(test_port_a),
    };
    return cmocka_run_group_tests_name("reset", tests, NULL, NULL);
}

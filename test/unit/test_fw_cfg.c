/* SPDX-License-Identifier: MIT */
/* drivers/emu/fw_cfg: against QEMU's docs/specs/fw_cfg. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/emu/fw_cfg.h"
#include "test/unit/fake_host.h"

static struct fake_host fake;
static struct fw_cfg fw;

static int setup(void **state)
{
    (void)state;
    fake_init(&fake);
    fw_cfg_init(&fw, &fake.host, 0x123456789abc, 3, 260);
    return 0;
}

static void choose(u16 key)
{
    fw.dev.ops->write(&fw.dev, 0, 2, key);
}

static void expect(const void *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(dev_in(&fw.dev, 1), ((const u8 *)bytes)[i]);
}

#define expect_bytes(...) expect((const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__}))

static void test_items(void **state)
{
    (void)state;
    expect("QEMU\0\0", 6); /* the key at power-on; zeros behind the end */
    choose(0x01);
    expect_bytes(1, 0, 0, 0, 0);
    choose(0x03);
    expect_bytes(0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12, 0, 0, 0);
    choose(0x05);
    expect_bytes(3, 0, 0);
    choose(0x0f);
    expect_bytes(4, 1, 0);
    choose(0x4000); /* to write: the bit is ignored */
    expect("QEMU", 4);
    choose(0x8000); /* another architecture's */
    expect_bytes(0, 0);
    choose(0x02);
    expect_bytes(0, 0);
}

static void test_selecting_begins_anew(void **state)
{
    (void)state;
    choose(0);
    expect("QE", 2);
    choose(0);
    expect("QEM", 3);
    dev_out(&fw.dev, 0, 1); /* half a selector */
    dev_out(&fw.dev, 1, 1); /* data cannot be written */
    expect("U", 1);
    assert_int_equal(fw.dev.ops->read(&fw.dev, 0, 2), 0xffff);
    assert_int_equal(fw.dev.ops->read(&fw.dev, 0, 1), 0xff);
    fw.dev.ops->reset(&fw.dev);
    expect("QEMU", 4);
}

static void test_directory_and_files(void **state)
{
    (void)state;
    choose(0x19);
    expect_bytes(0, 0, 0, 0, 0);
    choose(0x20);
    expect_bytes(0, 0);
    assert_true(fw_cfg_add(&fw, "etc/e820", "abcdef", 6));
    assert_true(fw_cfg_add(&fw, "opt/x", "12", 2));
    choose(0x19);
    expect_bytes(0, 0, 0, 2, 0, 0, 0, 6, 0, 0x20, 0, 0);
    char name[56] = "etc/e820";
    expect(name, sizeof name);
    expect_bytes(0, 0, 0, 2, 0, 0x21, 0, 0);
    memset(name, 0, sizeof name);
    memcpy(name, "opt/x", 5);
    expect(name, sizeof name);
    expect_bytes(0, 0, 0, 0);
    choose(0x20);
    expect("abcdef\0\0", 8);
    choose(0x21);
    expect("12\0", 3);
    choose(0x22);
    expect_bytes(0);
}

static void test_limits(void **state)
{
    char name[64];
    (void)state;
    memset(name, 'x', sizeof name);
    name[56] = 0;
    assert_false(fw_cfg_add(&fw, name, "", 0));
    name[55] = 0;
    for (unsigned i = 0; i < FW_CFG_FILES_MAX; i++)
        assert_true(fw_cfg_add(&fw, name, "y", 1));
    assert_false(fw_cfg_add(&fw, "z", "y", 1));
    choose(0x20 + FW_CFG_FILES_MAX - 1);
    expect("y", 1);
    choose(0x19);
    expect_bytes(0, 0, 0, FW_CFG_FILES_MAX);
}

#define test(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_items),
        test(test_selecting_begins_anew),
        test(test_directory_and_files),
        test(test_limits),
    };
    return cmocka_run_group_tests_name("fw_cfg", tests, NULL, NULL);
}

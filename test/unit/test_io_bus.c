/* SPDX-License-Identifier: MIT */
/* core/io_bus: dispatch, refusals, accesses that no single device answers; drivers/emu/debug_exit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "core/io_bus.h"
#include "drivers/emu/debug_exit.h"
#include "test/unit/fake_host.h"

/* 64 bytes of registers that count what comes. */
struct memory {
    struct device dev;
    u8 bytes[64];
    unsigned reads, writes, widest;
};

static u64 memory_read(struct device *dev, u64 offset, unsigned bytes)
{
    struct memory *m = container_of(dev, struct memory, dev);
    u64 value = 0;
    assert_true(offset + bytes <= sizeof m->bytes);
    assert_true(dev->ops->widths >> bytes & 1);
    assert_int_equal(offset % bytes, 0);
    memcpy(&value, m->bytes + offset, bytes);
    m->reads++;
    m->widest = bytes > m->widest ? bytes : m->widest;
    return value;
}

static void memory_write(struct device *dev, u64 offset, unsigned bytes, u64 value)
{
    struct memory *m = container_of(dev, struct memory, dev);
    assert_true(offset + bytes <= sizeof m->bytes);
    assert_true(dev->ops->widths >> bytes & 1);
    assert_int_equal(offset % bytes, 0);
    assert_true(bytes == 8 || !(value >> (8 * bytes)));
    memcpy(m->bytes + offset, &value, bytes);
    m->writes++;
}

static const struct device_ops bytes_only = {
    .widths = DEV_WIDTH(1), .read = memory_read, .write = memory_write};
static const struct device_ops any_width = {.widths = DEV_WIDTH(1) | DEV_WIDTH(2) | DEV_WIDTH(4) |
                                                      DEV_WIDTH(8),
                                            .read = memory_read,
                                            .write = memory_write};
static const struct device_ops dwords_only = {
    .widths = DEV_WIDTH(4), .read = memory_read, .write = memory_write};

static struct io_bus bus;
static struct memory a, b;

static void memory_init(struct memory *m, const struct device_ops *ops, const char *name, u8 first)
{
    *m = (struct memory){
        .dev = {ops, NULL, name, DEV_NEVER}
    };
    for (unsigned i = 0; i < sizeof m->bytes; i++)
        m->bytes[i] = (u8)(first + i);
}

static int setup(void **state)
{
    (void)state;
    io_bus_init_ports(&bus);
    memory_init(&a, &bytes_only, "a", 0x10);
    memory_init(&b, &any_width, "b", 0x80);
    return 0;
}

static void add(u64 base, u64 length, struct memory *m, u64 offset)
{
    assert_null(io_bus_add(&bus, base, length, &m->dev, offset));
}

static void test_empty_bus(void **state)
{
    (void)state;
    assert_int_equal(io_bus_read(&bus, 0, 1), 0xff);
    assert_int_equal(io_bus_read(&bus, 0, 2), 0xffff);
    assert_int_equal(io_bus_read(&bus, 0x123, 4), 0xffffffff);
    io_bus_write(&bus, 0x123, 4, 1);
    assert_int_equal(bus.unclaimed_reads, 3);
    assert_int_equal(bus.unclaimed_writes, 1);
    assert_int_equal(bus.unclaimed_at, 0x123);
    assert_null(io_bus_find(&bus, 0));
    io_bus_init_mmio(&bus);
    assert_int_equal(io_bus_read(&bus, 0xfee00000, 8), ~0ull);
    assert_int_equal(io_bus_read(&bus, ~0ull - 2, 8), ~0ull);
}

static void test_dispatch(void **state)
{
    (void)state;
    add(0x20, 2, &a, 0);
    add(0xa0, 2, &a, 2);
    add(0x4d0, 2, &a, 4);
    add(0x40, 4, &b, 8);
    add(0x61, 1, &b, 12);
    const struct {
        u64 port;
        u8 value;
    } expected[] = {
        {0x1f,   0xff},
        {0x20,   0x10},
        {0x21,   0x11},
        {0x22,   0xff},
        {0x3f,   0xff},
        {0x40,   0x88},
        {0x43,   0x8b},
        {0x44,   0xff},
        {0x60,   0xff},
        {0x61,   0x8c},
        {0x62,   0xff},
        {0xa0,   0x12},
        {0xa1,   0x13},
        {0xa2,   0xff},
        {0x4d0,  0x14},
        {0x4d1,  0x15},
        {0x4d2,  0xff},
        {0xffff, 0xff},
    };
    for (unsigned i = 0; i < array_size(expected); i++) {
        assert_int_equal(io_bus_read(&bus, expected[i].port, 1), expected[i].value);
        assert_int_equal(io_bus_read(&bus, expected[i].port, 1), expected[i].value);
    }
    io_bus_write(&bus, 0xa1, 1, 0x77);
    assert_int_equal(a.bytes[3], 0x77);
    assert_ptr_equal(io_bus_find(&bus, 0x42)->dev, &b.dev);
}

static void refused(u64 base, u64 length, const char *word)
{
    unsigned before = bus.count;
    const char *why = io_bus_add(&bus, base, length, &b.dev, 0);
    assert_non_null(why);
    assert_non_null(strstr(why, word));
    assert_int_equal(bus.count, before);
}

static void test_refusals(void **state)
{
    (void)state;
    add(0x100, 0x10, &a, 0);
    refused(0x100, 0x10, "overlaps");
    refused(0xf8, 9, "b: port range 0xf8-0x100 overlaps 0x100-0x10f of a");
    refused(0x10f, 1, "overlaps");
    refused(0x104, 2, "overlaps");
    refused(0, 0x10000, "overlaps");
    refused(0x200, 0, "empty");
    refused(0xffff, 2, "beyond");
    refused(0x10000, 1, "beyond");
    refused(8, ~0ull, "beyond");
    add(0x110, 1, &b, 0);
    add(0xff, 1, &b, 0);
    add(0xffff, 1, &b, 0);
    for (unsigned i = bus.count; i < IO_RANGES_MAX; i++)
        add(0x1000 + i, 1, &b, 0);
    refused(0x2000, 1, "no room");
    io_bus_init_mmio(&bus);
    add(0, 1, &a, 0);
    add(~0ull, 1, &a, 1);
    refused(1, ~0ull, "overlaps");
    assert_int_equal(io_bus_read(&bus, ~0ull, 1), 0x11);
    assert_int_equal(io_bus_read(&bus, ~0ull, 2), 0xff11); /* no wrap to address 0 */
}

static void test_wide_access_to_narrow_device(void **state)
{
    (void)state;
    add(0x20, 4, &a, 0);
    assert_int_equal(io_bus_read(&bus, 0x20, 4), 0x13121110);
    assert_int_equal(a.reads, 4);
    assert_int_equal(io_bus_read(&bus, 0x21, 2), 0x1211);
    io_bus_write(&bus, 0x21, 2, 0xbbaa);
    assert_int_equal(a.bytes[1], 0xaa);
    assert_int_equal(a.bytes[2], 0xbb);
    assert_int_equal(bus.unclaimed_reads + bus.unclaimed_writes, 0);
}

static void test_native_widths(void **state)
{
    (void)state;
    add(0x40, 16, &b, 0);
    assert_int_equal(io_bus_read(&bus, 0x40, 8), 0x8786858483828180);
    assert_int_equal(b.reads, 1);
    assert_int_equal(io_bus_read(&bus, 0x42, 4), 0x85848382); /* unaligned: two words */
    assert_int_equal(b.reads, 3);
    assert_int_equal(io_bus_read(&bus, 0x43, 4), 0x86858483); /* byte, word, byte */
    assert_int_equal(b.reads, 6);
    assert_int_equal(io_bus_read(&bus, 0x40, 3), 0x828180);
    io_bus_write(&bus, 0x43, 4, 0x44332211);
    assert_memory_equal(b.bytes + 3, "\x11\x22\x33\x44", 4);
    assert_int_equal(b.writes, 3);
}

static void test_straddling(void **state)
{
    (void)state;
    add(0x3fe, 2, &a, 0);
    add(0x400, 1, &b, 0);
    assert_int_equal(io_bus_read(&bus, 0x3fe, 4), 0xff801110);
    assert_int_equal(bus.unclaimed_reads, 1);
    assert_int_equal(io_bus_read(&bus, 0x3fd, 4), 0x801110ff);
    io_bus_write(&bus, 0x3ff, 4, 0xddccbbaa);
    assert_int_equal(a.bytes[1], 0xaa);
    assert_int_equal(b.bytes[0], 0xbb);
    assert_int_equal(b.bytes[1], 0x81);
    assert_int_equal(bus.unclaimed_writes, 1);
    io_bus_init_ports(&bus);
    add(0xffff, 1, &a, 5);
    assert_int_equal(io_bus_read(&bus, 0xffff, 4), 0xffffff15);
}

static void test_narrow_access_to_wide_device(void **state)
{
    (void)state;
    memory_init(&a, &dwords_only, "a", 0);
    add(0x100, 8, &a, 0);
    assert_int_equal(io_bus_read(&bus, 0x101, 1), 0x01);
    assert_int_equal(io_bus_read(&bus, 0x102, 2), 0x0302);
    assert_int_equal(a.reads, 2);
    assert_int_equal(io_bus_read(&bus, 0x102, 4), 0x05040302); /* each register once */
    assert_int_equal(a.reads, 4);
    assert_int_equal(io_bus_read(&bus, 0x100, 8), 0x0706050403020100);
    io_bus_write(&bus, 0x101, 1, 0x99);
    assert_int_equal(a.writes, 0);
    assert_int_equal(bus.misfits, 1);
    assert_int_equal(bus.unclaimed_reads + bus.unclaimed_writes, 0);
}

static void test_remove(void **state)
{
    (void)state;
    add(0x20, 1, &a, 0);
    add(0x21, 1, &b, 0);
    add(0x22, 1, &a, 0);
    assert_int_equal(io_bus_read(&bus, 0x22, 1), 0x10);
    assert_true(io_bus_remove(&bus, &a.dev));
    assert_false(io_bus_remove(&bus, &a.dev));
    assert_int_equal(io_bus_read(&bus, 0x22, 1), 0xff);
    assert_int_equal(io_bus_read(&bus, 0x21, 1), 0x80);
    add(0x20, 1, &b, 1);
    assert_int_equal(io_bus_read(&bus, 0x20, 2), 0x8081);
}

static void test_debug_exit(void **state)
{
    (void)state;
    struct fake_host fake;
    struct debug_exit exit;
    fake_init(&fake);
    debug_exit_init(&exit, &fake.host);
    assert_null(io_bus_add(&bus, 0xf4, DEBUG_EXIT_PORTS, &exit.dev, 0));
    assert_int_equal(io_bus_read(&bus, 0xf4, 4), 0);
    assert_int_equal(fake.stops, 0);
    io_bus_write(&bus, 0xf4, 1, 0x2a);
    assert_int_equal(fake.stops, 1);
    assert_int_equal(fake.reason, DEV_STOP_EXIT);
    assert_int_equal(fake.status, 0x2a);
    io_bus_write(&bus, 0xf4, 2, 0x1234);
    assert_int_equal(fake.status, 0x1234);
    io_bus_write(&bus, 0xf4, 4, 0x80000001);
    assert_int_equal(fake.status, 0x80000001);
    assert_int_equal(fake.stops, 3);
}

#define test(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_empty_bus),
        test(test_dispatch),
        test(test_refusals),
        test(test_wide_access_to_narrow_device),
        test(test_native_widths),
        test(test_straddling),
        test(test_narrow_access_to_wide_device),
        test(test_remove),
        test(test_debug_exit),
    };
    return cmocka_run_group_tests_name("io_bus", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* drivers/emu/pci: against the PCI Local Bus Specification 3.0 and PCI Express's ECAM; on a bus,
 * where its ports are shared with the reset register. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/io_bus.h"
#include "drivers/emu/pci.h"
#include "drivers/emu/reset.h"
#include "test/unit/fake_host.h"

#define ECAM 0xe0000000ull

static struct fake_host fake;
static struct pci pci;
static struct reset reset;
static struct io_bus ports, memory;

static int setup(void **state)
{
    (void)state;
    fake_init(&fake);
    reset_init(&reset, &fake.host);
    pci_init(&pci, &fake.host, &reset.dev);
    io_bus_init_ports(&ports);
    io_bus_init_mmio(&memory);
    assert_null(io_bus_add(&ports, 0xcf8, 4, &pci.dev, PCI_ADDRESS));
    assert_null(io_bus_add(&ports, 0xcfc, 4, &pci.dev, PCI_DATA));
    assert_null(io_bus_add(&memory, ECAM, PCI_ECAM_BUS, &pci.dev, PCI_ECAM));
    return 0;
}

static u64 in(u16 port, unsigned bytes)
{
    return io_bus_read(&ports, port, bytes);
}

static void out(u16 port, unsigned bytes, u64 value)
{
    io_bus_write(&ports, port, bytes, value);
}

static void choose(u32 bdf, u32 reg)
{
    out(0xcf8, 4, 0x80000000u | bdf << 8 | reg);
}

static void test_address_register(void **state)
{
    (void)state;
    assert_int_equal(in(0xcf8, 4), 0);
    out(0xcf8, 4, 0xffffffff);
    assert_int_equal(in(0xcf8, 4), 0x80fffffc);
    out(0xcfb, 1, 0x01); /* how Linux sees that mechanism 2 is not there */
    out(0xcf8, 2, 0);
    assert_int_equal(in(0xcf8, 4), 0x80fffffc);
    assert_int_equal(in(0xcf8, 1), 0xff);
    assert_int_equal(in(0xcf8, 2), 0xffff);
}

static void test_bridge(void **state)
{
    (void)state;
    choose(0, 0);
    assert_int_equal(in(0xcfc, 4), 0x00081b36);
    assert_int_equal(in(0xcfc, 2), 0x1b36);
    assert_int_equal(in(0xcfe, 2), 0x0008);
    assert_int_equal(in(0xcff, 1), 0x00);
    assert_int_equal(in(0xcfd, 1), 0x1b);
    choose(0, 8);
    assert_int_equal(in(0xcfc, 4), 0x06000000);
    assert_int_equal(in(0xcff, 1), 0x06);
    choose(0, 0x2c);
    assert_int_equal(in(0xcfc, 4), 0x11001af4);
    choose(0, 0x0c);
    assert_int_equal(in(0xcfe, 1), 0); /* one function, an ordinary header */
    for (u32 bar = 0x10; bar < 0x28; bar += 4) {
        choose(0, bar);
        out(0xcfc, 4, 0xffffffff);
        assert_int_equal(in(0xcfc, 4), 0);
    }
    choose(0, 0x34);
    assert_int_equal(in(0xcfc, 4), 0); /* no capabilities */
}

static void test_nothing_else(void **state)
{
    (void)state;
    for (u32 bdf = 1; bdf < 0x10000; bdf += bdf < 256 ? 1 : 17) {
        choose(bdf, 0);
        assert_int_equal(in(0xcfc, 4), 0xffffffff);
        out(0xcfc, 4, 0);
    }
    out(0xcf8, 4, 0); /* not enabled */
    assert_int_equal(in(0xcfc, 4), 0xffffffff);
    assert_int_equal(in(0xcfc, 2), 0xffff);
    assert_int_equal(in(0xcff, 1), 0xff);
}

static void test_writes(void **state)
{
    (void)state;
    choose(0, 4);
    out(0xcfc, 4, 0xffffffff);
    assert_int_equal(in(0xcfc, 4), 0x00000547); /* the status has nothing to clear or set */
    out(0xcfd, 1, 0);
    assert_int_equal(in(0xcfc, 4), 0x00000047);
    out(0xcfc, 2, 0x0400);
    assert_int_equal(in(0xcfc, 4), 0x00000400);
    choose(0, 0);
    out(0xcfc, 4, 0);
    assert_int_equal(in(0xcfc, 4), 0x00081b36);
    choose(0, 8);
    out(0xcfc, 4, 0);
    assert_int_equal(in(0xcfc, 4), 0x06000000);
    choose(0, 0x0c);
    out(0xcfc, 4, 0xffffffff);
    assert_int_equal(in(0xcfc, 4), 0x000000ff);
    choose(0, 0x3c);
    out(0xcfc, 4, 0xffffffff);
    assert_int_equal(in(0xcfc, 4), 0x000000ff); /* line, but no pin */
    pci.dev.ops->reset(&pci.dev);
    assert_int_equal(in(0xcf8, 4), 0);
    choose(0, 4);
    assert_int_equal(in(0xcfc, 4), 0);
}

static void test_ecam(void **state)
{
    (void)state;
    assert_int_equal(io_bus_read(&memory, ECAM, 4), 0x00081b36);
    assert_int_equal(io_bus_read(&memory, ECAM + 2, 2), 0x0008);
    assert_int_equal(io_bus_read(&memory, ECAM + 0x0b, 1), 0x06);
    io_bus_write(&memory, ECAM + 4, 2, 0x0006);
    choose(0, 4);
    assert_int_equal(in(0xcfc, 2), 0x0006);                              /* the same function */
    assert_int_equal(io_bus_read(&memory, ECAM + 0x100, 4), 0xffffffff); /* no extended part */
    io_bus_write(&memory, ECAM + 0x100, 4, 0);
    for (u64 at = 0x1000; at < PCI_ECAM_BUS; at += 0x1000) {
        assert_int_equal(io_bus_read(&memory, ECAM + at, 4), 0xffffffff);
        io_bus_write(&memory, ECAM + at, 4, 0);
    }
    assert_int_equal(io_bus_read(&memory, ECAM, 8), 0x0000000600081b36ull); /* two by two */
}

static void test_reset_port_in_the_window(void **state)
{
    (void)state;
    choose(0, 0x3c);
    out(0xcf8, 4, 0x80000600); /* byte 1 would be a reset */
    assert_int_equal(fake.stops, 0);
    out(0xcf9, 1, 0x02);
    assert_int_equal(in(0xcf9, 1), 0x02);
    assert_int_equal(in(0xcf8, 4), 0x80000600);
    out(0xcf8, 1, 0x06);
    out(0xcfa, 1, 0x06);
    assert_int_equal(fake.stops, 0);
    out(0xcf9, 1, 0x06);
    assert_int_equal(fake.stops, 1);
    assert_int_equal(fake.reason, DEV_STOP_RESET);
}

#define test(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_address_register), test(test_bridge), test(test_nothing_else),
        test(test_writes),           test(test_ecam),   test(test_reset_port_in_the_window),
    };
    return cmocka_run_group_tests_name("pci", tests, NULL, NULL);
}

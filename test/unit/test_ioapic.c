/* SPDX-License-Identifier: MIT */
/* drivers/emu/ioapic: against the 82093AA data sheet (290566). */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/emu/ioapic.h"
#include "test/unit/draw.h"
#include "test/unit/fake_host.h"

#define LEVEL      0x8000u
#define REMOTE_IRR 0x4000u
#define MASKED     0x10000u

static struct fake_host fake;
static struct ioapic ioapic;
static struct lapic_message last;
static unsigned sent;
static bool taken;

static bool send(void *ctx, const struct lapic_message *m)
{
    (void)ctx;
    last = *m;
    sent++;
    return taken;
}

static int setup(void **state)
{
    (void)state;
    fake_init(&fake);
    ioapic_init(&ioapic, &fake.host, send, NULL);
    sent = 0;
    taken = true;
    return 0;
}

static u32 in(u64 offset)
{
    return (u32)ioapic.dev.ops->read(&ioapic.dev, offset, 4);
}

static void out(u64 offset, u32 value)
{
    ioapic.dev.ops->write(&ioapic.dev, offset, 4, value);
}

static u32 get(u32 index)
{
    out(IOAPIC_SELECT, index);
    return in(IOAPIC_WINDOW);
}

static void set(u32 index, u32 value)
{
    out(IOAPIC_SELECT, index);
    out(IOAPIC_WINDOW, value);
}

static u32 entry(unsigned pin)
{
    return get(0x10 + 2 * pin);
}

static void route(unsigned pin, u32 low, u8 dest)
{
    set(0x11 + 2 * pin, (u32)dest << 24);
    set(0x10 + 2 * pin, low);
}

static void test_identity(void **state)
{
    (void)state;
    assert_int_equal(get(0), 0);
    assert_int_equal(get(1), 0x00170020);
    set(0, 0xffffffff); /* 3.2.1: four bits */
    assert_int_equal(get(0), 0x0f000000);
    assert_int_equal(get(2), 0x0f000000); /* 3.2.3: loaded with the id */
    set(1, 0xffffffff);
    set(2, 0);
    assert_int_equal(get(1), 0x00170020);
    assert_int_equal(get(2), 0x0f000000);
    assert_int_equal(in(IOAPIC_SELECT), 2);
}

/* 3.2.4: masked at reset; delivery status and remote IRR are read-only. */
static void test_entries(void **state)
{
    (void)state;
    for (unsigned pin = 0; pin < 24; pin++) {
        assert_int_equal(entry(pin), MASKED);
        assert_int_equal(get(0x11 + 2 * pin), 0);
        set(0x11 + 2 * pin, 0xffffffff);
        set(0x10 + 2 * pin, 0xffffffff);
        assert_int_equal(entry(pin), 0x1afff);
        assert_int_equal(get(0x11 + 2 * pin), 0xff000000);
        set(0x10 + 2 * pin, MASKED | pin);
        assert_int_equal(get(0x11 + 2 * pin), 0xff000000);
    }
    for (unsigned pin = 0; pin < 24; pin++)
        assert_int_equal(entry(pin), MASKED | pin);
    ioapic.dev.ops->reset(&ioapic.dev);
    assert_int_equal(entry(5), MASKED);
}

static void test_reserved_registers(void **state)
{
    (void)state;
    for (u32 index = 0; index < 256; index++) {
        if (index < 3 || (index >= 0x10 && index < 0x40))
            continue;
        set(index, 0xffffffff);
        assert_int_equal(get(index), 0);
    }
    out(0x20, 1);
    assert_int_equal(in(0x20), 0);
    assert_int_equal(in(IOAPIC_EOI), 0);
    for (unsigned pin = 0; pin < 24; pin++)
        assert_int_equal(entry(pin), MASKED);
}

static void test_edges(void **state)
{
    (void)state;
    for (unsigned pin = 0; pin < 24; pin++) {
        route(pin, 0x30 + pin, (u8)pin);
        sent = 0;
        ioapic_line(&ioapic, pin, true);
        ioapic_line(&ioapic, pin, true);
        assert_int_equal(sent, 1);
        assert_int_equal(last.vector, 0x30 + pin);
        assert_int_equal(last.dest, pin);
        assert_int_equal(last.mode, APIC_FIXED);
        assert_false(last.logical || last.level || last.shorthand);
        assert_int_equal(entry(pin), 0x30 + pin);
        ioapic_line(&ioapic, pin, false);
        assert_int_equal(sent, 1);
        ioapic_line(&ioapic, pin, true);
        assert_int_equal(sent, 2);
    }
    ioapic_line(&ioapic, 24, true);
    ioapic_line(&ioapic, 40, true);
    assert_int_equal(sent, 2);
}

/* "Edge-sensitive interrupts signaled on a masked interrupt pin are ignored (not held pending)". */
static void test_a_masked_edge_is_lost(void **state)
{
    (void)state;
    route(4, MASKED | 0x34, 0);
    ioapic_line(&ioapic, 4, true);
    route(4, 0x34, 0);
    assert_int_equal(sent, 0);
    ioapic_line(&ioapic, 4, false);
    ioapic_line(&ioapic, 4, true);
    assert_int_equal(sent, 1);
}

static void test_levels(void **state)
{
    (void)state;
    route(9, LEVEL | 0x39, 1);
    ioapic_line(&ioapic, 9, true);
    assert_int_equal(sent, 1);
    assert_true(last.level);
    assert_int_equal(entry(9), LEVEL | REMOTE_IRR | 0x39);
    ioapic_line(&ioapic, 9, false);
    ioapic_line(&ioapic, 9, true);
    assert_int_equal(sent, 1); /* not before the EOI */
    ioapic_eoi(&ioapic, 0x38);
    assert_int_equal(sent, 1); /* another's */
    ioapic_eoi(&ioapic, 0x39);
    assert_int_equal(sent, 2); /* it stands still */
    ioapic_line(&ioapic, 9, false);
    ioapic_eoi(&ioapic, 0x39);
    assert_int_equal(sent, 2);
    assert_int_equal(entry(9), LEVEL | 0x39);
    ioapic_line(&ioapic, 9, true);
    assert_int_equal(sent, 3);
}

/* A level under the mask has no effect, and is there when the mask goes. */
static void test_a_masked_level_waits(void **state)
{
    (void)state;
    route(9, MASKED | LEVEL | 0x39, 1);
    ioapic_line(&ioapic, 9, true);
    assert_int_equal(sent, 0);
    route(9, LEVEL | 0x39, 1);
    assert_int_equal(sent, 1);
    route(9, MASKED | LEVEL | 0x39, 1);
    ioapic_eoi(&ioapic, 0x39);
    assert_int_equal(sent, 1);
    assert_int_equal(entry(9), MASKED | LEVEL | 0x39);
    route(9, LEVEL | 0x39, 1);
    assert_int_equal(sent, 2);
}

/* Two pins of one vector are ended together. */
static void test_shared_vector(void **state)
{
    (void)state;
    route(10, LEVEL | 0x40, 0);
    route(11, LEVEL | 0x40, 0);
    ioapic_line(&ioapic, 10, true);
    ioapic_line(&ioapic, 11, true);
    ioapic_line(&ioapic, 10, false);
    ioapic_eoi(&ioapic, 0x40);
    assert_int_equal(sent, 3);
    assert_int_equal(entry(10), LEVEL | 0x40);
    assert_int_equal(entry(11), LEVEL | REMOTE_IRR | 0x40);
}

/* Version 0x20: the EOI register does what the message does. */
static void test_eoi_register(void **state)
{
    (void)state;
    route(9, LEVEL | 0x39, 1);
    ioapic_line(&ioapic, 9, true);
    ioapic_line(&ioapic, 9, false);
    out(IOAPIC_EOI, 0x39);
    assert_int_equal(entry(9), LEVEL | 0x39);
}

/* Linux frees a stuck remote IRR by making the pin edge-triggered for a moment. */
static void test_edge_frees_remote_irr(void **state)
{
    (void)state;
    route(9, LEVEL | 0x39, 1);
    ioapic_line(&ioapic, 9, true);
    route(9, MASKED | 0x39, 1);
    assert_int_equal(entry(9), MASKED | 0x39);
    route(9, LEVEL | 0x39, 1);
    assert_int_equal(sent, 2);
}

/* Remote IRR is set when a local APIC accepts: one that is not yet on gets it later. */
static void test_a_level_that_nobody_takes(void **state)
{
    (void)state;
    taken = false;
    route(9, LEVEL | 0x39, 1);
    ioapic_line(&ioapic, 9, true);
    assert_int_equal(entry(9), LEVEL | 0x39);
    taken = true;
    set(0x11 + 18, 0);
    assert_int_equal(sent, 2);
    assert_int_equal(entry(9), LEVEL | REMOTE_IRR | 0x39);
}

/* What reaches the local APICs: modes, destinations. */
static void test_messages(void **state)
{
    (void)state;
    route(3, 0x133, 5); /* lowest priority */
    ioapic_line(&ioapic, 3, true);
    assert_int_equal(last.mode, APIC_LOWEST);
    route(4, 0x834, 0xff);
    ioapic_line(&ioapic, 4, true);
    assert_true(last.logical);
    assert_int_equal(last.dest, 0xff);
    route(5, 0x035, 0xff);
    ioapic_line(&ioapic, 5, true);
    assert_int_equal(last.dest, APIC_EVERYONE);
    route(6, LEVEL | 0x400, 0); /* NMI "must be programmed as edge": is taken for one */
    ioapic_line(&ioapic, 6, true);
    assert_int_equal(last.mode, APIC_NMI);
    assert_false(last.level);
    assert_int_equal(entry(6), LEVEL | 0x400);
    route(7, 0x700, 0);
    ioapic_line(&ioapic, 7, true);
    assert_int_equal(last.mode, APIC_EXTINT);
}

/* The line says "asserted": polarity is between the board and the data sheet. */
static void test_polarity_is_kept_and_changes_nothing(void **state)
{
    (void)state;
    route(9, LEVEL | 0x2039, 1);
    assert_int_equal(sent, 0);
    assert_int_equal(entry(9), LEVEL | 0x2039);
    ioapic_line(&ioapic, 9, true);
    assert_int_equal(sent, 1);
}

static void test_dump(void **state)
{
    (void)state;
    char text[2048];
    route(9, LEVEL | 0x39, 1);
    assert_true(ioapic.dev.ops->dump(&ioapic.dev, text, sizeof text) < sizeof text);
    assert_non_null(strstr(text, "pin 9: 0100000000008039"));
    assert_null(strstr(text, "pin 8"));
}

/* With any entries; what it sends is the same, too. */
static void test_pulse_is_down_and_up(void **state)
{
    unsigned heard = 0;
    (void)state;

    for (unsigned i = 0; i < 200000; i++) {
        set(0x10 + draw(2 * IOAPIC_PINS), draw(1 << 17) & (draw(2) ? ~MASKED : ~0u));
        ioapic_line(&ioapic, draw(IOAPIC_PINS), draw(2));
        if (draw(4) == 0)
            ioapic_eoi(&ioapic, (u8)draw(256));
        taken = draw(4);

        struct ioapic before = ioapic;
        unsigned pin = draw(IOAPIC_PINS + 1);
        sent = 0;
        ioapic_line(&ioapic, pin, false);
        ioapic_line(&ioapic, pin, true);
        struct ioapic after = ioapic;
        struct lapic_message message = last;
        unsigned messages = sent;
        heard += messages;

        ioapic = before;
        sent = 0;
        memset(&last, 0, sizeof last);
        ioapic_pulse(&ioapic, pin);
        assert_int_equal(sent, messages);
        assert_memory_equal(&ioapic.entry, &after.entry, sizeof after.entry);
        assert_int_equal(ioapic.lines, after.lines);
        if (sent)
            assert_memory_equal(&last, &message, sizeof message);
    }
    assert_in_range(heard, 10000, 200000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_identity, setup),
        cmocka_unit_test_setup(test_entries, setup),
        cmocka_unit_test_setup(test_reserved_registers, setup),
        cmocka_unit_test_setup(test_edges, setup),
        cmocka_unit_test_setup(test_a_masked_edge_is_lost, setup),
        cmocka_unit_test_setup(test_levels, setup),
        cmocka_unit_test_setup(test_a_masked_level_waits, setup),
        cmocka_unit_test_setup(test_shared_vector, setup),
        cmocka_unit_test_setup(test_eoi_register, setup),
        cmocka_unit_test_setup(test_edge_frees_remote_irr, setup),
        cmocka_unit_test_setup(test_a_level_that_nobody_takes, setup),
        cmocka_unit_test_setup(test_messages, setup),
        cmocka_unit_test_setup(test_polarity_is_kept_and_changes_nothing, setup),
        cmocka_unit_test_setup(test_dump, setup),
        cmocka_unit_test_setup(test_pulse_is_down_and_up, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

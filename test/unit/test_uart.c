/* SPDX-License-Identifier: MIT */
/* drivers/emu/uart: against the National PC16550D data sheet. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/emu/uart.h"
#include "test/unit/fake_host.h"

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR, FCR = IIR };

#define IRQ  4
#define OUT2 0x08
#define LOOP 0x10

static struct fake_host fake;
static struct uart uart;
static struct device *const dev = &uart.dev;

static int setup(void **state)
{
    (void)state;
    fake_init(&fake);
    uart_init(&uart, &fake.host, IRQ, 0);
    dev_out(dev, LCR, 0x03);
    dev_out(dev, MCR, OUT2);
    return 0;
}

static void feed(const char *text)
{
    uart_receive(&uart, (const u8 *)text, strlen(text));
}

static void test_registers_after_reset(void **state)
{
    (void)state;
    uart_init(&uart, &fake.host, IRQ, 0);
    const u8 expected[] = {0, 0, 0x01, 0, 0, 0x60, 0xb0, 0};
    for (unsigned i = 1; i < 8; i++)
        assert_int_equal(dev_in(dev, i), expected[i]);
    dev_out(dev, SCR, 0xa5);
    dev_out(dev, MCR, 0xff);
    dev_out(dev, IER, 0xff);
    dev_out(dev, LCR, 0x5a);
    dev_out(dev, LSR, 0xff); /* not for us to write */
    assert_int_equal(dev_in(dev, SCR), 0xa5);
    assert_int_equal(dev_in(dev, MCR), 0x1f);
    assert_int_equal(dev_in(dev, IER), 0x0f);
    assert_int_equal(dev_in(dev, LCR), 0x5a);
    assert_int_equal(dev_in(dev, LSR), 0x60);
    dev->ops->reset(dev);
    assert_int_equal(dev_in(dev, MCR), 0);
    assert_false(fake.line[IRQ]);
}

static void test_divisor(void **state)
{
    (void)state;
    dev_out(dev, LCR, 0x83);
    dev_out(dev, 0, 0x34);
    dev_out(dev, 1, 0x12);
    assert_int_equal(dev_in(dev, 0), 0x34);
    assert_int_equal(dev_in(dev, 1), 0x12);
    dev_out(dev, LCR, 0x03);
    assert_int_equal(dev_in(dev, IER), 0);
    assert_int_equal(fake.out_count, 0);
    dev_out(dev, DATA, 'x');
    assert_int_equal(fake.out_count, 1);
    assert_int_equal(fake.out[0], 'x');
}

/* The mistake of others: 8N1 in LCR looks like FIFO bits, and the input is lost. */
static void test_line_control_does_not_touch_the_fifo(void **state)
{
    (void)state;
    dev_out(dev, FCR, 0x01);
    feed("abc");
    for (unsigned lcr = 0; lcr < 256; lcr++)
        dev_out(dev, LCR, (u8)lcr);
    dev_out(dev, LCR, 0x03);
    assert_int_equal(dev_in(dev, DATA), 'a');
    assert_int_equal(dev_in(dev, DATA), 'b');
    assert_int_equal(dev_in(dev, DATA), 'c');
    assert_int_equal(dev_in(dev, LSR), 0x60);
}

static void test_identification_by_fcr(void **state)
{
    (void)state;
    assert_int_equal(dev_in(dev, IIR), 0x01);
    dev_out(dev, FCR, 0xc0); /* without bit 0 nothing is programmed */
    assert_int_equal(dev_in(dev, IIR), 0x01);
    dev_out(dev, FCR, 0x01);
    assert_int_equal(dev_in(dev, IIR), 0xc1);
    dev_out(dev, FCR, 0x00);
    assert_int_equal(dev_in(dev, IIR), 0x01);
}

static void test_single_register(void **state)
{
    (void)state;
    dev_out(dev, IER, 0x05);
    feed("a");
    assert_true(fake.line[IRQ]);
    assert_int_equal(dev_in(dev, IIR), 0x04);
    assert_int_equal(dev_in(dev, LSR), 0x61);
    assert_int_equal(uart_room(&uart), 0);
    feed("b"); /* overwrites, and says so first */
    assert_int_equal(dev_in(dev, IIR), 0x06);
    assert_int_equal(dev_in(dev, LSR), 0x63);
    assert_int_equal(dev_in(dev, LSR), 0x61);
    assert_int_equal(dev_in(dev, IIR), 0x04);
    assert_int_equal(dev_in(dev, DATA), 'b');
    assert_int_equal(dev_in(dev, IIR), 0x01);
    assert_false(fake.line[IRQ]);
    assert_int_equal(uart_room(&uart), 1);
}

static void test_trigger_levels(void **state)
{
    (void)state;
    const unsigned level[4] = {1, 4, 8, 14};
    for (unsigned i = 0; i < 4; i++) {
        dev_out(dev, FCR, (u8)(i << 6 | 3));
        dev_out(dev, IER, 0x01);
        for (unsigned n = 1; n <= 16; n++) {
            feed("x");
            assert_int_equal(fake.line[IRQ], n >= level[i]);
            assert_int_equal(uart_room(&uart), 16 - n);
        }
        assert_int_equal(dev_in(dev, IIR), 0xc4);
        for (unsigned n = 16; n > 0; n--) {
            assert_int_equal(fake.line[IRQ], n >= level[i]);
            dev_in(dev, DATA);
        }
        assert_int_equal(dev_in(dev, LSR), 0x60);
    }
}

static void test_fifo_overrun_keeps_the_fifo(void **state)
{
    (void)state;
    dev_out(dev, FCR, 0x01);
    feed("0123456789abcdefgh");
    assert_int_equal(dev_in(dev, LSR), 0x63);
    assert_int_equal(dev_in(dev, LSR), 0x61);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(dev_in(dev, DATA), "0123456789abcdef"[i]);
    assert_int_equal(dev_in(dev, LSR), 0x60);
}

static void test_fifo_resets(void **state)
{
    (void)state;
    dev_out(dev, FCR, 0x01);
    feed("abc");
    dev_out(dev, FCR, 0x05); /* transmitter only */
    assert_int_equal(dev_in(dev, LSR), 0x61);
    dev_out(dev, FCR, 0x02); /* without bit 0: switches off, which clears as well */
    assert_int_equal(dev_in(dev, LSR), 0x60);
    dev_out(dev, FCR, 0x01);
    feed("abc");
    dev_out(dev, FCR, 0x03);
    assert_int_equal(dev_in(dev, LSR), 0x60);
    feed("d");
    assert_int_equal(dev_in(dev, DATA), 'd');
}

/* 115200 8N1: four characters of ten bits are 347.2 µs. */
static void test_character_timeout(void **state)
{
    (void)state;
    dev_out(dev, FCR, 0x81); /* trigger at 8 */
    dev_out(dev, IER, 0x01);
    feed("ab");
    assert_false(fake.line[IRQ]);
    fake_run(&fake, dev, 347000);
    assert_false(fake.line[IRQ]);
    fake_run(&fake, dev, 347300);
    assert_true(fake.line[IRQ]);
    assert_int_equal(dev_in(dev, IIR), 0xcc);
    assert_int_equal(dev_in(dev, IIR), 0xcc);
    dev_in(dev, DATA); /* clears it and starts anew */
    assert_false(fake.line[IRQ]);
    fake_run(&fake, dev, 600000);
    feed("c"); /* starts anew */
    fake_run(&fake, dev, 900000);
    assert_false(fake.line[IRQ]);
    fake_run(&fake, dev, 947300);
    assert_true(fake.line[IRQ]);
    assert_int_equal(dev->deadline, DEV_NEVER); /* one that has occurred waits for the read */
    feed("d");
    assert_int_equal(dev->deadline, DEV_NEVER);
    dev_in(dev, DATA);
    dev_in(dev, DATA);
    dev_in(dev, DATA);
    assert_int_equal(dev->deadline, DEV_NEVER);

    /* 300 baud, 12 bits: the data sheet's 160 ms. */
    dev_out(dev, LCR, 0x8f);
    dev_out(dev, 0, 0x80);
    dev_out(dev, 1, 0x01);
    dev_out(dev, LCR, 0x0f);
    feed("x");
    assert_in_range(dev->deadline - fake.now, 159900000, 160100000);
}

static void test_raised_trigger_does_not_strand_characters(void **state)
{
    (void)state;
    dev_out(dev, FCR, 0x01);
    dev_out(dev, IER, 0x01);
    feed("ab");
    assert_true(fake.line[IRQ]);
    dev_out(dev, FCR, 0xc1);
    assert_false(fake.line[IRQ]);
    fake_run(&fake, dev, 1000000);
    assert_true(fake.line[IRQ]);
}

static void test_transmit_interrupt(void **state)
{
    (void)state;
    dev_out(dev, IER, 0x02);
    assert_true(fake.line[IRQ]); /* enabling it while THR is empty asks at once */
    assert_int_equal(dev_in(dev, IIR), 0x02);
    assert_false(fake.line[IRQ]); /* the read cleared it */
    assert_int_equal(dev_in(dev, IIR), 0x01);
    dev_out(dev, DATA, 'a');
    assert_true(fake.line[IRQ]); /* emptied again */
    assert_int_equal(fake.rises[IRQ], 2);
    dev_out(dev, DATA, 'b'); /* a new edge for each byte */
    assert_int_equal(fake.rises[IRQ], 3);
    dev_out(dev, IER, 0x00);
    assert_false(fake.line[IRQ]);
    assert_int_equal(dev_in(dev, LSR), 0x60);
    dev_out(dev, IER, 0x02);
    assert_int_equal(dev_in(dev, IIR), 0x02);
    dev_out(dev, IER, 0x02); /* no change: no new interrupt */
    assert_int_equal(dev_in(dev, IIR), 0x01);
}

static void test_priorities(void **state)
{
    (void)state;
    dev_out(dev, IER, 0x0f);
    dev_out(dev, MCR, OUT2 | LOOP | 0x03); /* CTS, DSR stay; carrier from OUT2: no delta */
    dev_out(dev, MCR, OUT2 | LOOP);
    dev_out(dev, MCR, OUT2);
    feed("ab"); /* overrun, data, THR empty, modem */
    assert_int_equal(dev_in(dev, IIR), 0x06);
    dev_in(dev, LSR);
    assert_int_equal(dev_in(dev, IIR), 0x04);
    dev_in(dev, DATA);
    assert_int_equal(dev_in(dev, IIR), 0x02);
    assert_int_equal(dev_in(dev, IIR), 0x00);
    assert_true(fake.line[IRQ]);
    dev_in(dev, MSR);
    assert_int_equal(dev_in(dev, IIR), 0x01);
    assert_false(fake.line[IRQ]);
}

static void test_iir_read_clears_only_what_it_reports(void **state)
{
    (void)state;
    dev_out(dev, IER, 0x03);
    feed("a");
    assert_int_equal(dev_in(dev, IIR), 0x04);
    dev_in(dev, DATA);
    assert_int_equal(dev_in(dev, IIR), 0x02);
}

static void test_loopback(void **state)
{
    (void)state;
    dev_out(dev, MCR, LOOP);
    dev_out(dev, DATA, 0x5a);
    assert_int_equal(fake.out_count, 0);
    assert_int_equal(dev_in(dev, LSR), 0x61);
    assert_int_equal(dev_in(dev, DATA), 0x5a);
    feed("x"); /* the outside is cut off */
    assert_int_equal(uart_room(&uart), 0);
    assert_int_equal(dev_in(dev, LSR), 0x60);
    dev_in(dev, MSR);
    const struct {
        u8 mcr, msr;
    } step[] = {
        {LOOP | 0x01, 0x20 | 0x02}, /* DTR → DSR */
        {LOOP | 0x03, 0x30 | 0x01}, /* RTS → CTS */
        {LOOP | 0x07, 0x70 | 0x00}, /* OUT1 → RI: only its end counts */
        {LOOP | 0x03, 0x30 | 0x04}, /* trailing edge */
        {LOOP | 0x0b, 0xb0 | 0x08}, /* OUT2 → DCD */
        {LOOP | 0x0a, 0x90 | 0x02}, /* what Linux looks for */
        {LOOP | 0x0a, 0x90       },
    };
    for (unsigned i = 0; i < sizeof step / sizeof *step; i++) {
        dev_out(dev, MCR, step[i].mcr);
        assert_int_equal(dev_in(dev, MSR), step[i].msr);
    }
    unsigned rooms = fake.rooms;
    dev_out(dev, MCR, OUT2);
    assert_int_equal(fake.rooms, rooms + 1);
}

static void test_out2_gates_the_line(void **state)
{
    (void)state;
    dev_out(dev, IER, 0x01);
    dev_out(dev, MCR, 0);
    feed("a");
    assert_false(fake.line[IRQ]);
    assert_int_equal(dev_in(dev, IIR), 0x04);
    dev_out(dev, MCR, OUT2);
    assert_true(fake.line[IRQ]);
    dev_out(dev, MCR, OUT2 | LOOP);
    assert_false(fake.line[IRQ]);
}

static void test_break(void **state)
{
    (void)state;
    dev_out(dev, FCR, 0x01);
    dev_out(dev, IER, 0x05);
    feed("a");
    uart_break(&uart);
    feed("b");
    assert_int_equal(dev_in(dev, LSR), 0xe1); /* an error somewhere in the FIFO */
    assert_int_equal(dev_in(dev, IIR), 0xc4);
    assert_int_equal(dev_in(dev, DATA), 'a');
    assert_int_equal(dev_in(dev, IIR), 0xc6);
    assert_int_equal(dev_in(dev, LSR), 0xf1);
    assert_int_equal(dev_in(dev, LSR), 0x61);
    assert_int_equal(dev_in(dev, DATA), 0);
    assert_int_equal(dev_in(dev, DATA), 'b');
}

static const char *pasted;

static void feed_as_room_allows(struct fake_host *host)
{
    (void)host;
    for (; *pasted && uart_room(&uart); pasted++)
        uart_receive(&uart, (const u8 *)pasted, 1);
}

static void test_long_input_flows(void **state)
{
    (void)state;
    static const char text[] = "a text of more than sixteen bytes, pasted at once by somebody";
    char got[sizeof text] = "";
    pasted = text;
    fake.on_room = feed_as_room_allows;
    dev_out(dev, FCR, 0x01);
    for (unsigned i = 0; dev_in(dev, LSR) & 1; i++)
        got[i] = (char)dev_in(dev, DATA);
    assert_string_equal(got, text);
}

#define test(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_registers_after_reset),
        test(test_divisor),
        test(test_line_control_does_not_touch_the_fifo),
        test(test_identification_by_fcr),
        test(test_single_register),
        test(test_trigger_levels),
        test(test_fifo_overrun_keeps_the_fifo),
        test(test_fifo_resets),
        test(test_character_timeout),
        test(test_raised_trigger_does_not_strand_characters),
        test(test_transmit_interrupt),
        test(test_priorities),
        test(test_iir_read_clears_only_what_it_reports),
        test(test_loopback),
        test(test_out2_gates_the_line),
        test(test_break),
        test(test_long_input_flows),
    };
    return cmocka_run_group_tests_name("uart", tests, NULL, NULL);
}

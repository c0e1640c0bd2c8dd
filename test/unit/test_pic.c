/* SPDX-License-Identifier: MIT */
/* drivers/emu/pic, i8259: against the Intel 8259A data sheet (231468). */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/emu/pic.h"
#include "test/unit/draw.h"
#include "test/unit/fake_host.h"

enum { M0 = 0, M1 = 1, S0 = 2, S1 = 3, ELCR1 = 4, ELCR2 = 5 };

#define EOI  0x20
#define NONE 0x100 /* INTR is low */

static struct fake_host fake;
static struct pic pic;
static struct device *const dev = &pic.dev;

static void init_chip(unsigned at, u8 icw1, u8 vector, u8 icw3, u8 icw4)
{
    dev_out(dev, at, icw1);
    dev_out(dev, at + 1, vector);
    if (!(icw1 & 0x02))
        dev_out(dev, at + 1, icw3);
    if (icw1 & 0x01)
        dev_out(dev, at + 1, icw4);
}

/* As a PC's operating system does: vectors 0x20 and 0x28, nothing masked. */
static int setup(void **state)
{
    (void)state;
    fake_init(&fake);
    pic_init(&pic, &fake.host);
    init_chip(M0, 0x11, 0x20, 0x04, 0x01);
    init_chip(S0, 0x11, 0x28, 0x02, 0x01);
    return 0;
}

static void pulse(unsigned irq)
{
    pic_line(&pic, irq, false);
    pic_line(&pic, irq, true);
}

static unsigned take(void)
{
    assert_int_equal(pic_pending(&pic), fake.line[DEV_LINE_INTR]);
    return pic_pending(&pic) ? pic_ack(&pic) : NONE;
}

static u8 in_service(unsigned at)
{
    dev_out(dev, at, 0x0b);
    return dev_in(dev, at);
}

static u8 requested(unsigned at)
{
    dev_out(dev, at, 0x0a);
    return dev_in(dev, at);
}

static void test_every_line_has_its_vector(void **state)
{
    (void)state;
    for (unsigned irq = 0; irq < 16; irq++) {
        pulse(irq);
        assert_int_equal(take(), irq == 2 ? NONE : 0x20 + irq);
        assert_int_equal(take(), NONE); /* an edge counts once */
        if (irq >= 8)
            dev_out(dev, S0, EOI);
        dev_out(dev, M0, EOI);
        assert_int_equal(in_service(M0) | in_service(S0), 0);
        pic_line(&pic, irq, false);
    }
}

static void test_nothing_before_initialisation(void **state)
{
    (void)state;
    pic_init(&pic, &fake.host);
    pulse(1);
    assert_int_equal(take(), NONE);
    dev_out(dev, M0, 0x11);
    pulse(1);
    dev_out(dev, M1, 0x20);
    dev_out(dev, M1, 0x04);
    assert_int_equal(take(), NONE);
    dev_out(dev, M1, 0x01);
    assert_int_equal(take(), 0x21);
}

static void test_icw1_resets(void **state)
{
    (void)state;
    dev_out(dev, M1, 0xff);
    dev_out(dev, M0, 0xc3); /* lowest priority: 3 */
    dev_out(dev, M0, 0x68); /* special mask */
    dev_out(dev, M0, 0x0b); /* read ISR */
    pulse(4);
    dev_out(dev, M0, 0x13); /* single, ICW4 */
    assert_int_equal(dev_in(dev, M1), 0);
    assert_int_equal(dev_in(dev, M0), 0); /* the latched edge is gone though its line is up */
    dev_out(dev, M1, 0x57);
    dev_out(dev, M1, 0x01); /* no ICW3 */
    assert_int_equal(take(), NONE);
    pulse(4);
    assert_int_equal(dev_in(dev, M0), 0x10); /* IRR again */
    pulse(3);
    assert_int_equal(take(), 0x53); /* 3 comes before 4 */
}

static void test_mcs80_words_without_icw4(void **state)
{
    (void)state;
    init_chip(M0, 0x12, 0x40, 0, 0);
    dev_out(dev, M1, 0xfe); /* is the mask, no ICW4 */
    assert_int_equal(dev_in(dev, M1), 0xfe);
    pulse(0);
    assert_int_equal(take(), 0x40);
}

static void test_priority_nests(void **state)
{
    (void)state;
    pulse(5);
    pulse(6);
    assert_int_equal(take(), 0x25);
    assert_int_equal(take(), NONE); /* 6 waits for 5 */
    pulse(1);
    assert_int_equal(take(), 0x21); /* 1 does not */
    assert_int_equal(in_service(M0), 0x22);
    dev_out(dev, M0, EOI);
    assert_int_equal(in_service(M0), 0x20);
    dev_out(dev, M0, EOI);
    assert_int_equal(take(), 0x26);
}

static void test_mask(void **state)
{
    (void)state;
    dev_out(dev, M1, 0x02);
    pulse(1);
    assert_int_equal(take(), NONE);
    assert_int_equal(requested(M0), 0x02);
    dev_out(dev, M1, 0x00);
    assert_int_equal(take(), 0x21);
}

static void test_cascade(void **state)
{
    (void)state;
    pulse(12);
    pulse(3);
    assert_int_equal(requested(M0), 0x0c);
    assert_int_equal(take(), 0x2c); /* the slave stands on 2 */
    assert_int_equal(in_service(M0), 0x04);
    assert_int_equal(in_service(S0), 0x10);
    pulse(8); /* before 12 in the slave, but the master serves 2 already */
    assert_int_equal(take(), NONE);
    dev_out(dev, S0, EOI);
    dev_out(dev, M0, EOI);
    assert_int_equal(take(), 0x28);
    dev_out(dev, M1, 0x04); /* a masked cascade hides the slave */
    dev_out(dev, S0, EOI);
    dev_out(dev, M0, EOI);
    pulse(9);
    assert_int_equal(take(), 0x23);
    dev_out(dev, M0, EOI);
    assert_int_equal(take(), NONE);
}

static void test_special_fully_nested(void **state)
{
    (void)state;
    init_chip(M0, 0x11, 0x20, 0x04, 0x11);
    pulse(12);
    assert_int_equal(take(), 0x2c);
    pulse(3);
    assert_int_equal(take(), NONE); /* 2 still holds back what comes after it */
    pulse(8);
    assert_int_equal(take(), 0x28); /* but not a higher one of the same slave */
    assert_int_equal(in_service(S0), 0x11);
    dev_out(dev, S0, EOI); /* the driver looks whether the slave's ISR is empty */
    assert_int_equal(in_service(S0), 0x10);
}

static void test_lost_line_is_spurious(void **state)
{
    (void)state;
    pulse(5);
    assert_true(pic_pending(&pic));
    pic_line(&pic, 5, false);
    assert_false(pic_pending(&pic));
    assert_int_equal(pic_ack(&pic), 0x27); /* the processor had already begun */
    assert_int_equal(in_service(M0), 0);
}

/* The slave is asked on an input where it has nothing: its default IR7, in service in the master
 * alone. Where no slave has the number, nobody drives the bus. */
static void test_spurious_of_the_slave(void **state)
{
    (void)state;
    init_chip(M0, 0x11, 0x20, 0x84, 0x01);
    init_chip(S0, 0x11, 0x28, 0x07, 0x01);
    pulse(7);
    assert_int_equal(take(), 0x2f);
    assert_int_equal(in_service(M0), 0x80);
    assert_int_equal(in_service(S0), 0);
    dev_out(dev, M0, EOI);
    pulse(9);
    assert_int_equal(take(), 0xff);
}

static void test_level_triggered(void **state)
{
    (void)state;
    dev_out(dev, ELCR1, 0xff);
    dev_out(dev, ELCR2, 0xff);
    assert_int_equal(dev_in(dev, ELCR1), 0xf8); /* 0, 1, 2 and 8, 13 are edges for ever */
    assert_int_equal(dev_in(dev, ELCR2), 0xde);
    pic_line(&pic, 11, true);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(take(), 0x2b);
        assert_int_equal(take(), NONE);
        dev_out(dev, S0, EOI);
        dev_out(dev, M0, EOI); /* still up: asks again */
    }
    pic_line(&pic, 11, false);
    assert_int_equal(take(), NONE);
    pic_line(&pic, 8, true);
    assert_int_equal(take(), 0x28);
    dev_out(dev, S0, EOI);
    dev_out(dev, M0, EOI);
    assert_int_equal(take(), NONE);
    pic_line(&pic, 5, true);
    init_chip(M0, 0x11, 0x20, 0x04, 0x01); /* ELCR outlives ICW1, and so does the level */
    assert_int_equal(take(), 0x25);
}

static void test_ltim(void **state)
{
    (void)state;
    init_chip(M0, 0x19, 0x20, 0x04, 0x01);
    pic_line(&pic, 0, true);
    assert_int_equal(take(), 0x20);
    dev_out(dev, M0, EOI);
    assert_int_equal(take(), 0x20);
}

static void test_auto_eoi(void **state)
{
    (void)state;
    init_chip(M0, 0x11, 0x20, 0x04, 0x03);
    pulse(4);
    assert_int_equal(take(), 0x24);
    assert_int_equal(in_service(M0), 0);
    pulse(6);
    pulse(4);
    assert_int_equal(take(), 0x24); /* no rotation yet */
    assert_int_equal(take(), 0x26);
    dev_out(dev, M0, 0x80); /* rotate in automatic EOI mode */
    pulse(4);
    assert_int_equal(take(), 0x24); /* now 4 is last, 5 first */
    pulse(4);
    pulse(5);
    pulse(3);
    assert_int_equal(take(), 0x25);
    dev_out(dev, M0, 0x00); /* no more rotation: 6 first, 5 last */
    assert_int_equal(take(), 0x23);
    assert_int_equal(take(), 0x24);
}

static void test_specific_eoi(void **state)
{
    (void)state;
    pulse(5);
    take();
    pulse(1);
    take();
    dev_out(dev, M0, 0x65);
    assert_int_equal(in_service(M0), 0x02);
    dev_out(dev, M0, 0x40); /* no operation */
    assert_int_equal(in_service(M0), 0x02);
}

/* The data sheet's figures "before rotate" and "after rotate": 6 and 4 served, 4 ended. */
static void test_rotation(void **state)
{
    (void)state;
    pulse(6);
    take();
    pulse(4);
    take();
    dev_out(dev, M0, 0xa0);
    assert_int_equal(in_service(M0), 0x40);
    pulse(4); /* last now: 5 is first, 6 in service holds it back */
    assert_int_equal(take(), NONE);
    pulse(5);
    assert_int_equal(take(), 0x25);
    dev_out(dev, M0, 0xe6); /* specific, 6 becomes the last: 7, 0, … 5, 6 */
    assert_int_equal(in_service(M0), 0x20);
    pulse(3);
    assert_int_equal(take(), 0x23);
    setup(NULL);
    dev_out(dev, M0, 0xc0); /* set priority: 0 is last, 1 first */
    pulse(0);
    pulse(7);
    assert_int_equal(take(), 0x27);
    dev_out(dev, M0, 0xa0);
    setup(NULL);
    dev_out(dev, M0, 0xa0); /* nothing in service: nothing turns */
    pulse(7);
    pulse(0);
    assert_int_equal(take(), 0x20);
}

static void test_special_mask(void **state)
{
    (void)state;
    pulse(3);
    take();
    dev_out(dev, M1, 0x08);
    pulse(6);
    assert_int_equal(take(), NONE);
    dev_out(dev, M0, 0x68); /* a masked level in service holds back nobody */
    assert_int_equal(take(), 0x26);
    assert_int_equal(in_service(M0), 0x48);
    dev_out(dev, M0, EOI); /* not for a masked one: 6 ends */
    assert_int_equal(in_service(M0), 0x08);
    dev_out(dev, M0, EOI);
    assert_int_equal(in_service(M0), 0x08);
    dev_out(dev, M0, 0x63);
    assert_int_equal(in_service(M0), 0x00);
    dev_out(dev, M0, 0x28); /* ESMM clear: the mode stays */
    assert_true(pic.chip[0].special_mask);
    dev_out(dev, M0, 0x48);
    assert_false(pic.chip[0].special_mask);
}

static void test_poll(void **state)
{
    (void)state;
    dev_out(dev, M0, 0x0c);
    assert_int_equal(dev_in(dev, M0), 0x00);
    pulse(5);
    pulse(10);
    dev_out(dev, M0, 0x0c);
    assert_int_equal(dev_in(dev, M0), 0x82);
    assert_int_equal(in_service(M0), 0x04);
    assert_int_equal(in_service(S0), 0x00); /* the slave is polled by itself */
    dev_out(dev, S0, 0x0c);
    assert_int_equal(dev_in(dev, S1), 0x82);
    dev_out(dev, S1, 0x40);
    assert_int_equal(dev_in(dev, S1), 0x40); /* once: the next read is the mask's */
    assert_int_equal(in_service(S0), 0x04);
}

static void test_wide_read_registers(void **state)
{
    (void)state;
    pulse(1);
    pulse(6);
    assert_int_equal(requested(M0), 0x42);
    assert_int_equal(take(), 0x21);
    assert_int_equal(in_service(M0), 0x02);
    assert_int_equal(dev_in(dev, M0), 0x02); /* the choice is remembered */
    assert_int_equal(requested(M0), 0x40);
}

static void test_reset(void **state)
{
    (void)state;
    pulse(1);
    assert_true(fake.line[DEV_LINE_INTR]);
    dev->ops->reset(dev);
    assert_false(fake.line[DEV_LINE_INTR]);
    pulse(1);
    assert_int_equal(take(), NONE);
    pic_line(&pic, 99, true);
}

/* In any state that command words and lines lead to. */
static void test_pulse_is_down_and_up(void **state)
{
    unsigned heard = 0;
    (void)state;

    for (unsigned i = 0; i < 200000; i++) {
        if (draw(1000) == 0)
            setup(NULL);
        if (draw(3) == 0)
            dev_out(dev, draw(6), (u8)draw(256));
        pic_line(&pic, draw(16), draw(2));
        if (draw(4) == 0)
            take();

        struct pic before = pic;
        bool intr = fake.line[DEV_LINE_INTR];
        unsigned irq = draw(17);
        pulse(irq);
        struct pic after = pic;
        bool asks = fake.line[DEV_LINE_INTR];
        heard += memcmp(&before.chip, &after.chip, sizeof after.chip) != 0;

        pic = before;
        fake.line[DEV_LINE_INTR] = intr;
        pic_pulse(&pic, irq);
        assert_memory_equal(&pic.chip, &after.chip, sizeof after.chip);
        assert_int_equal(pic.pending, after.pending);
        assert_int_equal(fake.line[DEV_LINE_INTR], asks);
    }
    assert_in_range(heard, 10000, 200000);
}

#define test(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_every_line_has_its_vector),
        test(test_nothing_before_initialisation),
        test(test_icw1_resets),
        test(test_mcs80_words_without_icw4),
        test(test_priority_nests),
        test(test_mask),
        test(test_cascade),
        test(test_special_fully_nested),
        test(test_lost_line_is_spurious),
        test(test_spurious_of_the_slave),
        test(test_level_triggered),
        test(test_ltim),
        test(test_auto_eoi),
        test(test_specific_eoi),
        test(test_rotation),
        test(test_special_mask),
        test(test_poll),
        test(test_wide_read_registers),
        test(test_reset),
        test(test_pulse_is_down_and_up),
    };
    return cmocka_run_group_tests_name("pic", tests, NULL, NULL);
}

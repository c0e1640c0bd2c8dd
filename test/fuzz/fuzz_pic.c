/* SPDX-License-Identifier: MIT */
/*
 * Sequences of accesses, lines and acknowledges against the interrupt controllers. What is asked
 * and acknowledged is compared with a second opinion: priorities counted out one by one.
 */
#include "drivers/emu/pic.h"
#include "test/unit/fake_host.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_trap();                                                                      \
    } while (0)

static struct fake_host fake;
static struct pic pic;

/* From the highest priority down: the first input that asks, unless one in service comes first. */
static int expected_input(const struct i8259 *c, bool master)
{
    for (unsigned i = 1; i <= 8 && c->ready; i++) {
        unsigned input = (c->lowest + i) % 8;
        bool masked = c->imr >> input & 1;
        bool served = (c->isr >> input & 1) && !(c->special_mask && masked);
        bool slave = master && !c->single && (c->icw3 >> input & 1);
        if ((c->irr >> input & 1) && !masked && (!served || (slave && c->fully_nested)))
            return (int)input;
        if (served)
            return -1;
    }
    return -1;
}

static void check(void)
{
    const struct i8259 *m = &pic.chip[0], *s = &pic.chip[1];

    CHECK(pic.pending == (expected_input(m, true) >= 0));
    CHECK(pic.pending == fake.line[DEV_LINE_INTR]);
    CHECK((m->irr >> 2 & 1) == (expected_input(s, false) >= 0));
    for (unsigned i = 0; i < 2; i++) {
        const struct i8259 *c = &pic.chip[i];
        CHECK(!(c->irr & ~c->lines));
        CHECK(c->lowest < 8 && !(c->vector & 7));
        CHECK(!(c->elcr & (i ? 0x21 : 0x07)));
        CHECK(c->ready ? !c->expect : c->expect <= 4);
    }
}

static void acknowledge(void)
{
    struct i8259 before = pic.chip[0];
    int input = expected_input(&before, true);
    int slave_input = expected_input(&pic.chip[1], false);
    u8 vector = pic_ack(&pic);

    if (input < 0) {
        CHECK(vector == (before.vector | 7));
        CHECK(pic.chip[0].isr == before.isr);
    } else if (before.single || !(before.icw3 >> input & 1)) {
        CHECK(vector == before.vector + input);
    } else if (pic.chip[1].ready && pic.chip[1].icw3 == input) {
        CHECK(vector == pic.chip[1].vector + (slave_input < 0 ? 7 : slave_input));
    } else {
        CHECK(vector == 0xff);
    }
    if (input >= 0 && !before.auto_eoi)
        CHECK(pic.chip[0].isr == (before.isr | 1 << input));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    static const u8 start[] = {0, 0x11, 1, 0x20, 1, 4, 1, 1, 2, 0x11, 3, 0x28, 3, 2, 3, 1};
    char text[512];

    fake_init(&fake);
    pic_init(&pic, &fake.host);
    if (size && data[0] & 1)
        for (unsigned i = 0; i < sizeof start; i += 2)
            dev_out(&pic.dev, start[i], start[i + 1]);
    for (; size >= 2; data += 2, size -= 2) {
        unsigned op = data[0] % 32;
        if (op < 6)
            dev_out(&pic.dev, op, data[1]);
        else if (op < 12)
            CHECK(pic.dev.ops->read(&pic.dev, op - 6, 1) <= 0xff);
        else if (op < 24)
            pic_line(&pic, data[1] & 31, data[1] >> 5 & 1);
        else
            acknowledge();
        check();
    }
    pic.dev.ops->dump(&pic.dev, text, sizeof text);
    return 0;
}

/* SPDX-License-Identifier: MIT */
#include "drivers/emu/pic.h"

#include "lib/bits.h"
#include "lib/fmt.h"
#include "lib/string.h"

#define CASCADE     2 /* the first chip's input for the second */
#define POLL_ACTIVE 0x80

static struct pic *pic_of(struct device *dev)
{
    return container_of(dev, struct pic, dev);
}

/* Passes the second chip's output to the first, and the first one's to the processor. */
static void settle(struct pic *pic)
{
    struct i8259 *master = &pic->chip[0];
    bool slave = i8259_asks(&pic->chip[1]);

    /* The cascade is no wire that edges are lost on: a request is there as long as the slave's. */
    master->lines = (u8)((master->lines & ~(1u << CASCADE)) | (unsigned)slave << CASCADE);
    master->irr = (u8)((master->irr & ~(1u << CASCADE)) | (unsigned)slave << CASCADE);

    bool pending = i8259_asks(master);
    if (pending != pic->pending) {
        pic->pending = pending;
        dev_line(&pic->dev, DEV_LINE_INTR, pending);
    }
}

void pic_line(struct pic *pic, unsigned irq, bool level)
{
    if (irq >= 16 || irq == CASCADE)
        return;
    if (i8259_line(&pic->chip[irq / 8], irq % 8, level))
        settle(pic);
}

void pic_pulse(struct pic *pic, unsigned irq)
{
    if (irq >= 16 || irq == CASCADE)
        return;
    if (i8259_pulse(&pic->chip[irq / 8], irq % 8))
        settle(pic);
}

u8 pic_ack(struct pic *pic)
{
    struct i8259 *master = &pic->chip[0], *slave = &pic->chip[1];
    unsigned input = i8259_ack(master);
    u8 vector = i8259_vector(master, input);

    /* On an input with a slave the master is silent, and the slave of that number answers, be it
     * with its own default IR7; if none has that number the data bus floats. */
    if (input != I8259_NONE && i8259_has_slave(master, input)) {
        bool answers = slave->ready && slave->icw3 == input;
        vector = answers ? i8259_vector(slave, i8259_ack(slave)) : 0xff;
    }
    settle(pic);
    return vector;
}

static void pic_write(struct device *dev, u64 offset, unsigned bytes, u64 value)
{
    struct pic *pic = pic_of(dev);
    unsigned which = offset >= PIC_ELCR ? offset & 1 : (unsigned)offset / PIC_SLAVE;
    struct i8259 *chip = &pic->chip[which];

    (void)bytes;
    if (offset >= PIC_ELCR)
        i8259_write_elcr(chip, (u8)value);
    else if (offset & 1)
        i8259_write_odd(chip, (u8)value);
    else
        i8259_write_even(chip, (u8)value);
    settle(pic);
}

/* The read after a poll command is an acknowledge of this chip alone, whichever its port. */
static no_inline u8 read_poll(struct pic *pic, struct i8259 *chip)
{
    unsigned input = i8259_ack(chip);

    chip->poll = false;
    settle(pic);
    return input == I8259_NONE ? 0 : (u8)(POLL_ACTIVE | input);
}

static u64 pic_read(struct device *dev, u64 offset, unsigned bytes)
{
    struct pic *pic = pic_of(dev);
    struct i8259 *chip = &pic->chip[offset / PIC_SLAVE & 1];

    (void)bytes;
    if (offset >= PIC_ELCR)
        return pic->chip[offset & 1].elcr;
    if (chip->poll)
        return read_poll(pic, chip);
    if (offset & 1)
        return chip->imr;
    return chip->read_isr ? chip->isr : chip->irr;
}

static cold void pic_reset(struct device *dev)
{
    struct pic *pic = pic_of(dev);

    /* The lines are the devices', which know nothing of our reset. */
    for (unsigned i = 0; i < 2; i++)
        pic->chip[i] = (struct i8259){.lines = pic->chip[i].lines, .lowest = 7, .is_slave = i};
    settle(pic);
}

static cold size_t pic_dump(const struct device *dev, char *to, size_t size)
{
    const struct pic *pic = container_of(dev, const struct pic, dev);
    size_t length = fmt_text(to, size, "%s: intr %d", dev->name, pic->pending);

    for (unsigned i = 0; i < 2; i++) {
        const struct i8259 *c = &pic->chip[i];
        size_t at = min_u64(length, size);
        length += fmt_text(to + at, size - at,
                           "\n  chip %u: lines %02x irr %02x isr %02x imr %02x elcr %02x "
                           "vector %02x lowest %u ready %d aeoi %d smm %d sfnm %d",
                           i, c->lines, c->irr, c->isr, c->imr, c->elcr, c->vector, c->lowest,
                           c->ready, c->auto_eoi, c->special_mask, c->fully_nested);
    }
    return length;
}

static const struct device_ops ops = {
    .widths = DEV_WIDTH(1),
    .read = pic_read,
    .write = pic_write,
    .reset = pic_reset,
    .dump = pic_dump,
};

cold void pic_init(struct pic *pic, const struct dev_host *host)
{
    memset(pic, 0, sizeof *pic);
    pic->dev = (struct device){&ops, host, "pic", DEV_NEVER};
    pic_reset(&pic->dev);
}

/* SPDX-License-Identifier: MIT */
#include "guests/tiny/rt/tiny.h"

static u8 mask[2] = {0xff, 0xff};

void pic_init(void)
{
    static const struct {
        u16 port;
        u8 value;
    } words[] = {
        {0x20, 0x11},
        {0x21, 0x20},
        {0x21, 0x04},
        {0x21, 0x01}, /* base 0x20, slave on input 2 */
        {0xa0, 0x11},
        {0xa1, 0x28},
        {0xa1, 0x02},
        {0xa1, 0x01},
    };

    for (unsigned i = 0; i < array_size(words); i++)
        outb(words[i].port, words[i].value);
    mask[0] = mask[1] = 0xff;
    outb(0x21, 0xff);
    outb(0xa1, 0xff);
}

void pic_mask(unsigned irq)
{
    mask[irq / 8] |= (u8)(1u << irq % 8);
    outb(irq < 8 ? 0x21 : 0xa1, mask[irq / 8]);
}

void pic_unmask(unsigned irq)
{
    mask[irq / 8] &= (u8) ~(1u << irq % 8);
    outb(irq < 8 ? 0x21 : 0xa1, mask[irq / 8]);
    if (irq >= 8 && (mask[0] & 4))
        pic_unmask(2);
}

u8 pic_requests(void)
{
    outb(0x20, 0x0a);
    return inb(0x20);
}

u8 pic_in_service(void)
{
    outb(0x20, 0x0b);
    return inb(0x20);
}

/* Specific EOIs: right in whatever order the handlers end. */
void pic_eoi(unsigned irq)
{
    if (irq >= 8) {
        outb(0xa0, (u8)(0x60 | (irq - 8)));
        irq = 2;
    }
    outb(0x20, (u8)(0x60 | irq));
}

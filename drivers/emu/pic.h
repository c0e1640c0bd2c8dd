/* SPDX-License-Identifier: MIT */
/*
 * The PC's pair of 8259A interrupt controllers, the second on the first one's input 2, with the
 * chip set's edge/level registers (ELCR). Intel 8259A data sheet (231468), 82371 (PIIX) for ELCR.
 *
 * Left out, each on purpose: MCS-80/85 mode (vectors are always 8086's; a guest that leaves ICW4
 * away gets those as well) and what buffered mode does to the chip's pins.
 * Input 2 of the first chip is the second chip's; as on a PC, nothing else can be wired there.
 */
#ifndef DRIVERS_EMU_PIC_H
#define DRIVERS_EMU_PIC_H

#include "drivers/emu/dev.h"
#include "drivers/emu/i8259.h"

/* Registers: where the machine's port windows begin. */
enum { PIC_MASTER = 0, PIC_SLAVE = 2, PIC_ELCR = 4 }; /* two ports each: 0x20, 0xa0, 0x4d0 */

struct pic {
    struct device dev;
    bool pending; /* the INTR output */
    struct i8259 chip[2];
};

void pic_init(struct pic *pic, const struct dev_host *host);

/* Sets the input, 0 to 15; others are ignored. */
void pic_line(struct pic *pic, unsigned irq, bool level);
void pic_pulse(struct pic *pic, unsigned irq); /* falls and rises at once */

/* INTR: the processor takes an interrupt as soon as it accepts one. */
static inline bool pic_pending(const struct pic *pic)
{
    return pic->pending;
}

/*
 * The processor's acknowledge cycle: the vector, the request moved into service. With no request
 * left (the line fell meanwhile) it is input 7's, and nothing is in service: a spurious interrupt.
 */
u8 pic_ack(struct pic *pic);

#endif

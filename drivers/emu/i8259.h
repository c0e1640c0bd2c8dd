/* SPDX-License-Identifier: MIT */
/*
 * One 8259A interrupt controller, as the Intel data sheet (231468) has it: requests, masks,
 * priorities, command words. It knows no other chip; pic.c joins two.
 */
#ifndef DRIVERS_EMU_I8259_H
#define DRIVERS_EMU_I8259_H

#include "lib/types.h"

#define I8259_NONE 8 /* no input */

struct i8259 {
    u8 lines;      /* inputs as they are now */
    u8 irr;        /* requests: latched edges, and the lines of level-triggered inputs */
    u8 isr;        /* in service */
    u8 imr;        /* masked */
    u8 elcr;       /* level-triggered, one by one */
    u8 vector;     /* ICW2: of input 0 */
    u8 icw3;       /* first chip: inputs with a slave; second chip: its number */
    u8 lowest;     /* the input of lowest priority; the one after it has the highest */
    u8 expect;     /* the ICW that the next write to the odd port is, or 0 */
    bool is_slave; /* wired so */
    bool ready;    /* initialised; before it nothing is asserted */
    bool level, single, want_icw4;                  /* ICW1 */
    bool auto_eoi, fully_nested;                    /* ICW4 */
    bool rotate_auto, special_mask, poll, read_isr; /* OCW2, OCW3 */
};

/* False: nobody can tell a difference. The second is for a line that falls and rises at once. */
bool i8259_line(struct i8259 *chip, unsigned input, bool level);
bool i8259_pulse(struct i8259 *chip, unsigned input);

/* The input that the chip asks service for now, or I8259_NONE; and in short, whether it asks. */
unsigned i8259_asking(const struct i8259 *chip);

static inline bool i8259_asks(const struct i8259 *chip)
{
    return (chip->irr & (u8)~chip->imr) && i8259_asking(chip) != I8259_NONE;
}

/* Takes that input into service and returns it, or I8259_NONE: then nothing changed. */
unsigned i8259_ack(struct i8259 *chip);

/* What the chip puts on the bus for what i8259_ack returned; a spurious one is input 7's. */
u8 i8259_vector(const struct i8259 *chip, unsigned input);

bool i8259_has_slave(const struct i8259 *chip, unsigned input);

/* Command words at the even (A0 = 0) and odd port. */
void i8259_write_even(struct i8259 *chip, u8 value);
void i8259_write_odd(struct i8259 *chip, u8 value);
void i8259_write_elcr(struct i8259 *chip, u8 value);

#endif

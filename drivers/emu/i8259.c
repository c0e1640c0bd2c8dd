/* SPDX-License-Identifier: MIT */
#include "drivers/emu/i8259.h"

#include "lib/bits.h"

#define ICW1_INIT   0x10
#define ICW1_LEVEL  0x08 /* LTIM */
#define ICW1_SINGLE 0x02 /* SNGL */
#define ICW1_ICW4   0x01 /* IC4 */

#define ICW4_NESTED   0x10 /* SFNM */
#define ICW4_AUTO_EOI 0x02

#define OCW3      0x08
#define OCW3_ESMM 0x40
#define OCW3_SMM  0x20
#define OCW3_POLL 0x04
#define OCW3_RR   0x02
#define OCW3_ISR  0x01

#define SPURIOUS 7 /* "default IR7" */

/* The set turned so that bit 0 is the input of highest priority. */
static u8 by_rank(const struct i8259 *chip, u8 set)
{
    return (u8)((set | set << 8) >> ((chip->lowest + 1) & 7));
}

/* Rank of the set's foremost input: 0 is the highest priority, I8259_NONE an empty set's. */
static unsigned rank(const struct i8259 *chip, u8 set)
{
    return set ? lowest_bit(by_rank(chip, set)) : I8259_NONE;
}

static unsigned input_of_rank(const struct i8259 *chip, unsigned r)
{
    return (chip->lowest + 1 + r) & 7;
}

static u8 level_inputs(const struct i8259 *chip)
{
    return chip->level ? 0xff : chip->elcr;
}

/* Inputs in service that can still be ended, and that hold back others: in special mask mode not
 * the masked ones. */
static u8 serving(const struct i8259 *chip)
{
    return chip->special_mask ? chip->isr & (u8)~chip->imr : chip->isr;
}

bool i8259_has_slave(const struct i8259 *chip, unsigned input)
{
    return !chip->is_slave && !chip->single && (chip->icw3 >> input & 1);
}

/*
 * The foremost unmasked request asks, if it comes before all in service. In special fully nested
 * mode a slave in service may ask again.
 */
unsigned i8259_asking(const struct i8259 *chip)
{
    u8 requests = chip->irr & (u8)~chip->imr, served = serving(chip);

    if (!requests || !chip->ready)
        return I8259_NONE;
    unsigned request = rank(chip, requests), input = input_of_rank(chip, request);
    if (likely(!served))
        return input;
    unsigned service = rank(chip, served);
    bool again = chip->fully_nested && i8259_has_slave(chip, input);
    return request < service || (request == service && again) ? input : I8259_NONE;
}

/* An edge stays latched while its line stays up; one that falls before the acknowledge is gone
 * (data sheet, "edge and level triggered modes"). */
bool i8259_line(struct i8259 *chip, unsigned input, bool level)
{
    u8 bit = (u8)(1u << input), before = chip->irr;

    if (level == !!(chip->lines & bit))
        return false;
    chip->lines ^= bit;
    chip->irr = level ? before | bit : before & (u8)~bit;
    return (chip->irr ^ before) & (u8)~chip->imr;
}

bool i8259_pulse(struct i8259 *chip, unsigned input)
{
    u8 bit = (u8)(1u << input), before = chip->irr;

    chip->lines |= bit;
    chip->irr = before | bit;
    return (chip->irr ^ before) & (u8)~chip->imr;
}

/* Takes the input into service, as INTA does. */
static void serve(struct i8259 *chip, unsigned input)
{
    u8 bit = (u8)(1u << input);

    if (!(level_inputs(chip) & bit))
        chip->irr &= (u8)~bit;
    if (!chip->auto_eoi)
        chip->isr |= bit;
    else if (chip->rotate_auto)
        chip->lowest = (u8)input;
}

unsigned i8259_ack(struct i8259 *chip)
{
    unsigned input = i8259_asking(chip);
    if (input != I8259_NONE)
        serve(chip, input);
    return input;
}

u8 i8259_vector(const struct i8259 *chip, unsigned input)
{
    return (u8)(chip->vector | (input == I8259_NONE ? SPURIOUS : input));
}

static cold void write_icw1(struct i8259 *chip, u8 value)
{
    /* Data sheet, "initialization command words", (a) to (f). Requests survive only on lines that
     * are level-triggered: the edge sense circuits are reset. */
    chip->isr = 0;
    chip->imr = 0;
    chip->lowest = 7;
    chip->special_mask = chip->poll = chip->read_isr = false;
    chip->auto_eoi = chip->rotate_auto = chip->fully_nested = false;
    chip->level = value & ICW1_LEVEL;
    chip->single = value & ICW1_SINGLE;
    chip->want_icw4 = value & ICW1_ICW4;
    chip->icw3 = 0;
    chip->ready = false;
    chip->expect = 2;
    chip->irr = chip->lines & level_inputs(chip);
}

static cold void write_icw(struct i8259 *chip, u8 value)
{
    switch (chip->expect) {
    case 2:
        chip->vector = value & 0xf8;
        chip->expect = !chip->single ? 3 : chip->want_icw4 ? 4 : 0;
        break;
    case 3:
        chip->icw3 = chip->is_slave ? value & 7 : value;
        chip->expect = chip->want_icw4 ? 4 : 0;
        break;
    default:
        chip->auto_eoi = value & ICW4_AUTO_EOI;
        chip->fully_nested = value & ICW4_NESTED;
        chip->expect = 0;
        break;
    }
    chip->ready = !chip->expect;
}

/* Ends service of an input (I8259_NONE: there was none), and may make it the last in priority. */
static void end_service(struct i8259 *chip, unsigned input, bool rotate)
{
    if (input == I8259_NONE)
        return;
    chip->isr &= (u8) ~(1u << input);
    if (rotate)
        chip->lowest = (u8)input;
}

static unsigned foremost_in_service(const struct i8259 *chip)
{
    unsigned r = rank(chip, serving(chip));
    return r == I8259_NONE ? I8259_NONE : input_of_rank(chip, r);
}

/* OCW2: bits 7:5 are R, SL and EOI, bits 2:0 the input of the specific ones. */
static void write_ocw2(struct i8259 *chip, u8 value)
{
    unsigned input = value & 7;

    switch (value >> 5) {
    case 0: /* clear rotation in automatic EOI mode */
    case 4: /* and set it */
        chip->rotate_auto = value >> 7;
        break;
    case 1: /* non-specific EOI */
    case 5: /* with rotation */
        end_service(chip, foremost_in_service(chip), value >> 7);
        break;
    case 3: /* specific EOI */
    case 7: /* with rotation */
        end_service(chip, input, value >> 7);
        break;
    case 6: /* set priority */
        chip->lowest = (u8)input;
        break;
    default: /* 2: no operation */
        break;
    }
}

static void write_ocw3(struct i8259 *chip, u8 value)
{
    if (value & OCW3_ESMM)
        chip->special_mask = value & OCW3_SMM;
    if (value & OCW3_RR)
        chip->read_isr = value & OCW3_ISR;
    chip->poll = value & OCW3_POLL;
}

void i8259_write_even(struct i8259 *chip, u8 value)
{
    if (value & ICW1_INIT)
        write_icw1(chip, value);
    else if (value & OCW3)
        write_ocw3(chip, value);
    else
        write_ocw2(chip, value);
}

void i8259_write_odd(struct i8259 *chip, u8 value)
{
    if (chip->expect)
        write_icw(chip, value);
    else
        chip->imr = value;
}

/* Chip sets do not let the timer, the keyboard, the cascade, the RTC and the FPU be
 * level-triggered. */
cold void i8259_write_elcr(struct i8259 *chip, u8 value)
{
    u8 was = level_inputs(chip);

    chip->elcr = value & (chip->is_slave ? 0xde : 0xf8);
    /* An input that becomes level-triggered asks as its line is; what was latched by one that
     * becomes edge-triggered stays. */
    u8 new_level = level_inputs(chip) & (u8)~was;
    chip->irr = (chip->irr & (u8)~new_level) | (chip->lines & new_level);
}

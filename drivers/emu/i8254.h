/* SPDX-License-Identifier: MIT */
/*
 * One counter of an 8254 interval timer, as the Intel data sheet (231164) has it. Nothing ticks:
 * time comes with each call as a number of CLK pulses since some zero, never running backwards, and
 * count and output are computed from it in constant time.
 *
 * An event at `tick` stands between that CLK pulse and the next one, so a count that is written is
 * in the counting element at tick + 1. Between the two OUT is already as it was told, and the
 * element is read as if it were loaded.
 */
#ifndef DRIVERS_EMU_I8254_H
#define DRIVERS_EMU_I8254_H

#include "lib/types.h"

#define I8254_NEVER (~0ull)

struct i8254 {
    u8 control; /* bits 5:0 of the control word: access, mode, BCD */
    u8 mode;    /* 0 to 5 */
    u8 status;  /* latched */
    u8 low;     /* first byte of a count half written */
    u16 latch;
    bool latched, status_latched;
    bool read_high, write_high; /* the next byte is the high one */
    bool gate;
    bool armed;    /* a count has come since the control word */
    bool loaded;   /* and the counting element has it, or will at loaded_at */
    bool fresh;    /* reload is newer than count: taken at the end of a period, or by a trigger */
    bool counting; /* not held by the gate or a count half written */
    bool high;     /* mode 3: in the half with OUT high */
    bool before;   /* OUT until loaded_at */
    bool risen;    /* modes 0, 1, 4, 5: the rising edge of this count is past */
    u32 reload;    /* count register, 1 to 65536 */
    u32 count;     /* what the element was loaded with */
    u64 loaded_at; /* tick */
    u64 base;      /* tick at which the element held `count`, were it never stopped since */
    u64 held;      /* ticks counted, while not counting */
    u64 rises;     /* rising edges of OUT seen; the owner takes them out */
};

/* Power-on: mode 3 with no count, OUT high. */
void i8254_reset(struct i8254 *c, bool gate);

void i8254_control(struct i8254 *c, u8 word, u64 tick);
void i8254_latch(struct i8254 *c, bool count, bool status, u64 tick);
void i8254_write(struct i8254 *c, u8 byte, u64 tick);
u8 i8254_read(struct i8254 *c, u64 tick);
void i8254_gate(struct i8254 *c, bool level, u64 tick);

/* Brings the state up to the tick and counts the rising edges on the way. */
void i8254_advance(struct i8254 *c, u64 tick);

/* These want the counter advanced to the tick. */
bool i8254_out(const struct i8254 *c, u64 tick);
u64 i8254_next_rise(const struct i8254 *c, u64 tick); /* a tick after it, or I8254_NEVER */

static inline bool i8254_periodic(const struct i8254 *c)
{
    return (c->mode == 2 || c->mode == 3) && c->loaded;
}

#endif

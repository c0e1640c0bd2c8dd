/* SPDX-License-Identifier: MIT */
#include "drivers/emu/i8254.h"

#include "lib/bits.h"
#include "lib/string.h"

#define CONTROL_BCD 0x01
#define ACCESS_LOW  1
#define ACCESS_HIGH 2
#define STATUS_OUT  0x80
#define STATUS_NULL 0x40

static unsigned access(const struct i8254 *c)
{
    return c->control >> 4 & 3;
}

/* How many values the element has: it wraps to the highest one. */
static u32 modulus(const struct i8254 *c)
{
    return c->control & CONTROL_BCD ? 10000 : 65536;
}

/* Ticks counted since the element was loaded. */
static u64 elapsed(const struct i8254 *c, u64 tick)
{
    if (!c->counting)
        return c->held;
    return tick > c->base ? tick - c->base : 0;
}

/* Mode 3: an odd count is one tick longer high than low. */
static u32 half(const struct i8254 *c)
{
    return c->high ? (c->count + 1) / 2 : c->count / 2;
}

static u64 next_half(struct i8254 *c, u64 k)
{
    u32 length = half(c);

    if (!c->high && c->count > 1)
        c->rises++;
    c->high = !c->high;
    c->base += length;
    return k - length;
}

static void take_reload(struct i8254 *c)
{
    c->count = c->reload;
    c->fresh = false;
}

/* Modes 2 and 3: leaves whole periods behind; a fresh count comes in at the end of the period
 * (mode 3: of the half) that it was written in. A count of 1 is not allowed, and has no edges. */
static void advance_periods(struct i8254 *c, u64 tick)
{
    u64 k = elapsed(c, tick);

    if (c->fresh && c->mode == 3 && k >= half(c)) {
        k = next_half(c, k);
        take_reload(c);
    } else if (c->fresh && c->mode == 2 && k >= c->count) {
        c->rises += c->count > 1;
        c->base += c->count;
        k -= c->count;
        take_reload(c);
    }
    u64 periods = k / c->count;
    c->rises += c->count > 1 ? periods : 0;
    c->base += periods * c->count;
    k -= periods * c->count;
    if (c->mode == 3 && k >= half(c))
        next_half(c, k);
}

/* The tick at which OUT of the one-shot modes rises: at 0, or a tick after it. */
static u64 single_rise(const struct i8254 *c)
{
    return c->base + c->count + (c->mode >= 4);
}

void i8254_advance(struct i8254 *c, u64 tick)
{
    if (!c->loaded || !c->counting)
        return;
    if (i8254_periodic(c)) {
        advance_periods(c, tick);
    } else if (!c->risen && tick >= single_rise(c)) {
        c->risen = true;
        c->rises++;
    }
}

bool i8254_out(const struct i8254 *c, u64 tick)
{
    u64 k = elapsed(c, tick);

    if (!c->loaded)
        return c->mode != 0;
    if (tick < c->loaded_at)
        return c->before;
    switch (c->mode) {
    case 0:
    case 1:
        return k >= c->count;
    case 2:
        return !c->gate || k + 1 != c->count;
    case 3:
        return !c->gate || c->high;
    default:
        return k != c->count;
    }
}

u64 i8254_next_rise(const struct i8254 *c, u64 tick)
{
    u64 rise;

    if (!c->loaded || !c->counting)
        return I8254_NEVER;
    if (!i8254_periodic(c))
        return c->risen ? I8254_NEVER : single_rise(c);
    if (c->count < 2 && !c->fresh)
        return I8254_NEVER;
    if (c->mode == 2 || !c->high)
        rise = c->base + (c->mode == 2 ? c->count : half(c));
    else
        rise = c->base + half(c) + (c->fresh ? c->reload : c->count) / 2;
    return max_u64(rise, tick + 1);
}

static u32 element(const struct i8254 *c, u64 tick)
{
    u64 k = elapsed(c, tick);

    if (c->mode == 3)
        return (u32)((c->count & ~1u) - 2 * k) % modulus(c);
    return (u32)((c->count + modulus(c) - k % modulus(c)) % modulus(c));
}

static u16 as_read(const struct i8254 *c, u64 tick)
{
    u32 value = element(c, tick);

    if (!(c->control & CONTROL_BCD))
        return (u16)value;
    return (u16)(value % 10 | value / 10 % 10 << 4 | value / 100 % 10 << 8 | value / 1000 << 12);
}

static u32 as_written(const struct i8254 *c, u32 value)
{
    if (c->control & CONTROL_BCD)
        value =
            (value & 15) + (value >> 4 & 15) * 10 + (value >> 8 & 15) * 100 + (value >> 12) * 1000;
    return value ? value : modulus(c);
}

static void hold(struct i8254 *c, u64 tick)
{
    c->held = elapsed(c, tick);
    c->counting = false;
}

static void load(struct i8254 *c, bool counting, u64 tick)
{
    /* Modes 0 and 1 go low or stay so; the strobes and waves begin high. */
    c->before = c->mode >= 2 || (c->mode == 1 && i8254_out(c, tick));
    take_reload(c);
    c->loaded_at = c->base = tick + 1;
    c->held = 0;
    c->counting = counting;
    c->loaded = c->high = true;
    c->risen = false;
}

/* Counts an edge that an access makes, where `was` is OUT before it. */
static void note_rise(struct i8254 *c, bool was, u64 tick)
{
    c->rises += !was && i8254_out(c, tick);
}

cold void i8254_reset(struct i8254 *c, bool gate)
{
    *c = (struct i8254){.control = 0x36, .mode = 3, .gate = gate, .reload = 65536, .count = 65536};
}

cold void i8254_control(struct i8254 *c, u8 word, u64 tick)
{
    i8254_advance(c, tick);
    bool was = i8254_out(c, tick);

    hold(c, tick);
    c->held = 0;
    c->control = word & 0x3f;
    c->mode = word >> 1 & 7;
    if (c->mode > 5)
        c->mode -= 4; /* the top bit counts only in modes 4 and 5 */
    c->armed = c->loaded = c->latched = c->status_latched = false;
    c->read_high = c->write_high = false;
    c->fresh = true;
    note_rise(c, was, tick);
}

static void new_count(struct i8254 *c, u64 tick)
{
    bool first = !c->armed;

    c->armed = true;
    c->fresh = true;
    if (c->mode == 0 || c->mode == 4)
        load(c, c->gate, tick);
    else if ((c->mode == 2 || c->mode == 3) && first)
        load(c, c->gate, tick);
    else if (c->loaded && tick < c->loaded_at)
        take_reload(c); /* the element has not yet taken the one before */
}

void i8254_write(struct i8254 *c, u8 byte, u64 tick)
{
    i8254_advance(c, tick);
    bool was = i8254_out(c, tick);

    if (access(c) == ACCESS_LOW) {
        c->reload = as_written(c, byte);
    } else if (access(c) == ACCESS_HIGH) {
        c->reload = as_written(c, (u32)byte << 8);
    } else if (!c->write_high) {
        c->low = byte;
        c->write_high = true;
        if (c->mode == 0) { /* the first byte stops the counting and lowers OUT */
            hold(c, tick);
            c->loaded = c->armed = false;
        }
        return;
    } else {
        c->reload = as_written(c, (u32)byte << 8 | c->low);
        c->write_high = false;
    }
    new_count(c, tick);
    note_rise(c, was, tick);
}

void i8254_latch(struct i8254 *c, bool count, bool status, u64 tick)
{
    i8254_advance(c, tick);
    if (status && !c->status_latched) {
        bool null = c->fresh || (c->loaded && tick < c->loaded_at);
        c->status =
            (u8)(c->control | (null ? STATUS_NULL : 0) | (i8254_out(c, tick) ? STATUS_OUT : 0));
        c->status_latched = true;
    }
    if (count && !c->latched) {
        c->latch = as_read(c, tick);
        c->latched = true;
        c->read_high = false;
    }
}

u8 i8254_read(struct i8254 *c, u64 tick)
{
    if (c->status_latched) {
        c->status_latched = false;
        return c->status;
    }
    i8254_advance(c, tick);

    u16 value = c->latched ? c->latch : as_read(c, tick);
    bool high = access(c) == ACCESS_HIGH || c->read_high;
    if (access(c) != ACCESS_LOW && access(c) != ACCESS_HIGH)
        c->read_high = !c->read_high;
    if (!c->read_high)
        c->latched = false;
    return (u8)(high ? value >> 8 : value);
}

/* Levels hold and release modes 0, 2, 3 and 4; rising edges trigger modes 1, 2, 3 and 5. */
void i8254_gate(struct i8254 *c, bool level, u64 tick)
{
    if (level == c->gate)
        return;
    i8254_advance(c, tick);
    bool was = i8254_out(c, tick);
    bool triggers = c->mode != 0 && c->mode != 4;

    c->gate = level;
    if (level && triggers && c->armed) {
        load(c, true, tick);
    } else if (level && !triggers && c->loaded) {
        c->base = max_u64(tick, c->loaded_at) - c->held;
        c->counting = true;
    } else if (!level && c->mode != 1 && c->mode != 5) {
        hold(c, tick);
    }
    note_rise(c, was, tick);
}

/* SPDX-License-Identifier: MIT */
#include "drivers/emu/rtc.h"

#include "lib/bits.h"
#include "lib/fmt.h"
#include "lib/string.h"

#define NS 1000000000ull
#define HZ 32768u /* the crystal's */

#define A_UIP        0x80
#define A_DIVIDER    0x70
#define A_HELD       0x30 /* from this setting on */
#define A_RATE       0x0f
#define A_POWER_ON   0x26 /* 32,768 Hz, periodic rate 1024 Hz */
#define B_SET        0x80
#define B_UPDATE     0x10
#define B_INTERRUPTS 0x70 /* periodic, alarm, update ended: in B as in C */
#define B_PERIODIC   0x40
#define B_ALARM      0x20
#define B_SQUARE     0x08
#define C_REQUEST    0x80
#define D_VALID      0x80

/* The update cycle's 1984 µs, and the 244 µs of warning before it. */
#define UIP_NS 2228000u

static struct rtc *rtc_of(struct device *dev)
{
    return container_of(dev, struct rtc, dev);
}

static bool held(const struct rtc *rtc)
{
    return (rtc->reg[RTC_A] & A_DIVIDER) >= A_HELD;
}

static bool updating(const struct rtc *rtc)
{
    return !held(rtc) && !(rtc->reg[RTC_B] & B_SET);
}

/* The crystal's ticks a period, as a power of 2; rates 1 and 2 are 8 and 9's (data sheet, rate
 * table). */
static unsigned period_shift(const struct rtc *rtc)
{
    unsigned rate = rtc->reg[RTC_A] & A_RATE;
    return (rate < 3 ? rate + 7 : rate) - 1;
}

static bool periodic(const struct rtc *rtc)
{
    return (rtc->reg[RTC_A] & A_RATE) && !held(rtc);
}

/* Whole seconds apart, so that no product overflows. */
static u64 period_at(const struct rtc *rtc, u64 ns)
{
    return (ns / NS * HZ + ns % NS * HZ / NS) >> period_shift(rtc);
}

static u64 period_ns(const struct rtc *rtc, u64 period)
{
    u64 tick = period << period_shift(rtc);
    return tick / HZ * NS + (tick % HZ * NS + HZ - 1) / HZ;
}

/* What has happened since the registers were last looked at. */
static void advance(struct rtc *rtc, u64 now)
{
    u64 ran = now - rtc->phase;

    if (held(rtc))
        return;
    u64 seconds = ran / NS - rtc->updates;
    rtc->updates += seconds;
    if (seconds && updating(rtc)) {
        if (rtc_time_until_alarm(rtc->reg) <= seconds)
            rtc->reg[RTC_C] |= B_ALARM;
        rtc_time_add(rtc->reg, seconds);
        rtc->reg[RTC_C] |= B_UPDATE;
    }
    if (periodic(rtc) && rtc->periods != period_at(rtc, ran)) {
        rtc->periods = period_at(rtc, ran);
        rtc->reg[RTC_C] |= B_PERIODIC;
    }
}

/* When the line rises next, in ns from the phase. */
static u64 next_request(const struct rtc *rtc)
{
    u8 enabled = rtc->reg[RTC_B];
    u64 next = DEV_NEVER;

    if (rtc->line || !(enabled & B_INTERRUPTS))
        return DEV_NEVER;
    if ((enabled & B_PERIODIC) && periodic(rtc))
        next = period_ns(rtc, rtc->periods + 1);
    if ((enabled & B_UPDATE) && updating(rtc))
        next = min_u64(next, (rtc->updates + 1) * NS);
    if ((enabled & B_ALARM) && updating(rtc)) {
        u64 until = rtc_time_until_alarm(rtc->reg);
        if (until != RTC_NO_ALARM)
            next = min_u64(next, (rtc->updates + until) * NS);
    }
    return next;
}

static void settle(struct rtc *rtc, u64 now)
{
    advance(rtc, now);
    bool level = rtc->reg[RTC_B] & rtc->reg[RTC_C] & B_INTERRUPTS;
    if (level != rtc->line) {
        rtc->line = level;
        dev_line(&rtc->dev, rtc->irq, level);
    }
    u64 next = next_request(rtc);
    dev_set_deadline(&rtc->dev, next == DEV_NEVER ? DEV_NEVER : rtc->phase + next);
}

static void rtc_expire(struct device *dev, u64 now)
{
    settle(rtc_of(dev), now);
}

/* Half a second from the divider's release to the first update (data sheet, divider control). */
static void write_a(struct rtc *rtc, u8 value, u64 now)
{
    bool was_held = held(rtc);

    rtc->reg[RTC_A] = value & ~A_UIP & 0xff;
    if (was_held) {
        rtc->phase = now - NS / 2;
        rtc->updates = 0;
    }
    rtc->periods = period_at(rtc, now - rtc->phase);
}

static void write_b(struct rtc *rtc, u8 value)
{
    u8 rising = value & ~rtc->reg[RTC_B] & 0xff;

    rtc->reg[RTC_B] = rising & B_SET ? value & ~B_UPDATE & 0xff : value;
}

static void write_data(struct rtc *rtc, u8 value, u64 now)
{
    switch (rtc->index) {
    case RTC_A:
        write_a(rtc, value, now);
        break;
    case RTC_B:
        write_b(rtc, value);
        break;
    case RTC_C:
    case RTC_D:
        break;
    default:
        rtc->reg[rtc->index] = value;
    }
}

/* The index port's bit 7 is the PC's NMI mask, and no NMI comes from the board. */
static void rtc_write(struct device *dev, u64 offset, unsigned bytes, u64 value)
{
    struct rtc *rtc = rtc_of(dev);
    u64 now = dev_now(dev);

    (void)bytes;
    if (offset == 0) {
        rtc->index = value % RTC_BYTES;
        return;
    }
    settle(rtc, now); /* what is due was due before this access */
    write_data(rtc, (u8)value, now);
    settle(rtc, now);
}

static u8 read_a(const struct rtc *rtc, u64 now)
{
    u64 left = rtc->phase + (rtc->updates + 1) * NS - now;
    return (u8)(rtc->reg[RTC_A] | (updating(rtc) && left <= UIP_NS ? A_UIP : 0));
}

static u8 read_c(struct rtc *rtc, u64 now)
{
    u8 flags = rtc->reg[RTC_C], request = rtc->line ? C_REQUEST : 0;

    rtc->reg[RTC_C] = 0;
    settle(rtc, now);
    return flags | request;
}

static u64 rtc_read(struct device *dev, u64 offset, unsigned bytes)
{
    struct rtc *rtc = rtc_of(dev);
    u64 now = dev_now(dev);

    (void)bytes;
    if (offset == 0)
        return 0xff;
    settle(rtc, now);
    if (rtc->index == RTC_A)
        return read_a(rtc, now);
    if (rtc->index == RTC_C)
        return read_c(rtc, now);
    return rtc->reg[rtc->index];
}

/* The chip's RESET pin: time, calendar and memory stay. */
static void rtc_reset(struct device *dev)
{
    struct rtc *rtc = rtc_of(dev);
    u64 now = dev_now(dev);

    advance(rtc, now);
    rtc->reg[RTC_B] &= ~(B_INTERRUPTS | B_SQUARE) & 0xff;
    rtc->reg[RTC_C] = 0;
    rtc->index = 0;
    settle(rtc, now);
}

static size_t rtc_dump(const struct device *dev, char *to, size_t size)
{
    const struct rtc *rtc = container_of(dev, const struct rtc, dev);
    const u8 *r = rtc->reg;

    return fmt_text(to, size,
                    "%s: %02x%02x-%02x-%02x %02x:%02x:%02x, alarm %02x:%02x:%02x, a %02x b %02x "
                    "c %02x, index %02x, deadline %lu",
                    dev->name, r[RTC_CENTURY], r[RTC_YEAR], r[RTC_MONTH], r[RTC_DAY], r[RTC_HOURS],
                    r[RTC_MINUTES], r[RTC_SECONDS], r[RTC_HOURS_ALARM], r[RTC_MINUTES_ALARM],
                    r[RTC_SECONDS_ALARM], r[RTC_A], r[RTC_B], r[RTC_C], rtc->index, dev->deadline);
}

static const struct device_ops ops = {
    .widths = DEV_WIDTH(1),
    .read = rtc_read,
    .write = rtc_write,
    .reset = rtc_reset,
    .expire = rtc_expire,
    .dump = rtc_dump,
};

void rtc_init(struct rtc *rtc, const struct dev_host *host, unsigned irq, u64 wall)
{
    memset(rtc, 0, sizeof *rtc);
    rtc->dev = (struct device){&ops, host, "rtc", DEV_NEVER};
    rtc->irq = irq;
    rtc->reg[RTC_A] = A_POWER_ON;
    rtc->reg[RTC_B] = RTC_B_24H;
    rtc->reg[RTC_D] = D_VALID;
    u64 now = dev_now(&rtc->dev);
    rtc->updates = now / NS;
    rtc->periods = period_at(rtc, now);
    rtc_time_set(rtc->reg, wall + rtc->updates);
}

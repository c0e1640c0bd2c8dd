/* SPDX-License-Identifier: MIT */
#include "drivers/emu/rtc_time.h"

#include "lib/bits.h"
#include "lib/calendar.h"

#define PM       0x80
#define ANY      0xc0 /* an alarm byte with both: matches always */
#define MINUTE_S 60
#define HOUR_S   3600

static u8 encode(const u8 *reg, unsigned value)
{
    return (u8)(reg[RTC_B] & RTC_B_BINARY ? value : value / 10 << 4 | value % 10);
}

static unsigned decode(const u8 *reg, unsigned byte)
{
    return reg[RTC_B] & RTC_B_BINARY ? byte : (byte >> 4) * 10 + (byte & 15);
}

/* 12 is midnight and noon. */
static u8 encode_hour(const u8 *reg, unsigned hour)
{
    if (reg[RTC_B] & RTC_B_24H)
        return encode(reg, hour);
    return (u8)(encode(reg, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? PM : 0));
}

static unsigned decode_hour(const u8 *reg)
{
    u8 byte = reg[RTC_HOURS];

    if (reg[RTC_B] & RTC_B_24H)
        return decode(reg, byte) % 24;
    return decode(reg, byte & ~PM & 0xff) % 12 + (byte & PM ? 12 : 0);
}

static u32 time_of_day(const u8 *reg)
{
    return decode_hour(reg) * HOUR_S + decode(reg, reg[RTC_MINUTES]) % 60 * MINUTE_S +
           decode(reg, reg[RTC_SECONDS]) % 60;
}

static void set_time_of_day(u8 *reg, u32 seconds)
{
    reg[RTC_SECONDS] = encode(reg, seconds % 60);
    reg[RTC_MINUTES] = encode(reg, seconds / MINUTE_S % 60);
    reg[RTC_HOURS] = encode_hour(reg, seconds / HOUR_S);
}

static s64 days_of(const u8 *reg)
{
    u32 year = decode(reg, reg[RTC_CENTURY]) * 100 + decode(reg, reg[RTC_YEAR]);
    unsigned month = decode(reg, reg[RTC_MONTH]);

    return date_to_days((struct date){
        .year = (u32)max_u64(year, 1),
        .month = (u8)(month ? (month - 1) % 12 + 1 : 1),
        .day = (u8)decode(reg, reg[RTC_DAY]),
    });
}

static void set_date(u8 *reg, s64 days)
{
    struct date date = date_of_days(days);

    reg[RTC_DAY] = encode(reg, date.day);
    reg[RTC_MONTH] = encode(reg, date.month);
    reg[RTC_YEAR] = encode(reg, date.year % 100);
    reg[RTC_CENTURY] = encode(reg, date.year / 100 % 100);
}

void rtc_time_set(u8 *reg, u64 seconds)
{
    s64 days = (s64)(seconds / DAY_S);

    set_time_of_day(reg, (u32)(seconds % DAY_S));
    set_date(reg, days);
    reg[RTC_WEEKDAY] = (u8)(weekday_of_days(days) + 1);
}

/* The weekday is a counter of its own: it need not be the date's. */
void rtc_time_add(u8 *reg, u64 seconds)
{
    u64 sum = time_of_day(reg) + seconds;
    u64 days = sum / DAY_S;

    if (!seconds)
        return;
    set_time_of_day(reg, (u32)(sum % DAY_S));
    if (!days)
        return;
    set_date(reg, days_of(reg) + (s64)days);
    reg[RTC_WEEKDAY] = (u8)((reg[RTC_WEEKDAY] + 6 + days) % 7 + 1);
}

static bool matches(u8 alarm, u8 now)
{
    return (alarm & ANY) == ANY || alarm == now;
}

/* From one time to the next that can match, by hours, minutes, seconds: some 150 steps at most. */
u64 rtc_time_until_alarm(const u8 *reg)
{
    u32 from = time_of_day(reg), at = from + 1;

    while (at <= from + DAY_S) {
        u32 day = at % DAY_S;
        if (!matches(reg[RTC_HOURS_ALARM], encode_hour(reg, day / HOUR_S)))
            at += HOUR_S - day % HOUR_S;
        else if (!matches(reg[RTC_MINUTES_ALARM], encode(reg, day / MINUTE_S % 60)))
            at += MINUTE_S - day % MINUTE_S;
        else if (!matches(reg[RTC_SECONDS_ALARM], encode(reg, day % 60)))
            at++;
        else
            return at - from;
    }
    return RTC_NO_ALARM;
}

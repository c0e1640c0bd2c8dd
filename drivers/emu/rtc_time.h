/* SPDX-License-Identifier: MIT */
/*
 * The clock's time as it stands in its registers: bytes that the guest may write at any moment,
 * in any order, with any content (MC146818 data sheet, time, calendar and alarm locations).
 * Nothing here knows of the passing of time: rtc.c says how many seconds to add.
 */
#ifndef DRIVERS_EMU_RTC_TIME_H
#define DRIVERS_EMU_RTC_TIME_H

#include "lib/types.h"

#define RTC_BYTES 128

enum rtc_reg {
    RTC_SECONDS,
    RTC_SECONDS_ALARM,
    RTC_MINUTES,
    RTC_MINUTES_ALARM,
    RTC_HOURS,
    RTC_HOURS_ALARM,
    RTC_WEEKDAY, /* 1 is Sunday */
    RTC_DAY,
    RTC_MONTH,
    RTC_YEAR,
    RTC_A,
    RTC_B,
    RTC_C,
    RTC_D,
    RTC_CENTURY = 0x32, /* no register but, as PCs have it, a byte of RAM that the clock keeps */
};

#define RTC_B_24H    0x02
#define RTC_B_BINARY 0x04

#define RTC_NO_ALARM (~0ull)

/* Each takes RTC_BYTES registers. All but the alarm's, as register B wants them. */
void rtc_time_set(u8 *reg, u64 seconds_since_1970);

/* Seconds pass. What is no time of day becomes one; the date changes at midnight only. */
void rtc_time_add(u8 *reg, u64 seconds);

/* Seconds until the alarm matches, 1 to 86400; RTC_NO_ALARM if its bytes match no time of day. */
u64 rtc_time_until_alarm(const u8 *reg);

#endif

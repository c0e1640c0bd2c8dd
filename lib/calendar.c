/* SPDX-License-Identifier: MIT */
#include "lib/calendar.h"

#define ERA_YEARS 400
#define ERA_DAYS  146097 /* in 400 years */
#define TO_1970   719468 /* days from 1 March of the year 0 */

/*
 * A year is counted from March, so that its last day is the leap day, and months have 153 days in
 * five: the day of the year at which month m (0 is March) begins is (153 m + 2) / 5.
 */
s64 date_to_days(struct date date)
{
    s64 year = (s64)date.year - (date.month <= 2);
    s64 month = (date.month + 9) % 12;
    s64 in_year = (153 * month + 2) / 5 + date.day - 1;

    return year * 365 + year / 4 - year / 100 + year / 400 + in_year - TO_1970;
}

struct date date_of_days(s64 days)
{
    s64 era = (days + TO_1970) / ERA_DAYS;
    s64 in_era = (days + TO_1970) % ERA_DAYS;
    s64 year = (in_era - in_era / 1460 + in_era / 36524 - in_era / (ERA_DAYS - 1)) / 365;
    s64 in_year = in_era - (365 * year + year / 4 - year / 100);
    s64 month = (5 * in_year + 2) / 153;

    return (struct date){
        .year = (u32)(era * ERA_YEARS + year + (month >= 10)),
        .month = (u8)(month < 10 ? month + 3 : month - 9),
        .day = (u8)(in_year - (153 * month + 2) / 5 + 1),
    };
}

/* 1 March of the year 0 was a Wednesday. */
unsigned weekday_of_days(s64 days)
{
    return (unsigned)((days + TO_1970 + 3) % 7);
}

/* SPDX-License-Identifier: MIT */
/*
 * Days and dates of the Gregorian calendar, counted from 1 January 1970.
 */
#ifndef LIB_CALENDAR_H
#define LIB_CALENDAR_H

#include "lib/types.h"

#define DAY_S 86400u

struct date {
    u32 year;
    u8 month, day; /* from 1 */
};

/* Years 1 to 10 million. Month and day are taken as they are, day 31 of February is 3 March or so.
 */
s64 date_to_days(struct date date);

/* Days from the year 1 to the year 10 million. */
struct date date_of_days(s64 days);

/* 0 is Sunday. */
unsigned weekday_of_days(s64 days);

#endif

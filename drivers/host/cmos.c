/* SPDX-License-Identifier: MIT */
#include "drivers/host/cmos.h"

#include "arch/x86/port.h"
#include "lib/calendar.h"

#define INDEX_PORT 0x70
#define DATA_PORT  0x71

enum { SECONDS = 0, MINUTES = 2, HOURS = 4, DAY = 7, MONTH = 8, YEAR = 9, STATUS_A = 10, STATUS_B };

#define A_UPDATING 0x80
#define B_24H      0x02
#define B_BINARY   0x04
#define PM         0x80

/* An update takes 2.2 ms once a second, and a port access some 1 µs; in an emulator, less. */
#define TRIES     100000
#define READ_COST 16 /* looks at register A that reading the time takes */

/* Bit 7 of the index masks NMI: it stays clear, as firmware leaves it. */
static u8 cmos_read(u8 index)
{
    port_write8(INDEX_PORT, index);
    return port_read8(DATA_PORT);
}

struct cmos_time {
    u8 seconds, minutes, hours, day, month, year;
};

static struct cmos_time read_all(void)
{
    return (struct cmos_time){cmos_read(SECONDS), cmos_read(MINUTES), cmos_read(HOURS),
                              cmos_read(DAY),     cmos_read(MONTH),   cmos_read(YEAR)};
}

static bool same(const struct cmos_time *a, const struct cmos_time *b)
{
    return a->seconds == b->seconds && a->minutes == b->minutes && a->hours == b->hours &&
           a->day == b->day && a->month == b->month && a->year == b->year;
}

/* Twice the same, and no update announced before either: not torn. */
static bool read_at_rest(struct cmos_time *t)
{
    for (unsigned i = 0; i < TRIES; i++) {
        if (cmos_read(STATUS_A) & A_UPDATING)
            continue;
        *t = read_all();
        struct cmos_time again = read_all();
        if (same(t, &again) && !(cmos_read(STATUS_A) & A_UPDATING))
            return true;
        i += READ_COST;
    }
    return false;
}

static unsigned decode(u8 byte, u8 b)
{
    return b & B_BINARY ? byte : (byte >> 4) * 10u + (byte & 15u);
}

static unsigned decode_hour(u8 byte, u8 b)
{
    if (b & B_24H)
        return decode(byte, b);
    return decode(byte & ~PM & 0xff, b) % 12 + (byte & PM ? 12 : 0);
}

bool cmos_time(u64 *seconds)
{
    struct cmos_time t;

    if (!read_at_rest(&t))
        return false;
    u8 b = cmos_read(STATUS_B);
    unsigned hour = decode_hour(t.hours, b), minute = decode(t.minutes, b);
    unsigned second = decode(t.seconds, b), year = decode(t.year, b);
    struct date date = {year + (year < 70 ? 2000 : 1900), (u8)decode(t.month, b),
                        (u8)decode(t.day, b)};

    if (hour > 23 || minute > 59 || second > 59 || year > 99 || date.month < 1 || date.month > 12 ||
        date.day < 1 || date.day > 31)
        return false;
    *seconds = (u64)date_to_days(date) * DAY_S + hour * 3600 + minute * 60 + second;
    return true;
}

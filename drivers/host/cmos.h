/* SPDX-License-Identifier: MIT */
/*
 * The machine's own clock (MC146818 and its kin behind ports 0x70 and 0x71), read once.
 */
#ifndef DRIVERS_HOST_CMOS_H
#define DRIVERS_HOST_CMOS_H

#include "lib/types.h"

/*
 * Seconds since 1970 by the clock, taken for UTC and for a year of 1970 to 2069. False: there is
 * no clock, or none that comes to rest or makes sense; the attempt ends after a fraction of a
 * second.
 */
bool cmos_time(u64 *seconds) must_check;

#endif

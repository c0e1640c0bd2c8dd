/* SPDX-License-Identifier: MIT */
/*
 * Time: the TSC, its frequency measured against the machine's other clocks.
 */
#ifndef ARCH_X86_CLOCK_H
#define ARCH_X86_CLOCK_H

#include "lib/clock.h"

/* What CPUID 15h or 16h says of the TSC's frequency; 0 if nothing. */
u64 tsc_hz_by_cpuid(void);

/*
 * The TSC and another clock at one moment: of several tries the one with the shortest bracket, so
 * that an SMI does not count.
 */
struct clock_sample {
    u64 tsc, width; /* the value was read within `width` around `tsc` */
    u64 value;
};
struct clock_sample clock_sample(const struct ref_clock *clock);

/* The TSC's frequency against a reference, to 20 ppm if ten milliseconds are enough for that; 0 if
 * the reference stands still. */
u64 tsc_hz_by_reference(const struct ref_clock *reference);

/*
 * The verdict, pure: CPUID is exact where it is true, but some machines' clocks do not run at the
 * frequency they state. So it is believed if it agrees with the measurement within half a percent,
 * or if there is none.
 */
u64 tsc_hz_choose(u64 by_cpuid, u64 measured, bool *from_cpuid);

/* Boot core, once: measures against the first reference that runs, logs source and figure, starts
 * arch_now. */
const char *clock_init(const struct ref_clock *references, unsigned count) must_check;

/* arch_now begins, at 0, with a TSC that runs at this frequency. */
void clock_begin(u64 hz);

u64 clock_tsc_hz(void);
/* This core's TSC at a time of arch_now, and back; where a core's TSC is out of step, as corrected.
 */
u64 clock_tsc_of(u64 ns);
u64 clock_ns_of(u64 tsc);
void clock_wait_us(u64 us);

#endif

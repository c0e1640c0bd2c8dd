/* SPDX-License-Identifier: MIT */
/*
 * The machine's own clocks, to measure the TSC against: HPET, ACPI PM timer, PIT channel 2.
 */
#ifndef DRIVERS_HOST_CLOCKS_H
#define DRIVERS_HOST_CLOCKS_H

#include "lib/clock.h"
#include "mm/addr.h"

#define HOST_CLOCKS_MAX 3

struct host_clocks_at {
    hpa_t hpet;       /* HPA_NONE: none */
    u16 pm_timer;     /* port; 0: none */
    bool pm_timer_32; /* its width, else 24 bits */
};

/* Fills `clocks` with those that are there, the best first; returns how many. */
unsigned host_clocks(const struct host_clocks_at *at, struct ref_clock clocks[HOST_CLOCKS_MAX]);

#endif

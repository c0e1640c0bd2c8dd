/* SPDX-License-Identifier: MIT */
/*
 * The ends of the machine: power off and restart. Each tries what firmware names first, then what
 * emulators and old PCs know, and returns only if nothing worked. Both may be called by
 * any core, also in a panic: they take no lock and allocate nothing. The log is the caller's to
 * flush before.
 */
#ifndef DRIVERS_HOST_POWER_H
#define DRIVERS_HOST_POWER_H

#include "drivers/host/acpi.h"

/*
 * Keeps what `acpi` says. `map` gives a lasting uncached view of device registers, or NULL; it is
 * called here only, for registers that are in memory. Without power_init only the fallbacks work.
 */
void power_init(const struct acpi_info *acpi, volatile void *(*map)(hpa_t base, u64 size));

/* Enters S5. Returning means that the machine is still on. */
void power_off(void);

/* Restarts. Returning means that only a triple fault is left, which is the caller's to do. */
void power_reboot(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * All cores up, and an engine on each.
 */
#ifndef BOOT_CORES_H
#define BOOT_CORES_H

#include "core/engine.h"
#include "drivers/host/acpi.h"

/* True if some processor's id needs x2APIC. */
bool cores_need_x2apic(const struct acpi_info *acpi);

/* Starts all processors that the tables list, at most `limit` (0: all), and logs what became of
 * them. */
void cores_start(const struct acpi_info *acpi, u32 limit);

/* Switches the engine (NULL: none) on, core by core; a core where that fails is named and not used
 * for guests. */
void cores_engine_on(const struct engine_start *start);

/* Off again everywhere, for the way out; `here_only`: the others are beyond calling. */
void cores_engine_off(bool here_only);

bool cores_has_engine(u32 core);

/* How many cores can run guests; without an engine, how many run. */
u32 cores_usable(void);

#endif

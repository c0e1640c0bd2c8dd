/* SPDX-License-Identifier: MIT */
/*
 * Firmware's tables through Trivet's own map, and the time that follows from them.
 */
#ifndef BOOT_TABLES_H
#define BOOT_TABLES_H

#include "boot/info.h"
#include "drivers/host/acpi.h"

/* Reads ACPI; without it the machine is taken for a plain PC with one core. */
void tables_read(const struct boot_info *info, struct acpi_info *acpi);

/* Finds the clocks, measures the TSC, starts the time. NULL, or why there is no time. */
must_check const char *time_start(const struct acpi_info *acpi);

#endif

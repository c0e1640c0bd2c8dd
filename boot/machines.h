/* SPDX-License-Identifier: MIT */
/*
 * From the loader's modules to running machines.
 */
#ifndef BOOT_MACHINES_H
#define BOOT_MACHINES_H

#include "boot/info.h"
#include "boot/options.h"
#include "core/engine.h"
#include "drivers/host/acpi.h"

/* Which there are to be, at boot; ends Trivet where that is none. */
void machines_plan(const struct boot_info *info, const struct engine *engine,
                   const struct options *options, const struct acpi_info *acpi);

/* Makes and runs them. Returns when the last one has stopped: 0 if all ended well. */
u64 machines_run(void);

#endif

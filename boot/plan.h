/* SPDX-License-Identifier: MIT */
/*
 * Which machines are to run: what the manifest says or, without one, what the modules stand for.
 */
#ifndef BOOT_PLAN_H
#define BOOT_PLAN_H

#include "boot/info.h"
#include "core/manifest.h"

/* NULL: no machine may be started, and it has been said why. */
must_check const struct manifest *plan_read(const struct boot_info *info);

/* Gives back what plan_read returned. */
void plan_forget(const struct manifest *manifest);

#endif

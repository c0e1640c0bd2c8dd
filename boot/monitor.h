/* SPDX-License-Identifier: MIT */
/*
 * A prompt for on-idle=monitor: what a person may still want to know, or to do, when nothing runs.
 */
#ifndef BOOT_MONITOR_H
#define BOOT_MONITOR_H

#include "boot/options.h"

/* Returns how the person wants it to end: IDLE_POWEROFF or IDLE_REBOOT. */
enum on_idle monitor_run(void);

#endif

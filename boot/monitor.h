/* SPDX-License-Identifier: MIT */
/*
 * A prompt for on-idle=monitor: what a person may still want to know, or to do, when nothing runs.
 */
#ifndef BOOT_MONITOR_H
#define BOOT_MONITOR_H

/* Returns when the person asks for power-off; reboots by itself if asked to. */
void monitor_run(void);

#endif

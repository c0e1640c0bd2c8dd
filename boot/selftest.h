/* SPDX-License-Identifier: MIT */
/*
 * What the image checks of itself on the machine it runs on: the `selftest` option.
 */
#ifndef BOOT_SELFTEST_H
#define BOOT_SELFTEST_H

#include "lib/types.h"

/* Runs the checks of boot, a line each. */
void selftest_run(void);

/* The rest, when boot is over, and the sum: 0 if all were good. */
u64 selftest_rest(void);

/* The line of one check, and whether it counts as good (NULL). */
void selftest_note(const char *name, const char *error);

/* What selftest_rest is to call, though it is gone; NULL: nothing. */
extern void (*selftest_gone)(void *);

/* Fails on purpose in the named way (`fail=`), to show what a bug looks like; returns if there is
 * no such way. */
void selftest_fail(const char *way);

#endif

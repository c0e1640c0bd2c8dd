/* SPDX-License-Identifier: MIT */
/*
 * What the image checks of itself on the machine it runs on: the `selftest` option.
 */
#ifndef BOOT_SELFTEST_H
#define BOOT_SELFTEST_H

#include "lib/types.h"

/* Runs all checks, a line each; returns how many failed. */
unsigned selftest_run(void);

/* Fails on purpose in the named way (`fail=`), to show what a bug looks like; returns if there is
 * no such way. */
void selftest_fail(const char *way);

#endif

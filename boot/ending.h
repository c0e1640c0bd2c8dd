/* SPDX-License-Identifier: MIT */
/*
 * The orderly ends: nothing left to run, a machine that cannot run guests, a panic.
 */
#ifndef BOOT_ENDING_H
#define BOOT_ENDING_H

#include "boot/options.h"

/* What the user wants at the end, as soon as it is known; also makes panics end so. */
void ending_use(const struct options *options);

/* "done", and then what on-idle says. */
void finish(u64 status) no_return;

/* One sentence for the user and one line for machines, then finish(1). */
void refuse(const char *reason, const char *text) no_return;

/* The same if there is a text; for calls that return NULL when all is well. */
void refuse_if(const char *reason, const char *text);

#endif

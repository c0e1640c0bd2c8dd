/* SPDX-License-Identifier: MIT */
/*
 * The orderly ends: nothing left to run, a machine that cannot run guests, a panic.
 */
#ifndef BOOT_ENDING_H
#define BOOT_ENDING_H

#include "boot/options.h"

/* The command line; it is asked to the end. */
extern struct options options;

/* As soon as it is known, it says how Trivet ends, panics included. */
void ending_use(void);

/* "done", and then what on-idle says. */
void finish(u64 status) no_return;

/* One sentence for the user and one line for machines, then finish(1). */
void refuse(const char *reason, const char *text) no_return;

/* The same if there is a text; for calls that return NULL when all is well. */
void refuse_if(const char *reason, const char *text);

#endif

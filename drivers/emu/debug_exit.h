/* SPDX-License-Identifier: MIT */
/*
 * The debug-exit port (0xf4-0xf7): a write of v, one, two or four bytes wide, ends the machine with
 * status v. Reads give 0.
 */
#ifndef DRIVERS_EMU_DEBUG_EXIT_H
#define DRIVERS_EMU_DEBUG_EXIT_H

#include "drivers/emu/dev.h"

#define DEBUG_EXIT_PORTS 4

struct debug_exit {
    struct device dev;
};

void debug_exit_init(struct debug_exit *exit, const struct dev_host *host);

#endif

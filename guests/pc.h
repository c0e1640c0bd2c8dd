/* SPDX-License-Identifier: MIT */
/*
 * The PC that a guest sees: which devices there are, where, and what they are wired to.
 */
#ifndef GUESTS_PC_H
#define GUESTS_PC_H

#include "core/console.h"
#include "core/vm.h"
#include "drivers/emu/debug_exit.h"
#include "drivers/emu/pic.h"
#include "drivers/emu/pit.h"
#include "drivers/emu/uart.h"

struct pc {
    struct vm *vm;
    struct dev_host host;
    struct console console; /* COM1's */
    struct pic pic;
    struct pit pit;
    struct uart com1;
    struct debug_exit debug_exit;
};

/* Builds it into the machine: buses, interrupt controller, timers. NULL, or what does not fit. */
must_check const char *pc_init(struct pc *pc, struct vm *vm);

/* The machine has its console from here on, and gives it back when it ends. */
void pc_start(struct pc *pc);
void pc_finish(struct pc *pc);

#endif

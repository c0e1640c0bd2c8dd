/* SPDX-License-Identifier: MIT */
/*
 * The PC that a guest sees: which devices there are, where, and what they are wired to.
 */
#ifndef GUESTS_PC_H
#define GUESTS_PC_H

#include "core/console.h"
#include "core/vm.h"
#include "drivers/emu/debug_exit.h"
#include "drivers/emu/fw_cfg.h"
#include "drivers/emu/hpet.h"
#include "drivers/emu/i8042.h"
#include "drivers/emu/pci.h"
#include "drivers/emu/pic.h"
#include "drivers/emu/pit.h"
#include "drivers/emu/pm.h"
#include "drivers/emu/reset.h"
#include "drivers/emu/rtc.h"
#include "drivers/emu/uart.h"
#include "guests/load_e820.h"
#include "guests/pc_apic.h"

struct pc {
    struct vm *vm;
    struct dev_host host;
    struct console console;  /* COM1's */
    struct device *earliest; /* of those with a deadline */
    struct pic pic;
    bool intr; /* its output */
    struct pc_apic apic;
    struct pit pit;
    struct uart com1;
    struct debug_exit debug_exit;
    struct rtc rtc;
    struct pm pm;
    struct reset reset;
    struct i8042 i8042;
    struct fw_cfg fw_cfg;
    struct pci pci;
    struct hpet hpet;
    struct dev_host hpet_host;              /* whose lines are told apart from the others' */
    u32 lines_up, hpet_lines_up, inputs_up; /* interrupt lines: the devices', HPET's, the sum */
    struct e820_map e820;                   /* the machine's, for its life: fw_cfg points at it */
};

/*
 * Builds it into the machine: buses, interrupt controller, timers. `wall` is the time of day in
 * seconds since 1970 when the guests' time was 0. NULL, or what does not fit.
 */
must_check const char *pc_init(struct pc *pc, struct vm *vm, u64 wall);

/* The machine has its console from here on, and gives it back when it ends. */
void pc_start(struct pc *pc);
void pc_finish(struct pc *pc);

/* A processor of the machine's; and when no vCPU is left, all that they had here is given back. */
must_check bool pc_add_vcpu(struct pc *pc, struct vcpu *vcpu);
void pc_destroy(struct pc *pc);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The chip set's two ports that reset a PC: the reset control register at 0xcf9 (82371SB PIIX3,
 * 82801 ICH data sheets), and system control port A at 0x92 (IBM PS/2).
 *
 * All resets are the machine's end: a guest that resets only its processor would find no firmware
 * at the reset vector. The A20 gate is kept as written, but always open.
 */
#ifndef DRIVERS_EMU_RESET_H
#define DRIVERS_EMU_RESET_H

#include "drivers/emu/dev.h"

enum { RESET_CONTROL = 0, RESET_PORT_A = 1 }; /* a byte each */

struct reset {
    struct device dev;
    u8 control, port_a;
};

void reset_init(struct reset *reset, const struct dev_host *host);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The keyboard controller of a PC that has neither keyboard nor mouse: an 8042 as in the IBM AT
 * technical reference, so that those who probe it get answers and nobody waits for a time-out.
 *
 * A byte for the keyboard comes back as the controller's 0xfe with the time-out flag, as when
 * nothing is plugged in. There is no second port: what only a PS/2 controller knows of it is
 * answered with an error at once. Output port bit 0 and the pulse commands reset the machine;
 * the A20 gate is kept as written, but always open.
 */
#ifndef DRIVERS_EMU_I8042_H
#define DRIVERS_EMU_I8042_H

#include "drivers/emu/dev.h"

enum { I8042_DATA = 0, I8042_STATUS = 4 }; /* a port each: 0x60, 0x64 */

struct i8042 {
    struct device dev;
    unsigned irq;
    bool line;      /* as last told */
    u8 status;      /* bits that are kept; the rest is computed */
    u8 output;      /* the byte in the output buffer */
    u8 output_port; /* */
    u8 ram[32];     /* byte 0 is the configuration */
    u8 command;     /* that waits for its byte; 0: none */
};

void i8042_init(struct i8042 *kbc, const struct dev_host *host, unsigned irq);

#endif

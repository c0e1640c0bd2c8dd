/* SPDX-License-Identifier: MIT */
/*
 * From the keys of the person to the machine's console (core/console.h): by the interrupts of the
 * serial lines and the keyboard where they can be had, else by looking every 20 ms while a machine
 * is attached to, four times a second while none is.
 */
#ifndef BOOT_INPUT_H
#define BOOT_INPUT_H

#include "drivers/host/acpi.h"

/* At boot, on core 0: looks for the interrupts, and starts. */
void input_find(const struct acpi_info *acpi);

/* On core 0, around the time that machines run. In between the keys are not to be read otherwise.
 */
void input_start(bool by_interrupt);
void input_stop(void);

#endif

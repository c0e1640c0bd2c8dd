/* SPDX-License-Identifier: MIT */
/*
 * Which consoles the log goes to: what the command line names and is there, else the first serial
 * port that answers and the screen.
 */
#ifndef BOOT_CONSOLES_H
#define BOOT_CONSOLES_H

#include "boot/info.h"
#include "boot/options.h"
#include "drivers/host/acpi.h"

/* Before anything else: serial ports that need no tables. */
void consoles_start(const struct options *options, const struct boot_fb *fb);

/* When tables are read and the final map stands: the rest. */
void consoles_more(const struct acpi_info *acpi);

/* On a refusal before that: the screen by the boot tables, so that the sentence can be seen. */
void consoles_last_chance(void);

/* True if there is a screen and nobody seems to listen on a serial line. */
bool consoles_only_screen(void);

/* True if the 25 lines of a text screen are all there is to read from. */
bool consoles_only_small(void);

/* A byte that a person typed, on a serial line or the keyboard, or -1. */
int consoles_read(void);

/* The ISA interrupts of all of those, as a set of bits; 0: one of them has none that is known. */
u32 consoles_irqs(void);

/* The serial lines ask for their interrupts, or no longer. */
void consoles_listen(bool on);

#endif

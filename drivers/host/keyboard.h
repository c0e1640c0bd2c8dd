/* SPDX-License-Identifier: MIT */
/*
 * The PC's keyboard, polled: what a person types to the monitor on a machine that has only a
 * screen. US layout; letters, digits, punctuation, space, Enter, Backspace. The controller stays as
 * firmware left it, which is translating to scan code set 1.
 */
#ifndef DRIVERS_HOST_KEYBOARD_H
#define DRIVERS_HOST_KEYBOARD_H

#include "lib/types.h"

/* The character of a key that has gone down, or -1. Never waits; a machine without a controller has
 * no keys. */
int keyboard_read(void);

/* The controller asks for interrupt 1 when a key's byte has come, or no longer. */
void keyboard_listen(bool on);

#endif

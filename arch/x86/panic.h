/* SPDX-License-Identifier: MIT */
/*
 * The end of Trivet on a bug of its own: reason, registers, backtrace with names, the log's last
 * lines. One core speaks; the others are stopped by NMI, and one that fails at the same time just
 * stops. If the speaker fails itself it speaks once more, without the console that failed.
 */
#ifndef ARCH_X86_PANIC_H
#define ARCH_X86_PANIC_H

#include "arch/x86/trap.h"
#include "lib/panic.h"

void panic_trap(const struct trap_frame *frame) no_return;

/* Every NMI comes here: stops this core if another one panics, else counts. */
void panic_nmi(void);

/* What to do when all is said: power off, reboot. Set by main; may return, then the core halts. */
void panic_set_end(void (*end)(void));

/* The function that holds an address of the text segment, and the offset in it; "?" if none. Valid
 * until the next call. */
const char *symbol_find(u64 address, u64 *offset);

#endif

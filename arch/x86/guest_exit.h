/* SPDX-License-Identifier: MIT */
/*
 * Handlers of exits that mean the same on both vendors' processors: they stand in the vendors'
 * tables as they are. The rest of the shared ones is in guest.h.
 */
#ifndef ARCH_X86_GUEST_EXIT_H
#define ARCH_X86_GUEST_EXIT_H

#include "arch/x86/guest.h"

/* The vendors' structs have the guest first, so these stand in the vendors' tables themselves. */
typedef enum guest_action (*guest_exit_handler)(struct guest *guest);

/* What an action says, for exits that need nothing else. */
enum guest_action guest_exit_next(struct guest *guest);
enum guest_action guest_exit_halt(struct guest *guest);
enum guest_action guest_exit_resume(struct guest *guest);
enum guest_action guest_exit_look(struct guest *guest);

/* An instruction that this guest does not have, or may not use. */
enum guest_action guest_exit_ud(struct guest *guest);
enum guest_action guest_exit_gp(struct guest *guest);

enum guest_action guest_exit_triple_fault(struct guest *guest);

/* #UD was intercepted: the other vendor's hypercall instruction works all the same. */
enum guest_action guest_exit_invalid_opcode(struct guest *guest);

/* Second-level translation found nothing: a device, a hole, or code where nothing is. */
enum guest_action guest_exit_unmapped(struct guest *guest, gpa_t at, bool fetch, bool walking);

/* INS and OUTS where the exit does not say all about them: the instruction itself is looked at. */
enum guest_action guest_exit_string_io(struct guest *guest, struct guest_io *io);

/* An exit that nothing had asked for: the machine stops. */
enum guest_action guest_exit_unasked(struct guest *guest, u64 number, const char *name);

#endif

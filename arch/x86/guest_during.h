/* SPDX-License-Identifier: MIT */
/*
 * What becomes of two events that meet: the one being delivered, and the exception that its
 * delivery has raised.
 */
#ifndef ARCH_X86_GUEST_DURING_H
#define ARCH_X86_GUEST_DURING_H

#include "arch/x86/guest.h"

/*
 * guest->event has arisen while `first` was being delivered (an invalid `first`: no event was). It
 * stays, or becomes a double fault, or the machine shuts down; an event that it displaces is gone,
 * as on the processor: a fault comes again by itself, and an interrupt is lost.
 */
void guest_event_during(struct guest *guest, const struct guest_event *first);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A guest's registers on the log, as it would read them itself: when a machine is stopped or an
 * entry has failed. What only one vendor has is in vmx_dump.c and svm_dump.c.
 */
#ifndef ARCH_X86_GUEST_DUMP_H
#define ARCH_X86_GUEST_DUMP_H

#include "arch/x86/guest.h"

/* For a loaded vCPU. */
void guest_dump(struct guest *guest);

#endif

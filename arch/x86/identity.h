/* SPDX-License-Identifier: MIT */
/*
 * Which processor this is, for people.
 */
#ifndef ARCH_X86_IDENTITY_H
#define ARCH_X86_IDENTITY_H

#include "arch/x86/preflight.h"

void cpu_identify(struct cpu_identity *identity);

/* "" if it has none. */
const char *cpu_brand(void);

#endif

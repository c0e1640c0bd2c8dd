/* SPDX-License-Identifier: MIT */
/*
 * The stack protector's secret.
 */
#ifndef ARCH_X86_CANARY_H
#define ARCH_X86_CANARY_H

/* Once, from a function that never returns, before anything that may be attacked. */
void canary_seed(void);

#endif

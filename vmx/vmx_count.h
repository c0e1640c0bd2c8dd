/* SPDX-License-Identifier: MIT */
/*
 * How many VMREADs and VMWRITEs an exit takes, by reason: for `make bench COUNT_VMCS=1`, which is
 * another build. One core's: with more they would count into each other.
 */
#ifndef VMX_VMX_COUNT_H
#define VMX_VMX_COUNT_H

#include "lib/types.h"

struct vmx_counts {
    u64 reads, writes;
};
extern struct vmx_counts vmx_counts;

/* At the end of an exit: what was counted since the last one's is this one's. */
void vmx_count_exit(u32 reason);

/* As event lines, a reason each. */
void vmx_count_print(void);

#endif

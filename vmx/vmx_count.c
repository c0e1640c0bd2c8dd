/* SPDX-License-Identifier: MIT */
#include "vmx/vmx_count.h"

#include "lib/log.h"
#include "vmx/vmx_names.h"

struct vmx_counts vmx_counts;
static struct vmx_counts counted, of_reason[VMX_EXIT_REASONS + 1];
static u64 exits[VMX_EXIT_REASONS + 1];

void vmx_count_exit(u32 reason)
{
    exits[reason]++;
    of_reason[reason].reads += vmx_counts.reads - counted.reads;
    of_reason[reason].writes += vmx_counts.writes - counted.writes;
    counted = vmx_counts;
}

void vmx_count_print(void)
{
    for (u32 i = 0; i < VMX_EXIT_REASONS; i++)
        if (exits[i])
            log_event("bench", "name=vmcs-%s exits=%lu reads=%lu writes=%lu", vmx_exit_name(i),
                      exits[i], of_reason[i].reads, of_reason[i].writes);
}

/* SPDX-License-Identifier: MIT */
/*
 * VMX's numbers in words, for event lines, statistics, dumps and errors. Every function takes any
 * number and returns text, never NULL. All pure.
 */
#ifndef VMX_VMX_NAMES_H
#define VMX_VMX_NAMES_H

#include "lib/types.h"

#define VMX_EXIT_REASONS       76                 /* 0 to 75: appendix C */
#define VMX_ENTRY_FAILED       0x80000000u        /* VMCS_EXIT_REASON: the guest was not entered */
#define VMX_EXIT_BASIC(reason) ((reason)&0xffffu) /* the basic reason */

/*
 * One word, lower case, stable: "cpuid", "ept-violation". Of a whole exit-reason field only the
 * basic reason counts. A number that the manual leaves out is "reserved-35" and the like, one
 * beyond its table "unknown".
 */
const char *vmx_exit_name(u32 reason);

/* A VM-instruction error, 1 to 28 (31.4), as a clause: "VMLAUNCH with a VMCS that is not clear". */
const char *vmx_instruction_error(u32 error);

/*
 * Why an entry failed after the controls and the host state had passed (27.8): a clause from an
 * exit reason with bit 31 (33, 34, 41) and its qualification.
 */
const char *vmx_entry_failure(u32 reason, u64 qualification);

/* The type (bits 10:8) of an event field, in words. */
const char *vmx_event_type(u32 event);

/* Of VMCS_GUEST_ACTIVITY. */
const char *vmx_activity(u32 activity);

/* "GUEST_RIP" of its encoding; "unknown". */
const char *vmcs_field_name(u32 field);

/* Every field, in the manual's order. */
struct vmcs_field_row {
    u32 field;
    const char *name;
};
extern const struct vmcs_field_row vmcs_field_rows[];
extern const unsigned vmcs_field_count;

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A VMCS on the log, compactly: printed when a machine is stopped or an entry has failed. Pure: it
 * reads through struct vmcs_image and writes through log_raw.
 */
#ifndef VMX_VMX_DUMP_H
#define VMX_VMX_DUMP_H

#include "vmx/vmcs.h"
#include "vmx/vmx_check.h"

/* The guest's state first, then the last exit, events and controls: about twenty-five lines. */
void vmx_dump(const struct vmcs_image *vmcs);

/* One line a finding; a line says how many more there were. Nothing if all rules hold. */
void vmx_dump_findings(const struct vmx_findings *findings);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * VMX on each core: its registers read, VMXON and VMXOFF.
 */
#ifndef VMX_VMX_CPU_H
#define VMX_VMX_CPU_H

#include "arch/x86/guest_asid.h"
#include "core/engine.h"
#include "vmx/vmx_caps.h"

extern const struct engine vmx_engine;

/* What preflight negotiated; not to be read before it was ready. */
extern struct vmx_caps vmx_caps;

/* A core's own: the VPIDs it hands out. */
struct asid_pool *vmx_core_vpids(u32 core);

/* This core's capability registers. */
void vmx_read_msrs(struct vmx_msrs *msrs);

#endif

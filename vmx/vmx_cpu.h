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
extern const struct engine_start vmx_engine_start;

/* What preflight negotiated; not to be read before it was ready. */
extern struct vmx_caps vmx_caps;

/* A core's own: the VPIDs it hands out. */
struct asid_pool *vmx_core_vpids(u32 core);

/* VMXON, on this core; cpu_off undoes it. */
must_check bool vmx_on(hpa_t region);

/* The processor announces VMX. */
bool vmx_present(void);

/* This core's capability registers. */
void vmx_read_msrs(struct vmx_msrs *msrs);

#endif

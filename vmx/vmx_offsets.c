/* SPDX-License-Identifier: MIT */
/*
 * Not linked: its assembly carries the offsets that vmx_entry.S needs, which the Makefile turns
 * into vmx_offsets.h.
 */
#include "arch/x86/offsets.h"
#include "vmx/vmx_vcpu.h"

void offsets(void);

void offsets(void)
{
    OFFSET(GUEST_GPR, offsetof(struct vmx_vcpu, guest.gpr));
    OFFSET(VMX_HOST_STACK, offsetof(struct vmx_vcpu, host_stack));
    OFFSET(VMX_LAUNCHED, offsetof(struct vmx_vcpu, launched));
}

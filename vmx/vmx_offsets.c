/* SPDX-License-Identifier: MIT */
/*
 * Not linked: its assembly carries the offsets that vmx_entry.S needs, which the Makefile turns
 * into vmx_offsets.h.
 */
#include "vmx/vmx_vcpu.h"

#define OFFSET(name, value) __asm__ volatile("\n=> " #name " %c0" : : "i"(value))

void offsets(void);

void offsets(void)
{
    OFFSET(VMX_GPR, offsetof(struct vmx_vcpu, guest.gpr));
    OFFSET(VMX_HOST_STACK, offsetof(struct vmx_vcpu, host_stack));
}

/* SPDX-License-Identifier: MIT */
/*
 * Not linked: its assembly carries the offsets that vmx_entry.S needs, which the Makefile turns
 * into vmx_offsets.h.
 */
#include "arch/x86/offsets.h"
#include "vmx/vmx_names.h"
#include "vmx/vmx_vcpu.h"

void offsets(void);

void offsets(void)
{
    OFFSET(GUEST_GPR, offsetof(struct vmx_vcpu, guest.gpr));
    OFFSET(VMX_HOST_STACK, offsetof(struct vmx_vcpu, host_stack));
    OFFSET(VMX_LAUNCHED, offsetof(struct vmx_vcpu, launched));
    OFFSET(VMX_EXIT_BEGAN, offsetof(struct vmx_vcpu, exit_began));
    OFFSET(GUEST_DEADLINE, offsetof(struct vmx_vcpu, guest.deadline));
    OFFSET(GUEST_EVENT_WAITS, offsetof(struct vmx_vcpu, guest.event.valid));
    OFFSET(VCPU_ATTENTION, offsetof(struct vmx_vcpu, guest.vcpu.attention));
    OFFSET(STATS_SUM, offsetof(struct vmx_vcpu, guest.vcpu.stats.sum));
    OFFSET(STATS_MIN, offsetof(struct vmx_vcpu, guest.vcpu.stats.min));
    OFFSET(STATS_MAX, offsetof(struct vmx_vcpu, guest.vcpu.stats.max));
    OFFSET(STATS_BUCKET, offsetof(struct vmx_vcpu, guest.vcpu.stats.bucket));
    OFFSET(STATS_BUCKETS_SHIFT, __builtin_ctz(EXIT_BUCKETS));
    OFFSET(EXIT_REASONS, VMX_EXIT_REASONS);
    OFFSET(QUICK_REASONS, VMX_QUICK_REASONS);
    OFFSET(FIELD_EXIT_REASON, VMCS_EXIT_REASON);
    OFFSET(FIELD_EXIT_LENGTH, VMCS_EXIT_LENGTH);
    OFFSET(FIELD_RIP, VMCS_GUEST_RIP);
    OFFSET(FIELD_RFLAGS, VMCS_GUEST_RFLAGS);
    OFFSET(FIELD_BLOCKING, VMCS_GUEST_BLOCKING);
    OFFSET(SHADOWS, BLOCKING_STI | BLOCKING_MOV_SS);
    OFFSET(TRAPS, RFLAGS_TF | RFLAGS_RF);
    OFFSET(ACTION_NEXT, GUEST_NEXT);
    OFFSET(ACTION_RESUME, GUEST_RESUME);
    OFFSET(ACTION_UNSEEN, GUEST_UNSEEN);
}

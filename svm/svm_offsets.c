/* SPDX-License-Identifier: MIT */
/* Not linked: its assembly carries the offsets that svm_entry.S needs, which the Makefile turns
 * into svm_offsets.h. */
#include "arch/x86/offsets.h"
#include "svm/svm_vcpu.h"

void offsets(void);

void offsets(void)
{
    OFFSET(GUEST_GPR, offsetof(struct svm_vcpu, guest.gpr));
    OFFSET(SVM_VMCB, offsetof(struct svm_vcpu, vmcb));
    OFFSET(SVM_VMCB_AT, offsetof(struct svm_vcpu, vmcb_at));
    OFFSET(SVM_VMCB_RAX, offsetof(struct vmcb, save.rax));
    OFFSET(SVM_LIVE, offsetof(struct svm_vcpu, live));
    OFFSET(SVM_GS_BASE, offsetof(struct svm_vcpu, gs_base));
    OFFSET(SVM_HOST_GS, offsetof(struct svm_vcpu, host_gs));
}

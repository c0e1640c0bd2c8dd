/* SPDX-License-Identifier: MIT */
/*
 * What of SVM Trivet uses on this processor: a pure function from CPUID and VM_CR to the list of
 * features, or to the reason why not (AMD APM vol. 2, 15.4 and 15.30.1; vol. 3 E.4.9). SVM has no
 * control words to negotiate: what is there, the VMCB may switch on.
 */
#ifndef SVM_SVM_CAPS_H
#define SVM_SVM_CAPS_H

#include "arch/x86/features.h"
#include "arch/x86/msr.h"
#include "arch/x86/preflight.h"

/* In the order of CPUID 8000_000A EDX; names and dependencies are in svm_caps.c. */
enum svm_feature {
    SVM_NO_FEATURE,
    SVM_NPT,
    SVM_LBR,
    SVM_NRIPS,
    SVM_TSC_RATIO,
    SVM_VMCB_CLEAN,
    SVM_FLUSH_BY_ASID,
    SVM_DECODE_ASSISTS,
    SVM_PAUSE_FILTER,
    SVM_PAUSE_THRESHOLD,
    SVM_AVIC,
    SVM_VIRTUAL_VMLOAD,
    SVM_VGIF,
    SVM_GMET,
    SVM_X2AVIC,
    SVM_SPEC_CTRL,
    SVM_VNMI,
    SVM_IDLE_HLT,
    SVM_NPT_1G, /* CPUID 8000_0001 EDX */
    SVM_RDTSCP,
    SVM_UMIP, /* CPUID 7 ECX */
    SVM_FEATURES
};

/* The raw registers; leaves beyond max_extended are not read and 0 here. */
struct svm_regs {
    u32 max_extended; /* CPUID.80000000.EAX: other leaves read as rubbish beyond it */
    u32 cpuid_1_ecx;
    u32 cpuid_7_ecx;
    u32 cpuid_80000001_ecx, cpuid_80000001_edx;
    u32 cpuid_8000000a_eax, cpuid_8000000a_ebx, cpuid_8000000a_edx;
    u8 phys_bits;       /* CPUID.80000008.EAX[7:0] */
    bool vm_cr_present; /* some emulators have no VM_CR: then nothing forbids SVM */
    u64 vm_cr;
};

struct svm_wishes {
    const char *off[SVM_FEATURES]; /* the word that did it, NULL: as the processor has it */
};

struct svm_caps {
    bool has[SVM_FEATURES];
    u8 phys_bits;
    u32 asids; /* ASIDs 1..asids - 1 are guests', 0 is the host's */
};

extern const struct feature_table svm_feature_table;

/* False: the report has the refusal, and *caps is not to be used. */
bool svm_negotiate(const struct svm_regs *regs, const struct svm_wishes *wishes,
                   struct svm_caps *caps, struct preflight *report) must_check;

/*
 * Whether another core can do what the first one negotiated. False: the report, which need not be
 * started, has the reason in a sentence.
 */
bool svm_core_fits(const struct svm_regs *core, const struct svm_caps *caps,
                   struct preflight *report) must_check;

#endif

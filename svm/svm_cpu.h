/* SPDX-License-Identifier: MIT */
/* SVM on each core: its registers read, EFER.SVME and the host save area. */
#ifndef SVM_SVM_CPU_H
#define SVM_SVM_CPU_H

#include "core/engine.h"
#include "arch/x86/guest_asid.h"
#include "svm/svm_caps.h"

extern const struct engine svm_engine;
extern const struct engine_start svm_engine_start;

/* What preflight negotiated; not to be read before it was ready. */
extern struct svm_caps svm_caps;

/* The processor is QEMU's TCG. */
extern bool svm_emulated;

const char *svm_vm_create(struct vm *vm);

/* What each core has, in its struct cpu. */
struct svm_cpu {
    hpa_t save_area;  /* VM_HSAVE_PA; kept when SVM is off, like ... */
    hpa_t host_state; /* ... what VMLOAD gives the core back after a guest */
    bool on;
    struct asid_pool asids; /* that it hands out */
};

struct svm_cpu *svm_own(u32 core);

#endif

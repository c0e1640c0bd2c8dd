/* SPDX-License-Identifier: MIT */
/*
 * A virtual processor on SVM: its VMCB, and what of the exit path is kept beside it.
 *
 * VMRUN and #VMEXIT do not touch FS, GS, TR, LDTR and the MSRs of system calls; VMLOAD and VMSAVE
 * do. Only GS is needed by Trivet's own code, so the guest's state stays in the processor for as
 * long as exits are handled and entered again, with GS alone exchanged, and interrupts and NMIs
 * (which need TR) held back by GIF. All of it is exchanged when svm_enter goes back to the core, or
 * when a handler asks for one of these registers.
 */
#ifndef SVM_SVM_VCPU_H
#define SVM_SVM_VCPU_H

#include "arch/x86/guest.h"
#include "arch/x86/guest_event.h"
#include "arch/x86/guest_start.h"
#include "core/engine.h"
#include "arch/x86/guest_asid.h"
#include "svm/vmcb.h"

struct svm_vcpu {
    struct guest guest; /* first */
    struct vmcb *vmcb;
    hpa_t vmcb_at;
    u64 gs_base, host_gs; /* exchanged by svm_entry.S */
    bool live;            /* the processor has FS .. SYSENTER, the VMCB's copies are old */
    hpa_t host_state;     /* this core's own FS .. SYSENTER */
    struct asid asid;
    u32 clean; /* what an exit leaves clean: all, or nothing if the processor knows no such bits */

    bool lme_hidden; /* svm_state.c */

    /* A shadow that QEMU forgets: svm_event.c. */
    u64 shadow_rip;
    u8 shadow_times; /* it was seen there, or was to be seen */

    /* NMIs without VNMI: svm_event.c. */
    bool nmi_masked; /* until an IRET ... */
    bool iret_seen;  /* ... which began, at: */
    u64 iret_rip;
};

static inline struct svm_vcpu *svm_of(struct guest *guest)
{
    return (struct svm_vcpu *)guest;
}

/* Before the VMCB's fields of these groups are changed. */
static inline void svm_dirty(struct svm_vcpu *v, u64 groups)
{
    v->vmcb->control.clean &= ~(u32)groups;
}

/* svm_vcpu.c: the engine's functions. */
struct vcpu *svm_vcpu_create(struct vm *vm, u32 index);
void svm_vcpu_destroy(struct vcpu *vcpu);
void svm_vcpu_start(struct vcpu *vcpu, const struct guest_start *start);
void svm_vcpu_load(struct vcpu *vcpu);
void svm_vcpu_unload(struct vcpu *vcpu);

/* All that the processor may have cached of the guest's translations is gone at the next entry. */
void svm_forget(struct svm_vcpu *v);

/* After an exit of QEMU's TCG. */
void svm_keep_shadow(struct svm_vcpu *v);

/* Switches an intercept that comes and goes. */
void svm_intercept(struct svm_vcpu *v, unsigned exit_code, bool on);

/* svm_exit.c */
enum run_end svm_enter(struct vcpu *vcpu, u64 until);
void svm_vcpu_dump(struct vcpu *vcpu);
void svm_arm(struct guest *guest); /* for guest_time */

/* svm_entry.S, with GIF clear, and what it calls with interrupts off: 0 to resume, else out. */
void svm_run(struct svm_vcpu *v);
extern const char svm_exit_point[]; /* behind its VMRUN */
u32 svm_exited(struct svm_vcpu *v);
extern bool svm_gs_by_msr; /* the processor has no WRGSBASE */

/* svm_event.c */
extern const struct guest_event_ops svm_event_ops;

static inline bool svm_window_open(const struct svm_vcpu *v)
{
    return v->vmcb->control.intercept[SVM_EXIT_VINTR / 32] & BIT(SVM_EXIT_VINTR % 32);
}

/* Takes up again an event whose delivery an exit has cut short (APM 2, 15.7.2). */
void svm_requeue(struct svm_vcpu *v);

bool svm_nmi_blocked(struct guest *guest);

/* VNMI: what the processor was given and has not taken waits with us again. So no more than one
 * ever waits, as the architecture has it, and a HLT sees it. */
void svm_take_back_nmi(struct svm_vcpu *v);

/* An exit: the guest ends an NMI's handler. */
enum guest_action svm_iret(struct guest *guest);

/* svm_state.c: registers for the shared handlers. */
extern const struct guest_ops svm_guest_ops;

/* The VMCB has everything; the next entry loads it. */
void svm_settle(struct svm_vcpu *v);

void svm_fetch_xcr0(struct svm_vcpu *v);

/* Attributes as the VMCB has them, and access rights as the VMCS has them (guest_cpu.h). */
static inline u16 svm_attributes(u32 access)
{
    return (u16)((access & 0xff) | (access >> 4 & 0xf00));
}

static inline u32 svm_access(u16 attributes)
{
    u32 access = (attributes & 0xffu) | (attributes & 0xf00u) << 4;
    return access & SEGMENT_PRESENT ? access : access | SEGMENT_UNUSABLE;
}

static inline void svm_vmload(hpa_t at)
{
    __asm__ volatile("vmload %0" : : "a"(at.v) : "memory");
}

static inline void svm_vmsave(hpa_t at)
{
    __asm__ volatile("vmsave %0" : : "a"(at.v) : "memory");
}

static inline void svm_clgi(void)
{
    __asm__ volatile("clgi" : : : "memory");
}

static inline void svm_stgi(void)
{
    __asm__ volatile("stgi" : : : "memory");
}

#endif

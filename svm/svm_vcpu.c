/* SPDX-License-Identifier: MIT */
#include "svm/svm_vcpu.h"

#include "arch/x86/cpu.h"
#include "arch/x86/guest_maps.h"
#include "arch/x86/guest_vm.h"
#include "arch/x86/msr.h"
#include "arch/x86/percpu.h"
#include "mm/frame.h"
#include "svm/svm_cpu.h"

#define PAUSE_COUNT     3000 /* PAUSEs of one loop before it exits ... */
#define PAUSE_THRESHOLD 128  /* ... a loop being what has less than these ticks between them */

/*
 * CR4 is looked at because the processor would accept what the guest's CPUID denies; CR0 and CR3
 * are wholly the guest's. #DB and #AC: svm_exit.c. #UD: VMCALL, Intel's hypercall, is one here.
 */
/* clang-format off */
static const u8 intercepted[] = {
    SVM_EXIT_CR_WRITE(4), SVM_EXIT_EXCEPTION + 1, SVM_EXIT_EXCEPTION + 6, SVM_EXIT_EXCEPTION + 17,
    SVM_EXIT_EXCEPTION + 18, SVM_EXIT_INTR, SVM_EXIT_NMI, SVM_EXIT_RDPMC, SVM_EXIT_CPUID,
    SVM_EXIT_INVD, SVM_EXIT_HLT, SVM_EXIT_INVLPGA, SVM_EXIT_IO, SVM_EXIT_MSR, SVM_EXIT_SHUTDOWN,
    SVM_EXIT_VMRUN, SVM_EXIT_VMMCALL, SVM_EXIT_VMLOAD, SVM_EXIT_VMSAVE, SVM_EXIT_STGI,
    SVM_EXIT_CLGI, SVM_EXIT_SKINIT, SVM_EXIT_WBINVD, SVM_EXIT_MONITOR, SVM_EXIT_MWAIT,
    SVM_EXIT_MWAIT_ARMED, SVM_EXIT_XSETBV, SVM_EXIT_RDPRU,
};
/* clang-format on */

void svm_intercept(struct svm_vcpu *v, unsigned exit_code, bool on)
{
    u32 *word = &v->vmcb->control.intercept[exit_code / 32];
    u32 bit = 1u << exit_code % 32;

    if (!(*word & bit) == !on)
        return;
    *word ^= bit;
    svm_dirty(v, CLEAN_CONTROLS);
}

/* Appendix B, table B-1. */
static void write_controls(struct svm_vcpu *v)
{
    struct vmcb_control *c = &v->vmcb->control;
    const bool *has = svm_caps.has;

    for (unsigned i = 0; i < array_size(intercepted); i++)
        svm_intercept(v, intercepted[i], true);
    svm_intercept(v, SVM_EXIT_PAUSE, has[SVM_PAUSE_FILTER]);
    svm_intercept(v, SVM_EXIT_RDTSCP, !has[SVM_RDTSCP]); /* left off, it is not there */
    c->pause_count = PAUSE_COUNT;
    c->pause_threshold = has[SVM_PAUSE_THRESHOLD] ? PAUSE_THRESHOLD : 0;
    c->io_map = ptr_hpa(guest_maps->ports).v;
    c->msr_map = ptr_hpa(guest_maps->msrs).v;
    c->event = c->shadow = 0;
    v->nmi_masked = v->iret_seen = false; /* a new life, maybe in the middle of an NMI's handler */
    svm_intercept(v, SVM_EXIT_IRET, false);
    c->virtual_interrupt = V_INTR_MASKING | (has[SVM_VNMI] ? V_NMI_ENABLE : 0);
    c->nested = NESTED_PAGING;
    c->nested_cr3 = guest_vm_of(v->guest.vcpu.vm)->map.root.v;
}

static struct vmcb_segment segment_of(const struct start_segment *s)
{
    return (struct vmcb_segment){s->selector, svm_attributes(s->access), s->limit, s->base};
}

/* Appendix B, table B-2. */
static void write_guest(struct svm_vcpu *v, const struct guest_start *start)
{
    struct vmcb_save *s = &v->vmcb->save;

    s->cs = segment_of(&start->cs);
    s->ds = s->es = s->fs = s->gs = s->ss = segment_of(&start->data);
    s->tr = segment_of(&start->tr);
    s->gdtr = (struct vmcb_segment){.base = start->gdt_base, .limit = start->gdt_limit};
    s->idtr = (struct vmcb_segment){.limit = start->idt_limit};
    s->efer = start->efer | EFER_SVME;
    s->cr0 = start->cr0 | CR0_ET;
    s->cr3 = start->cr3;
    s->cr4 = start->cr4;
    s->dr6 = 0xffff0ff0;
    s->dr7 = 0x400;
    s->rflags = RFLAGS_1;
    s->rip = start->rip;
    s->rsp = start->rsp;
    s->pat = PAT_RESET;
    v->gs_base = s->gs.base;
    guest_start_gpr(&v->guest, start);
}

void svm_vcpu_start(struct vcpu *vcpu, const struct guest_start *start)
{
    struct svm_vcpu *v = (struct svm_vcpu *)vcpu;

    write_controls(v);
    write_guest(v, start);
    if (vcpu->vm->break_entry)
        v->vmcb->save.efer &= ~EFER_SVME; /* 15.5.1 */
    svm_dirty(v, CLEAN_ALL);
}

struct vcpu *svm_vcpu_create(struct vm *vm, u32 index)
{
    struct svm_vcpu *v = (void *)guest_create(vm, index, &svm_guest_ops, sizeof *v);

    if (!v)
        return NULL;
    v->clean = svm_caps.has[SVM_VMCB_CLEAN] ? CLEAN_ALL : 0;
    v->vmcb_at = frame_alloc(PAGE_4K);
    if (hpa_is_none(v->vmcb_at)) {
        svm_vcpu_destroy(&v->guest.vcpu);
        return NULL;
    }
    v->vmcb = hpa_ptr(v->vmcb_at);
    return &v->guest.vcpu;
}

void svm_vcpu_destroy(struct vcpu *vcpu)
{
    guest_give_back(svm_of(guest_of(vcpu))->vmcb_at, PAGE_4K);
    guest_destroy(guest_of(vcpu), sizeof(struct svm_vcpu));
}

static void new_asid(struct svm_vcpu *v)
{
    struct vmcb_control *c = &v->vmcb->control;
    u32 core = this_cpu()->index;

    if (asid_take(&svm_own(core)->asids, &v->asid, core, svm_caps.asids))
        c->tlb_control = TLB_FLUSH_ALL;
    c->asid = v->asid.number;
    svm_dirty(v, CLEAN_ASID);
}

/* By the processor if it can flush one ASID's translations (15.16.2), else by a new ASID. */
void svm_forget(struct svm_vcpu *v)
{
    if (!svm_caps.has[SVM_FLUSH_BY_ASID])
        new_asid(v);
    else if (v->vmcb->control.tlb_control == TLB_KEEP)
        v->vmcb->control.tlb_control = TLB_FLUSH_ASID;
}

void svm_vcpu_load(struct vcpu *vcpu)
{
    struct svm_vcpu *v = (struct svm_vcpu *)vcpu;
    u32 core = this_cpu()->index;

    if (v->asid.core != core)
        svm_dirty(v, CLEAN_ALL); /* another core's cache knows nothing of it (15.15.4) */
    if (!asid_good(&svm_own(core)->asids, &v->asid, core))
        new_asid(v);
    v->host_gs = (u64)this_cpu();
    v->host_state = svm_own(core)->host_state;
    guest_switch_in(&v->guest);
}

void svm_vcpu_unload(struct vcpu *vcpu)
{
    guest_switch_out(guest_of(vcpu));
}

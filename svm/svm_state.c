/* SPDX-License-Identifier: MIT */
#include "svm/svm_vcpu.h"

#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
#include "svm/svm_cpu.h"

/* Where a register stands, what has to be read again when it changes, and whether VMLOAD has it. */
/* clang-format off */
#define SAVED(field, clean) {offsetof(struct vmcb, save.field), clean, false}
#define LOADED(field)       {offsetof(struct vmcb, save.field), 0, true}
/* clang-format on */

static const struct {
    u16 at, clean;
    bool loaded;
} fields[GUEST_REGS] = {
    [GUEST_RIP] = SAVED(rip, 0),
    [GUEST_RSP] = SAVED(rsp, 0),
    [GUEST_RFLAGS] = SAVED(rflags, 0),
    [GUEST_CR0] = SAVED(cr0, CLEAN_CR),
    [GUEST_CR2] = SAVED(cr2, CLEAN_CR2),
    [GUEST_CR3] = SAVED(cr3, CLEAN_CR),
    [GUEST_CR4] = SAVED(cr4, CLEAN_CR),
    [GUEST_EFER] = SAVED(efer, CLEAN_CR),
    [GUEST_DR6] = SAVED(dr6, CLEAN_DR),
    [GUEST_DR7] = SAVED(dr7, CLEAN_DR),
    [GUEST_FS_BASE] = LOADED(fs.base),
    [GUEST_GS_BASE] = LOADED(gs.base),
    [GUEST_SYSENTER_CS] = LOADED(sysenter_cs),
    [GUEST_SYSENTER_ESP] = LOADED(sysenter_esp),
    [GUEST_SYSENTER_EIP] = LOADED(sysenter_eip),
    [GUEST_PAT] = SAVED(pat, CLEAN_NESTED),
    [GUEST_TSC_OFFSET] = {offsetof(struct vmcb, control.tsc_offset), CLEAN_CONTROLS, false},
    [GUEST_SHADOW] = {offsetof(struct vmcb, control.shadow),     0,              false},
};

void svm_settle(struct svm_vcpu *v)
{
    if (!v->live)
        return;
    svm_vmsave(v->vmcb_at);
    v->vmcb->save.gs.base = v->gs_base; /* the processor's is Trivet's own */
    v->live = false;
}

static u64 *field(struct svm_vcpu *v, enum guest_reg reg)
{
    if (fields[reg].loaded)
        svm_settle(v);
    return (u64 *)((char *)v->vmcb + fields[reg].at);
}

static u64 get(struct guest *guest, enum guest_reg reg)
{
    struct svm_vcpu *v = svm_of(guest);
    u64 value = *field(v, reg);

    if (reg == GUEST_EFER)
        value = (value & ~EFER_SVME) | (v->lme_hidden ? EFER_LME : 0);
    return value;
}

/* QEMU's TCG does not exit for XSETBV: what it has set is fetched afterwards. */
void svm_fetch_xcr0(struct svm_vcpu *v)
{
    u32 low, high;

    if (!(cr4_read() & CR4_OSXSAVE))
        return;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    v->guest.xcr0 = (u64)high << 32 | low;
}

/*
 * QEMU's TCG cannot leave a guest that has set EFER.LME before CR4.PAE: it finds the host's CR0.PG
 * not allowed and goes on without paging, which is the end of us all. So there, LME takes effect
 * with PAE.
 */
static void hide_lme(struct svm_vcpu *v)
{
    struct vmcb_save *s = &v->vmcb->save;
    bool lme = s->efer & EFER_LME || v->lme_hidden;

    if (!svm_emulated)
        return;
    v->lme_hidden = lme && !(s->cr4 & CR4_PAE);
    s->efer = (s->efer & ~EFER_LME) | (lme && !v->lme_hidden ? EFER_LME : 0);
}

/* Translations depend on CR0, CR3, CR4 and EFER. */
static void set(struct guest *guest, enum guest_reg reg, u64 value)
{
    struct svm_vcpu *v = svm_of(guest);

    if (reg == GUEST_CR8) {
        u64 *word = &v->vmcb->control.virtual_interrupt;
        *word = (*word & ~V_TPR) | value;
        svm_dirty(v, CLEAN_VINTR);
        return;
    }
    if (reg == GUEST_EFER) {
        value |= EFER_SVME; /* VMRUN demands it (15.5.1) */
        v->lme_hidden = false;
    }
    *field(v, reg) = value;
    svm_dirty(v, fields[reg].clean);
    if (fields[reg].clean == CLEAN_CR) {
        svm_forget(v);
        hide_lme(v);
    }
    if (reg == GUEST_GS_BASE)
        v->gs_base = value;
}

/* In the order of enum seg_reg, which is the VMCB's. */
static struct vmcb_segment *segment_at(struct guest *guest, enum seg_reg which)
{
    if (which >= SEG_FS)
        svm_settle(svm_of(guest));
    return &svm_of(guest)->vmcb->save.es + which;
}

static void segment(void *guest, enum seg_reg which, struct guest_segment *out)
{
    const struct vmcb_segment *s = segment_at(guest, which);

    *out = (struct guest_segment){s->base, s->limit, svm_access(s->attributes)};
}

static u16 selector(struct guest *guest, enum seg_reg which)
{
    return segment_at(guest, which)->selector;
}

static void set_segment(struct guest *guest, enum seg_reg which, u16 value,
                        const struct guest_segment *from)
{
    struct svm_vcpu *v = svm_of(guest);
    u16 attributes = from->access & SEGMENT_UNUSABLE ? 0 : svm_attributes(from->access);

    *segment_at(guest, which) = (struct vmcb_segment){value, attributes, from->limit, from->base};
    if (which == SEG_GS)
        v->gs_base = from->base;
    if (which == SEG_SS)
        v->vmcb->save.cpl = (u8)bits_get(from->access, 6, 5);
    svm_dirty(v, CLEAN_SEGMENTS | CLEAN_TABLES);
}

/* With nested paging the processor fetches PAE's pointers itself (15.25.10). */
static bool load_cr3(struct guest *guest, u64 cr3)
{
    guest->ops->set(guest, GUEST_CR3, cr3);
    return true;
}

static unsigned code_bits(struct guest *guest)
{
    const struct vmcb_save *s = &svm_of(guest)->vmcb->save;

    if (s->efer & EFER_LMA && s->cs.attributes & ATTRIBUTE_L)
        return 64;
    return s->cs.attributes & ATTRIBUTE_DB ? 32 : 16;
}

static unsigned cpl(struct guest *guest)
{
    return svm_of(guest)->vmcb->save.cpl;
}

static void view(struct guest *guest, struct guest_view *view)
{
    const struct vmcb_save *s = &svm_of(guest)->vmcb->save;

    view->paging.cr0 = s->cr0, view->paging.cr3 = s->cr3;
    view->paging.cr4 = s->cr4, view->paging.efer = s->efer;
    view->rip = s->rip, view->rsp = s->rsp, view->rflags = s->rflags;
    view->bits = (u8)code_bits(guest);
    view->cpl = s->cpl;
}

const struct guest_ops svm_guest_ops = {
    .get = get,
    .set = set,
    .segment = segment,
    .selector = selector,
    .set_segment = set_segment,
    .load_cr3 = load_cr3,
    .view = view,
    .code_bits = code_bits,
    .cpl = cpl,
    .nmi_blocked = svm_nmi_blocked,
    .amd_branches = true,
};

/* SPDX-License-Identifier: MIT */
#include "svm/svm_vcpu.h"

#include "arch/arch.h"
#include "arch/x86/cpu.h"
#include "arch/x86/guest_act.h"
#include "arch/x86/guest_apic.h"
#include "arch/x86/guest_cr.h"
#include "arch/x86/guest_dump.h"
#include "arch/x86/guest_exit.h"
#include "arch/x86/guest_space.h"
#include "arch/x86/trap.h"
#include "lib/log.h"
#include "svm/svm_cpu.h"
#include "svm/svm_names.h"

static struct vmcb_control *control_of(struct guest *guest)
{
    return &svm_of(guest)->vmcb->control;
}

/* #DB and #AC: lest one arise in its own delivery, for ever (CVE-2015-5307, CVE-2015-8104). */
static enum guest_action exit_exception(struct guest *guest)
{
    struct svm_vcpu *v = svm_of(guest);

    switch (v->vmcb->control.exit_code - SVM_EXIT_EXCEPTION) {
    case VECTOR_DB:
        guest_raise(guest, VECTOR_DB);
        return GUEST_RESUME;
    case VECTOR_UD:
        return guest_exit_invalid_opcode(guest);
    case VECTOR_AC:
        guest_raise_error(guest, VECTOR_AC, (u32)v->vmcb->control.info1);
        return GUEST_RESUME;
    default: /* the host's: a machine check, whose stack is found by TR */
        svm_settle(v);
        svm_vmload(v->host_state);
        __asm__ volatile("int $18");
        return GUEST_RESUME;
    }
}

/* MOV to CR4, and to CR8 while an interrupt waits for it to fall. 15.33.1 has the register, or the
 * instruction. */
static enum guest_action exit_cr_write(struct guest *guest)
{
    u64 info = control_of(guest)->info1, value;
    unsigned reg = (unsigned)MOV_CR_GPR(info);

    guest->length = 0;
    if (!svm_caps.has[SVM_DECODE_ASSISTS] || !(info & MOV_CR_VALID)) {
        const struct insn *insn = guest_insn(guest);
        if (!insn)
            return GUEST_RESUME;
        reg = insn->rm;
        guest->length = insn->length;
    }
    value = guest_cr_source(guest, reg);
    bool cr8 = control_of(guest)->exit_code == SVM_EXIT_CR_WRITE(8);
    if (cr8 ? value > 15 : !guest_cr4_fits(guest, value))
        return guest_gp(guest);
    if (cr8)
        guest_cr8_set(guest, value);
    guest->ops->set(guest, cr8 ? GUEST_CR8 : GUEST_CR4, value);
    return guest->length ? GUEST_SKIP : GUEST_NEXT;
}

/* 15.10.2. */
static enum guest_action exit_io(struct guest *guest)
{
    u64 info = control_of(guest)->info1;
    struct guest_io io = {
        .port = (u16)IO_PORT(info),
        .bytes = (u8)IO_BYTES(info),
        .in = info & IO_IN,
        .string = info & IO_STRING,
        .rep = info & IO_REP,
    };
    return io.string ? guest_exit_string_io(guest, &io) : guest_io(guest, &io);
}

/* 15.25.6. Of an INT n that is being delivered no event waits: it would run again. */
static enum guest_action exit_npf(struct guest *guest)
{
    const struct vmcb_control *c = control_of(guest);
    gpa_t at = gpa(c->info2);

    if (c->exit_event & EVENT_VALID && !guest->event.valid && !vm_at(guest->vcpu.vm, at, 1)) {
        vm_stop_text(guest->vcpu.vm,
                     "an INT instruction's delivery touched 0x%lx, where it has no memory", at.v);
        return GUEST_LOOK;
    }
    return guest_exit_unmapped(guest, at, c->info1 & NPF_FETCH, c->info1 & NPF_WALKING);
}

/* Says why, and stops the machine; the others run on. */
static enum guest_action exit_invalid(struct guest *guest)
{
    const char *why = svm_check(svm_of(guest)->vmcb, svm_caps.phys_bits);

    vm_stop_text(guest->vcpu.vm, "its VMRUN failed: %s",
                 why ? why : "every rule that is known here holds");
    return GUEST_LOOK;
}

static enum guest_action exit_impossible(struct guest *guest)
{
    const struct vmcb_control *c = control_of(guest);

    return guest_exit_unasked(guest, c->exit_code,
                              svm_exit_name(svm_exit_kind(c->exit_code, c->info1)));
}

/* Every kind of exit (APM 2, appendix C); an empty slot is one that is never to come. */
static const guest_exit_handler handlers[SVM_KINDS] = {
    [KIND_CR_ACCESS] = exit_cr_write,
    [KIND_EXCEPTION] = exit_exception,
    [KIND_INTR] = guest_exit_look,
    [KIND_NMI] = guest_exit_look,
    [KIND_VINTR] = guest_exit_resume, /* the window: act delivers what waits */
    [KIND_RDPMC] = guest_exit_gp,
    [KIND_CPUID] = guest_cpuid,
    [KIND_IRET] = svm_iret,
    [KIND_INVD] = guest_exit_next, /* the caches are coherent, and not the guest's to lose */
    [KIND_PAUSE] = guest_exit_look,
    [KIND_HLT] = guest_exit_halt,
    [KIND_INVLPGA] = guest_exit_ud,
    [KIND_IO] = exit_io,
    [KIND_MSR] = guest_rdmsr,
    [KIND_WRMSR] = guest_wrmsr,
    [KIND_SHUTDOWN] = guest_exit_triple_fault,
    [KIND_VMRUN] = guest_exit_ud,
    [KIND_VMMCALL] = guest_hypercall,
    [KIND_VMLOAD] = guest_exit_ud,
    [KIND_VMSAVE] = guest_exit_ud,
    [KIND_STGI] = guest_exit_ud,
    [KIND_CLGI] = guest_exit_ud,
    [KIND_SKINIT] = guest_exit_ud,
    [KIND_RDTSCP] = guest_exit_ud,
    [KIND_WBINVD] = guest_exit_next,
    [KIND_MONITOR] = guest_exit_ud, /* not in the guest's CPUID, nor the three below */
    [KIND_MWAIT] = guest_exit_ud,
    [KIND_MWAIT_ARMED] = guest_exit_ud,
    [KIND_RDPRU] = guest_exit_ud,
    [KIND_XSETBV] = guest_xsetbv,
    [KIND_NPF] = exit_npf,
    [KIND_INVALID] = exit_invalid,
};

/* IOIO always says where it ends, other instructions with NRIP save; else the decoder. */
static bool length(struct guest *guest, u64 *bytes)
{
    const struct vmcb_control *c = control_of(guest);
    u64 next = c->exit_code == SVM_EXIT_IO ? c->info2 : svm_caps.has[SVM_NRIPS] ? c->next_rip : 0;
    const struct insn *insn = next ? NULL : guest_insn(guest);

    *bytes = insn ? insn->length : next - svm_of(guest)->vmcb->save.rip;
    return insn || next;
}

static void end_shadow(struct guest *guest)
{
    control_of(guest)->shadow &= ~SHADOW_INTERRUPTS;
    svm_of(guest)->shadow_times = 0;
}

static void trap(struct guest *guest, u64 why)
{
    guest->ops->set(guest, GUEST_DR6, guest->ops->get(guest, GUEST_DR6) | why);
    guest_raise(guest, VECTOR_DB);
}

/* It is guest->event. */
static bool trap_waits(struct guest *guest)
{
    (void)guest;
    return false;
}

static bool wants_look(struct guest *guest)
{
    return guest->nmi || svm_window_open(svm_of(guest));
}

static const struct guest_act_ops act_ops = {
    .length = length,
    .end_shadow = end_shadow,
    .trap = trap,
    .trap_waits = trap_waits,
    .wants_look = wants_look,
    .events = &svm_event_ops,
};

u32 svm_exited(struct svm_vcpu *v)
{
    u64 start = tsc_read();
    struct vmcb_control *c = &v->vmcb->control;
    enum svm_kind kind = svm_exit_kind(c->exit_code, c->info1);

    c->clean = v->clean;
    c->event = 0;
    c->tlb_control = TLB_KEEP;
    if (unlikely(c->exit_event & EVENT_VALID))
        svm_requeue(v);
    if (unlikely(svm_emulated)) {
        svm_fetch_xcr0(v);
        svm_keep_shadow(v);
    }
    if (unlikely(c->virtual_interrupt & V_NMI))
        svm_take_back_nmi(v);
    if (unlikely((c->virtual_interrupt & V_TPR) != guest_cr8(&v->guest)))
        guest_cr8_set(&v->guest, c->virtual_interrupt & V_TPR);
    guest_exit_handler handler = handlers[kind] ? handlers[kind] : exit_impossible;
    bool out = guest_act(&v->guest, handler(&v->guest), &act_ops);
    u64 now = tsc_read();
    stats_count(&v->guest.vcpu.stats, kind, (u32)(now - start));
    return out || (now >= v->guest.deadline && guest_time_has_come(&v->guest, &svm_event_ops));
}

void svm_vcpu_dump(struct vcpu *vcpu)
{
    guest_dump(guest_of(vcpu));
    svm_dump(svm_of(guest_of(vcpu))->vmcb);
}

void svm_arm(struct guest *guest)
{
    arch_timer_arm(guest_time(guest));
}

enum run_end svm_enter(struct vcpu *vcpu, u64 until)
{
    struct svm_vcpu *v = svm_of(guest_of(vcpu));

    if (!guest_wakes(&v->guest))
        return RUN_BLOCKED;
    v->guest.until = until;
    svm_arm(&v->guest);
    if (guest_look_up(&v->guest, &svm_event_ops))
        return RUN_LOOK;
    svm_clgi();
    svm_run(v);
    svm_settle(v);
    svm_vmload(v->host_state);
    svm_stgi();
    interrupts_let_in();
    return v->guest.halted ? RUN_BLOCKED : RUN_LOOK;
}

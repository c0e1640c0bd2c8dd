/* SPDX-License-Identifier: MIT */
#include "svm/svm_vcpu.h"

#include "arch/arch.h"
#include "arch/x86/clock.h"
#include "arch/x86/cpu.h"
#include "arch/x86/guest_cr.h"
#include "arch/x86/guest_exit.h"
#include "arch/x86/guest_space.h"
#include "arch/x86/trap.h"
#include "lib/log.h"
#include "svm/svm_cpu.h"
#include "svm/svm_dump.h"
#include "svm/svm_names.h"

/* svm_vcpu has the guest first, so the shared handlers stand in the table themselves. */
typedef enum guest_action (*exit_handler)(struct guest *guest);

static struct vmcb_control *control_of(struct guest *guest)
{
    return &svm_of(guest)->vmcb->control;
}

/*
 * #DB and #AC are only looked at because a guest can arrange for one to arise while it is being
 * delivered, for ever, with no interrupt let in between (CVE-2015-5307, CVE-2015-8104).
 */
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

/* MOV to CR4, the one access that is intercepted. 15.33.1 has the register, or the instruction. */
static enum guest_action exit_cr4(struct guest *guest)
{
    u64 info = control_of(guest)->info1, value;
    unsigned reg = (unsigned)MOV_CR_GPR(info);
    struct insn insn;

    guest->length = 0;
    if (!svm_caps.has[SVM_DECODE_ASSISTS] || !(info & MOV_CR_VALID)) {
        if (!guest_instruction(guest, &insn))
            return GUEST_RESUME;
        reg = insn.rm;
        guest->length = insn.length;
    }
    value = reg == GPR_RSP ? guest->ops->get(guest, GUEST_RSP) : guest->gpr[reg];
    if (guest->ops->code_bits(guest) != 64)
        value = (u32)value;
    if (!guest_cr4_fits(guest, value))
        return guest_gp(guest);
    guest->ops->set(guest, GUEST_CR4, value);
    return guest->length ? GUEST_SKIP : GUEST_NEXT;
}

/* The guest takes interrupts now: what waits is delivered by act, as at any exit. */
static enum guest_action exit_window(struct guest *guest)
{
    (void)guest;
    return GUEST_RESUME;
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
    u64 info = c->info1;
    gpa_t at = gpa(c->info2);

    if (c->exit_event & EVENT_VALID && !guest->event.valid && !vm_at(guest->vcpu.vm, at, 1)) {
        vm_stop_text(guest->vcpu.vm,
                     "an INT instruction's delivery touched 0x%lx, where it has no memory", at.v);
        return GUEST_LOOK;
    }
    return guest_exit_unmapped(guest, at, info & NPF_FETCH, info & NPF_WALKING);
}

/* Says why, and stops the machine; the others run on. */
static enum guest_action exit_invalid(struct guest *guest)
{
    const struct vmcb *vmcb = svm_of(guest)->vmcb;
    const char *why = svm_check(vmcb, svm_caps.phys_bits);

    vm_stop_text(guest->vcpu.vm, "its VMRUN failed: %s",
                 why ? why : "every rule that is known here holds");
    svm_dump(vmcb);
    return GUEST_LOOK;
}

static enum guest_action exit_impossible(struct guest *guest)
{
    const struct vmcb_control *c = control_of(guest);

    vm_stop_text(guest->vcpu.vm, "an exit with the code 0x%lx (%s) that nothing had asked for",
                 c->exit_code, svm_exit_name(svm_exit_kind(c->exit_code, c->info1)));
    return GUEST_LOOK;
}

/* Every kind of exit (APM 2, appendix C); an empty slot is one that is never to come. */
static const exit_handler handlers[SVM_KINDS] = {
    [KIND_CR_ACCESS] = exit_cr4,
    [KIND_EXCEPTION] = exit_exception,
    [KIND_INTR] = guest_exit_look,
    [KIND_NMI] = guest_exit_look,
    [KIND_VINTR] = exit_window,
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

/* Where the instruction ends: IOIO always says it, other instructions with NRIP save, else the
 * decoder. False: it cannot be read any more, and a fault is queued or the machine stops. */
static bool next_rip(struct svm_vcpu *v, enum svm_kind kind, u64 *next)
{
    const struct vmcb_control *c = &v->vmcb->control;
    struct insn insn;

    *next = kind == KIND_IO ? c->info2 : svm_caps.has[SVM_NRIPS] ? c->next_rip : 0;
    if (*next)
        return true;
    if (!guest_instruction(&v->guest, &insn))
        return false;
    *next = v->vmcb->save.rip + insn.length;
    return true;
}

/* #DB after the instruction: single-step, or breakpoints that emulation has met. */
static void trap(struct svm_vcpu *v, u64 why)
{
    v->vmcb->save.dr6 |= why;
    svm_dirty(v, CLEAN_DR);
    v->guest.hits = 0;
    guest_raise(&v->guest, VECTOR_DB);
}

/* Past the instruction, which ends a shadow of STI or MOV SS. */
static void advance(struct svm_vcpu *v, u64 next)
{
    struct vmcb_save *s = &v->vmcb->save;

    s->rip = svm_guest_ops.code_bits(&v->guest) == 64 ? next : (u32)next;
    s->rflags &= ~RFLAGS_RF;
    v->vmcb->control.shadow &= ~SHADOW_INTERRUPTS;
    v->shadow_times = 0;
    if (unlikely(s->rflags & RFLAGS_TF))
        trap(v, DR6_BS | v->guest.hits);
}

/* The one place that does what a handler says. True: out to the core. */
static bool act(struct svm_vcpu *v, enum guest_action action, enum svm_kind kind)
{
    struct guest *guest = &v->guest;
    u64 next;

    if (action == GUEST_LOOK)
        return true;
    if (action == GUEST_SKIP)
        advance(v, v->vmcb->save.rip + guest->length);
    else if (action != GUEST_RESUME && next_rip(v, kind, &next))
        advance(v, next);
    if (unlikely(guest->hits))
        trap(v, guest->hits);
    guest->halted = action == GUEST_HALT && !guest_would_wake(guest);
    if (guest->halted)
        return true;
    if (likely(!guest->event.valid && !guest->vcpu.attention && !guest->nmi && !svm_window_open(v)))
        return false;
    return guest_look_up(guest, &svm_event_ops);
}

u32 svm_exited(struct svm_vcpu *v)
{
    u64 start = tsc_read();
    struct vmcb_control *c = &v->vmcb->control;
    enum svm_kind kind = svm_exit_kind(c->exit_code, c->info1);
    exit_handler handler = handlers[kind] ? handlers[kind] : exit_impossible;

    c->clean = v->clean;
    c->event = 0;
    c->tlb_control = TLB_KEEP;
    if (unlikely(c->exit_event & EVENT_VALID))
        svm_requeue(v);
    if (unlikely(svm_emulated)) {
        svm_fetch_xcr0(v);
        svm_keep_shadow(v);
    }
    bool out = act(v, handler(&v->guest), kind);
    u64 now = tsc_read();
    stats_count(&v->guest.vcpu.stats, kind, (u32)(now - start));
    return out || now >= v->deadline;
}

void svm_vcpu_dump(struct vcpu *vcpu)
{
    svm_dump(svm_of(guest_of(vcpu))->vmcb);
}

/* Takes the interrupts that have waited; one suffices if the timer's or another core's kick is
 * among them. */
static void take_interrupts(void)
{
    __asm__ volatile("sti; nop; cli" : : : "memory");
}

enum run_end svm_enter(struct vcpu *vcpu, u64 until)
{
    struct svm_vcpu *v = svm_of(guest_of(vcpu));

    if (v->guest.halted && !guest_would_wake(&v->guest))
        return RUN_BLOCKED;
    v->guest.halted = false;
    __atomic_and_fetch(&vcpu->attention, ~(u32)ATTENTION_TIME, __ATOMIC_SEQ_CST);
    v->deadline = until == ~0ull ? ~0ull : clock_tsc_of(until);
    arch_timer_arm(until);
    if (guest_look_up(&v->guest, &svm_event_ops))
        return RUN_LOOK;
    svm_clgi();
    svm_run(v);
    svm_settle(v);
    svm_vmload(v->host_state);
    svm_stgi();
    take_interrupts();
    return v->guest.halted ? RUN_BLOCKED : RUN_LOOK;
}

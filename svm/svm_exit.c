/* SPDX-License-Identifier: MIT */
#include "svm/svm_vcpu.h"

#include "arch/arch.h"
#include "arch/x86/cpu.h"
#include "arch/x86/guest_cr.h"
#include "arch/x86/guest_space.h"
#include "arch/x86/trap.h"
#include "lib/log.h"
#include "svm/svm_check.h"
#include "svm/svm_cpu.h"
#include "svm/svm_dump.h"
#include "svm/svm_names.h"

/* svm_vcpu has the guest first, so the shared handlers stand in the table themselves. */
typedef enum guest_action (*exit_handler)(struct guest *guest);

static struct vmcb_control *control_of(struct guest *guest)
{
    return &svm_of(guest)->vmcb->control;
}

/* VMCALL is no instruction here; guests that know Intel's hypercall shall have it all the same. */
static enum guest_action exit_invalid_opcode(struct guest *guest)
{
    struct insn insn;

    if (!guest_instruction(guest, &insn))
        return GUEST_RESUME;
    if (!insn_is(&insn, MAP_0F, 0x01) || insn.modrm != 0xc1)
        return guest_ud(guest);
    guest_hypercall(guest);
    guest->length = insn.length;
    return GUEST_SKIP;
}

static enum guest_action exit_debug(struct guest *guest)
{
    struct svm_vcpu *v = svm_of(guest);

    if (svm_step_was_ours(v))
        svm_deliver(v);
    else
        guest_raise(guest, VECTOR_DB);
    return GUEST_RESUME;
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
        return exit_debug(guest);
    case VECTOR_UD:
        return exit_invalid_opcode(guest);
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

/* Interrupts, NMIs: they wait, and are taken as soon as svm_enter sets GIF and IF. */
static enum guest_action exit_look(struct guest *guest)
{
    (void)guest;
    return GUEST_LOOK;
}

static enum guest_action exit_triple_fault(struct guest *guest)
{
    struct vm *vm = guest->vcpu.vm;

    vm->end_rip = svm_of(guest)->vmcb->save.rip;
    vm_stop(vm, VM_END_TRIPLE_FAULT, 0);
    return GUEST_LOOK;
}

static enum guest_action exit_window(struct guest *guest)
{
    svm_deliver(svm_of(guest));
    return GUEST_RESUME;
}

static enum guest_action exit_hlt(struct guest *guest)
{
    (void)guest;
    return GUEST_HALT;
}

static enum guest_action exit_nothing(struct guest *guest)
{
    (void)guest;
    return GUEST_NEXT;
}

/* There is no performance counter, so every index is wrong (APM 3, RDPMC). */
static enum guest_action exit_gp(struct guest *guest)
{
    return guest_gp(guest);
}

static enum guest_action exit_ud(struct guest *guest)
{
    return guest_ud(guest);
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

/* What the exit information says of strings is not the same on all processors, and they are rare:
 * the instruction itself is looked at. */
static enum guest_action string_io(struct guest *guest, struct guest_io *io)
{
    struct insn insn;

    if (!guest_instruction(guest, &insn))
        return GUEST_RESUME;
    io->address_bytes = insn.addr_size;
    io->segment = io->in ? SEG_ES : (enum seg_reg)insn.segment;
    return guest_io(guest, io);
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
    return io.string ? string_io(guest, &io) : guest_io(guest, &io);
}

/* 15.25.6. */
static enum guest_action exit_npf(struct guest *guest)
{
    u64 info = control_of(guest)->info1;
    gpa_t at = gpa(control_of(guest)->info2);

    if (vm_at(guest->vcpu.vm, at, 1)) {
        vm_stop_text(guest->vcpu.vm, "its memory at 0x%lx is not mapped", at.v);
        return GUEST_LOOK;
    }
    if (info & NPF_FETCH && !guest->event.valid)
        return guest_ud(guest); /* code where nothing is: all ones is no instruction */
    return guest_mmio(guest, at, info & NPF_WALKING);
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
    [KIND_INTR] = exit_look,
    [KIND_NMI] = exit_look,
    [KIND_VINTR] = exit_window,
    [KIND_RDPMC] = exit_gp,
    [KIND_CPUID] = guest_cpuid,
    [KIND_IRET] = svm_iret,
    [KIND_INVD] = exit_nothing, /* the caches are coherent, and not the guest's to lose */
    [KIND_PAUSE] = exit_look,
    [KIND_HLT] = exit_hlt,
    [KIND_INVLPGA] = exit_ud,
    [KIND_IO] = exit_io,
    [KIND_MSR] = guest_rdmsr,
    [KIND_WRMSR] = guest_wrmsr,
    [KIND_SHUTDOWN] = exit_triple_fault,
    [KIND_VMRUN] = exit_ud,
    [KIND_VMMCALL] = guest_hypercall,
    [KIND_VMLOAD] = exit_ud,
    [KIND_VMSAVE] = exit_ud,
    [KIND_STGI] = exit_ud,
    [KIND_CLGI] = exit_ud,
    [KIND_SKINIT] = exit_ud,
    [KIND_WBINVD] = exit_nothing,
    [KIND_MONITOR] = exit_ud, /* not in the guest's CPUID, nor the three below */
    [KIND_MWAIT] = exit_ud,
    [KIND_MWAIT_ARMED] = exit_ud,
    [KIND_RDPRU] = exit_ud,
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

/* Past the instruction: it ends a shadow of STI or MOV SS, and under single-step it traps. */
static void advance(struct svm_vcpu *v, u64 next)
{
    struct vmcb_save *s = &v->vmcb->save;

    s->rip = svm_guest_ops.code_bits(&v->guest) == 64 ? next : (u32)next;
    s->rflags &= ~RFLAGS_RF;
    v->vmcb->control.shadow &= ~SHADOW_INTERRUPTS;
    if (unlikely(s->rflags & RFLAGS_TF)) {
        s->dr6 |= DR6_BS;
        svm_dirty(v, CLEAN_DR);
        guest_raise(&v->guest, VECTOR_DB);
    }
}

/* What another core or a device may want of us. True: out to the core. */
static bool look_up(struct svm_vcpu *v)
{
    u32 *attention = &v->guest.vcpu.attention;
    u32 seen = __atomic_fetch_and(attention, (u32)ATTENTION_STOP, __ATOMIC_SEQ_CST);

    if (seen & ATTENTION_STOP)
        return true;
    svm_deliver(v);
    return seen & ATTENTION_TIME;
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
    guest->halted = action == GUEST_HALT && !svm_would_wake(v);
    if (guest->halted)
        return true;
    return unlikely(action == GUEST_HALT || guest->event.valid || guest->vcpu.attention) &&
           look_up(v);
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
    v->stepped = false;
    if (unlikely(v->stepping))
        svm_step_over(v);
    if (unlikely(c->exit_event & EVENT_VALID))
        svm_requeue(v);
    bool out = act(v, handler(&v->guest), kind);
    stats_count(&v->guest.vcpu.stats, kind, (u32)(tsc_read() - start));
    return out;
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

    if (v->guest.halted && !svm_would_wake(v))
        return RUN_BLOCKED;
    v->guest.halted = false;
    __atomic_and_fetch(&vcpu->attention, ~(u32)ATTENTION_TIME, __ATOMIC_SEQ_CST);
    arch_timer_arm(until);
    if (look_up(v))
        return RUN_LOOK;
    svm_clgi();
    svm_run(v);
    svm_settle(v);
    svm_vmload(v->host_state);
    svm_stgi();
    take_interrupts();
    return v->guest.halted ? RUN_BLOCKED : RUN_LOOK;
}

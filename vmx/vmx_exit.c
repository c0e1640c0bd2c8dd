/* SPDX-License-Identifier: MIT */
#include "vmx/vmx_vcpu.h"

#include "arch/arch.h"
#include "arch/x86/clock.h"
#include "arch/x86/cpu.h"
#include "arch/x86/guest_act.h"
#include "arch/x86/guest_debug.h"
#include "arch/x86/guest_dump.h"
#include "arch/x86/guest_exit.h"
#include "arch/x86/guest_task.h"
#include "arch/x86/trap.h"
#include "core/run.h"
#include "lib/fmt.h"
#include "lib/log.h"
#include "vmx/vmx_apic.h"
#include "vmx/vmx_dump.h"
#include "vmx/vmx_names.h"

#define NEVER               (~0ull)
#define TIMER_LONGEST       0xffffffffu
#define ENTRY_MACHINE_CHECK 41

static u32 shadow(void)
{
    return vmcs_read(VMCS_GUEST_BLOCKING) & (u32)(BLOCKING_STI | BLOCKING_MOV_SS);
}

static void end_shadow(struct guest *guest)
{
    (void)guest;
    if (shadow())
        vmcs_write(VMCS_GUEST_BLOCKING, vmcs_read(VMCS_GUEST_BLOCKING) ^ shadow());
}

/* It comes with the next entry, before any interrupt, and the processor itself sets DR6 (25.4.2,
 * 27.7.3). */
static void trap(struct guest *guest, u64 why)
{
    (void)guest;
    _Static_assert(DR6_BS == PENDING_BS && DR6_HITS == PENDING_B0_B3, "DR6's bits");
    vmcs_write(VMCS_GUEST_PENDING_DEBUG,
               vmcs_read(VMCS_GUEST_PENDING_DEBUG) | why | (why & DR6_HITS ? PENDING_ENABLED : 0));
}

/* The exit has left DR6 and DR7.GD as they were (28.1); INT1 (which traps past itself, so its type
 * and length are kept) touches no bit of DR6 anyway (18.3.1.6). */
static cold void debug_exception(struct vmx_vcpu *v, u8 type)
{
    const struct guest_ops *ops = v->guest.ops;
    u64 found = vmcs_read(VMCS_EXIT_QUALIFICATION) & (MASK(3, 0) | MASK(14, 13));

    if (type != EVENT_PRIVILEGED_EXCEPTION)
        ops->set(&v->guest, GUEST_DR6, (ops->get(&v->guest, GUEST_DR6) & ~MASK(3, 0)) | found);
    ops->set(&v->guest, GUEST_DR7, ops->get(&v->guest, GUEST_DR7) & ~BIT(13)); /* GD */
    if (shadow() && vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_TF)
        trap(&v->guest, DR6_BS); /* goes under in this one, but entry asks for it (27.3.1.5) */
}

/* The host's: its handler knows what to do. */
static void machine_check(void)
{
    __asm__ volatile("int $18");
}

static cold enum guest_action exit_exception(struct guest *guest)
{
    struct vmx_vcpu *v = vmx_of(guest);
    u32 event = vmcs_read(VMCS_EXIT_EVENT);
    u8 vector = (u8)event, type = (u8)bits_get(event, 10, 8);

    if (type == EVENT_NMI) {
        __asm__ volatile("int $2"); /* the host's: its IRET ends the blocking that the exit began */
        return GUEST_RESUME;
    }
    if (vector == VECTOR_MACHINE_CHECK) {
        machine_check();
        return GUEST_RESUME;
    }
    if (vector == VECTOR_UD)
        return guest_exit_invalid_opcode(guest);
    /*
     * #DB and #AC are only looked at because a guest can arrange for one to arise while it is being
     * delivered, for ever, with no interrupt let in between (CVE-2015-5307, CVE-2015-8104).
     */
    vmx_requeue(v);
    if (vector == VECTOR_DB)
        debug_exception(v, type);
    guest_raise(&v->guest, vector);
    if (event & EVENT_HAS_ERROR_CODE)
        guest_raise_error(&v->guest, vector, vmcs_read(VMCS_EXIT_ERROR_CODE));
    if (type == EVENT_PRIVILEGED_EXCEPTION || type == EVENT_SOFTWARE_EXCEPTION) {
        v->guest.event.type = type;
        v->guest.event.length = (u8)vmcs_read(VMCS_EXIT_LENGTH);
    }
    return GUEST_RESUME;
}

/* Acknowledged by the exit: the vector is here, and the local APIC waits for its EOI. A kick is
 * mostly for this guest, whose attention tells. */
static enum guest_action exit_interrupt(struct guest *guest)
{
    u32 event = vmcs_read(VMCS_EXIT_EVENT);
    (void)guest;

    if (!(event & EVENT_VALID)) {
        interrupts_let_in();
        return GUEST_LOOK;
    }
    irq_handle((u8)event);
    return (u8)event == VECTOR_KICK && !run_called() ? GUEST_RESUME : GUEST_LOOK;
}

static enum guest_action exit_window(struct guest *guest)
{
    guest_deliver(guest, &vmx_event_ops);
    return GUEST_RESUME;
}

/* The time is looked at after every exit. */
static enum guest_action exit_timer(struct guest *guest)
{
    if (guest->deadline == NEVER) {
        vmx_switch(vmx_of(guest), VMX_PREEMPTION_TIMER, false);
        guest->timed = false;
    }
    return GUEST_RESUME;
}

static enum guest_action exit_cr(struct guest *guest)
{
    return vmx_cr_access(vmx_of(guest));
}

/* Tables 28-5 and 28-14: what the qualification tells, and for INS and OUTS beside it. */
static enum guest_action exit_any_io(struct guest *guest, u32 q)
{
    struct guest_io io = {
        .port = (u16)(q >> 16),
        .bytes = (u8)((q & 7) + 1),
        .in = q & BIT(3),
        .string = q & BIT(4),
        .rep = q & BIT(5),
    };
    if (io.string && !vmx_caps.has[VMX_INS_OUTS_INFO])
        return guest_exit_string_io(guest, &io);
    if (io.string) {
        u32 info = vmcs_read(VMCS_EXIT_INSTRUCTION);
        io.address_bytes = (u8)(2u << bits_get(info, 9, 7));
        io.segment = io.in ? SEG_ES : (enum seg_reg)bits_get(info, 17, 15);
    }
    return guest_io(guest, &io);
}

static no_inline enum guest_action exit_wide_io(struct guest *guest, u32 q)
{
    unsigned bytes = (q & 7) + 1;

    if (q & BIT(4) || vmcs_read(VMCS_GUEST_DR7) & DR7_ENABLES)
        return exit_any_io(guest, q);
    return q & BIT(3) ? guest_in(guest, q >> 16, bytes) : guest_out(guest, q >> 16, bytes);
}

static enum guest_action exit_io(struct guest *guest)
{
    u32 q = (u32)vmcs_read(VMCS_EXIT_QUALIFICATION);

    if (unlikely(q & (7 | BIT(4)) || vmcs_read(VMCS_GUEST_DR7) & DR7_ENABLES))
        return exit_wide_io(guest, q);
    return q & BIT(3) ? guest_in_byte(guest, q >> 16) : guest_out_byte(guest, q >> 16);
}

/* Table 28-2. An NMI through a task gate blocks further ones, and IRET ends that (6.7.1). */
static cold enum guest_action exit_task_switch(struct guest *guest)
{
    struct vmx_vcpu *v = vmx_of(guest);
    u64 q = vmcs_read(VMCS_EXIT_QUALIFICATION);
    struct guest_task_switch how = {.selector = (u16)q,
                                    .source = (enum task_source)bits_get(q, 31, 30)};

    vmx_requeue(v);
    how.event = v->guest.event;
    v->guest.event.valid = false;
    how.length = how.source == TASK_GATE ? how.event.length : (u8)vmcs_read(VMCS_EXIT_LENGTH);
    enum guest_action action = guest_task_switch(&v->guest, &how);
    if (how.source == TASK_IRET)
        vmx_nmi_block(v, false);
    else if (how.event.valid && how.event.type == EVENT_NMI &&
             !(v->guest.event.valid && v->guest.event.type == EVENT_NMI))
        vmx_nmi_block(v, true);
    end_shadow(guest);
    return action;
}

/* Table 28-7: bits 2:0 the access, 7 the linear address is valid, 8 the access was the
 * translation's. */
static enum guest_action exit_ept_violation(struct guest *guest)
{
    u64 q = vmcs_read(VMCS_EXIT_QUALIFICATION);
    gpa_t at = gpa(vmcs_read(VMCS_GUEST_PHYSICAL));

    vmx_requeue(vmx_of(guest));
    if (q & BIT(12) && !guest->event.valid) /* the faulting IRET had ended NMI blocking */
        vmx_nmi_block(vmx_of(guest), true);
    return guest_exit_unmapped(guest, at, q & BIT(2), (q & BIT(7)) && !(q & BIT(8)));
}

static cold enum guest_action exit_impossible(struct guest *guest)
{
    u32 reason = vmcs_read(VMCS_EXIT_REASON);

    return guest_exit_unasked(guest, reason, vmx_exit_name(reason));
}

/* An entry that the processor refuses late comes as an exit. */
static cold enum guest_action exit_odd(struct guest *guest)
{
    u32 reason = vmcs_read(VMCS_EXIT_REASON);

    if (!(reason & VMX_ENTRY_FAILED))
        return exit_impossible(guest);
    if ((u16)reason == ENTRY_MACHINE_CHECK)
        machine_check();
    vmx_entry_failed(vmx_of(guest));
    return GUEST_LOOK;
}

static enum guest_action exit_slowly(struct guest *guest)
{
    (void)guest;
    return GUEST_UNSEEN;
}

/* A reason without a row is one that is never to come. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#define ODD_EXIT VMX_EXIT_REASONS /* one that no manual has; a failed entry */

/* Every basic exit reason (SDM 3, appendix C), but for those below. */
static const guest_exit_handler handlers[VMX_EXIT_REASONS + 1] = {
    [0 ... VMX_EXIT_REASONS - 1] = exit_impossible,
    [0] = exit_exception,
    [2] = guest_exit_triple_fault,
    [9] = exit_task_switch,
    [11] = guest_exit_ud, /* GETSEC */
    [12] = guest_exit_halt,
    [14] = guest_exit_next, /* INVLPG */
    [15] = guest_exit_gp,   /* RDPMC: there is no counter, so every index is wrong (SDM 2) */
    [19] = guest_exit_ud,   /* VMCLEAR */
    [20] = guest_exit_ud,   /* VMLAUNCH */
    [21] = guest_exit_ud,   /* VMPTRLD */
    [22] = guest_exit_ud,   /* VMPTRST */
    [23] = guest_exit_ud,   /* VMREAD */
    [24] = guest_exit_ud,   /* VMRESUME */
    [25] = guest_exit_ud,   /* VMWRITE */
    [26] = guest_exit_ud,   /* VMXOFF */
    [27] = guest_exit_ud,   /* VMXON */
    [28] = exit_cr,
    [36] = guest_exit_ud,   /* MWAIT: not in the guest's CPUID */
    [39] = guest_exit_ud,   /* MONITOR */
    [40] = guest_exit_look, /* PAUSE loops: who else waits? */
    [44] = vmx_apic_access,
    [48] = exit_ept_violation,
    [50] = guest_exit_ud, /* INVEPT */
    [53] = guest_exit_ud, /* INVVPID */
    [55] = guest_xsetbv,
    [58] = guest_exit_ud, /* INVPCID */
    [59] = guest_exit_ud, /* VMFUNC */
    [60] = guest_exit_ud, /* ENCLS */
    [63] = guest_exit_ud, /* XSAVES with bits of XSS that exit: there are none */
    [64] = guest_exit_ud, /* XRSTORS */
    [67] = guest_exit_ud, /* UMWAIT */
    [68] = guest_exit_ud, /* TPAUSE */
    [70] = guest_exit_ud, /* ENCLV */
    [ODD_EXIT] = exit_odd,
};

/*
 * The frequent ones, for vmx_entry.S, which has not saved all registers then: none of these looks
 * at R12 to R15 of the guest's, nor changes them.
 */
const guest_exit_handler vmx_quick[VMX_QUICK_REASONS] = {
    [0 ... VMX_QUICK_REASONS - 1] = exit_slowly,
    [1] = exit_interrupt,
    [7] = exit_window, /* interrupt */
    [8] = exit_window, /* NMI */
    [10] = guest_cpuid,
    [13] = guest_exit_next, /* INVD: the caches are coherent, and not the guest's to lose */
    [18] = guest_hypercall,
    [30] = exit_io,
    [31] = guest_rdmsr,
    [32] = guest_wrmsr,
    [43] = exit_window, /* TPR below threshold */
    [45] = vmx_apic_ended,
    [52] = exit_timer,
    [54] = guest_exit_next, /* WBINVD, WBNOINVD */
    [56] = vmx_apic_written,
};
#pragma GCC diagnostic pop

const char *vmx_exit_kind_name(unsigned kind)
{
    return vmx_exit_name(kind);
}

/* As the processor has counted. */
static bool length(struct guest *guest, u64 *bytes)
{
    (void)guest;
    *bytes = vmcs_read(VMCS_EXIT_LENGTH);
    return true;
}

/* It ends a halt at once (25.4.2). */
static bool trap_waits(struct guest *guest)
{
    (void)guest;
    return vmcs_read(VMCS_GUEST_PENDING_DEBUG);
}

/* The windows exit. */
static bool wants_look(struct guest *guest)
{
    (void)guest;
    return false;
}

static const struct guest_act_ops act_ops = {
    .length = length,
    .end_shadow = end_shadow,
    .trap = trap,
    .trap_waits = trap_waits,
    .wants_look = wants_look,
    .events = &vmx_event_ops,
};

/* The short cut round guest_act. False: nothing is done. */
static bool end_plainly(u64 bytes)
{
    u64 rip = vmcs_read(VMCS_GUEST_RIP);

    if (!guest_ends_plainly(rip, bytes, vmcs_read(VMCS_GUEST_RFLAGS), shadow()))
        return false;
    vmcs_write(VMCS_GUEST_RIP, rip + bytes);
    return true;
}

static void set_timer(u64 ticks)
{
    vmcs_write_any(VMCS_PREEMPTION_TIMER, min_u64(ticks >> vmx_caps.timer_shift, TIMER_LONGEST));
}

/* The preemption timer counts what is left of the time, from each entry anew. */
bool vmx_time_is_over(struct vmx_vcpu *v)
{
    u64 now = tsc_read();

    if (now < v->guest.deadline) {
        set_timer(v->guest.deadline - now);
        return false;
    }
    int raised = guest_timer_fires(&v->guest);
    if (likely(raised != GUEST_APIC_EARLY))
        vmx_apic_sync(&v->guest, raised);
    else if (guest_time_has_come(&v->guest, &vmx_event_ops))
        return true;
    if (v->guest.deadline == NEVER) {
        vmcs_write(VMCS_PREEMPTION_TIMER, TIMER_LONGEST);
        return false;
    }
    now = tsc_read();
    set_timer(v->guest.deadline > now ? v->guest.deadline - now : 0);
    return false;
}

/* What vmx_entry.S has not done by itself. */
bool vmx_exited(struct vmx_vcpu *v, u32 reason, enum guest_action action)
{
    if (likely(action == GUEST_UNSEEN))
        action = handlers[reason](&v->guest);
    if (action == GUEST_RESUME || (action == GUEST_SKIP && end_plainly(v->guest.length)) ||
        (action == GUEST_NEXT && end_plainly(vmcs_read_any(VMCS_EXIT_LENGTH))))
        return (v->guest.event.valid || v->guest.vcpu.attention) &&
               guest_attend(&v->guest, &vmx_event_ops);
    return guest_act(&v->guest, action, &act_ops);
}

/* Says why, and stops the machine; the others run on. */
cold void vmx_entry_failed(struct vmx_vcpu *v)
{
    static struct lock lock;
    static struct vmx_findings findings;
    static char text[VMX_FINDING_TEXT_MAX];
    u32 reason = vmcs_read(VMCS_EXIT_REASON);
    bool late = reason & VMX_ENTRY_FAILED;
    const struct vmcs_image image = {.read = vmcs_read_current};
    struct vmx_msrs msrs;
    struct vm *vm = v->guest.vcpu.vm;

    vmx_read_msrs(&msrs);
    lock_take(&lock);
    vmx_check(&image, &msrs, &findings);
    text[0] = 0;
    if (findings.count)
        vmx_finding_text(&findings.list[0], text, sizeof text);
    vm_stop_text(vm, "its VM entry failed: %s; %s",
                 late ? vmx_entry_failure(reason, vmcs_read(VMCS_EXIT_QUALIFICATION))
                      : vmx_instruction_error(vmcs_read(VMCS_INSTRUCTION_ERROR)),
                 findings.count ? text : "every rule that is known here holds");
    log_error("[%s] vCPU %u: VM entry failed", vm->config->name, v->guest.vcpu.index);
    vmx_dump_findings(&findings);
    lock_drop(&lock);
}

cold void vmx_vcpu_dump(struct vcpu *vcpu)
{
    const struct vmcs_image image = {.read = vmcs_read_current};

    guest_dump(guest_of(vcpu));
    vmx_dump(&image);
}

/*
 * Arms what ends the run in time: the preemption timer, or where there is none the core's own. It
 * is not switched off each time that there is nothing to wait for: most guests soon want it again.
 */
void vmx_arm(struct guest *guest)
{
    u64 time = guest_time(guest);

    if (!vmx_caps.has[VMX_PREEMPTION_TIMER]) {
        guest->deadline = NEVER;
        arch_timer_arm(time);
    } else if (time != NEVER) {
        vmx_switch(vmx_of(guest), VMX_PREEMPTION_TIMER, true);
        guest->timed = true;
    } else {
        vmcs_write(VMCS_PREEMPTION_TIMER, TIMER_LONGEST);
    }
}

enum run_end vmx_enter(struct vcpu *vcpu, u64 until)
{
    struct vmx_vcpu *v = (struct vmx_vcpu *)vcpu;

    if (!guest_wakes(&v->guest))
        return RUN_BLOCKED;
    v->guest.until = until;
    vmx_arm(&v->guest);
    if (guest_look_up(&v->guest, &vmx_event_ops) ||
        (v->guest.deadline != NEVER && vmx_time_is_over(v)))
        return RUN_LOOK;
    vmx_run(v);
    v->guest.timed = false;
    return v->guest.halted ? RUN_BLOCKED : RUN_LOOK;
}

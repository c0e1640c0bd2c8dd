/* SPDX-License-Identifier: MIT */
#include "vmx/vmx_vcpu.h"

#include "arch/arch.h"
#include "arch/x86/clock.h"
#include "arch/x86/cpu.h"
#include "arch/x86/guest_exit.h"
#include "arch/x86/guest_debug.h"
#include "arch/x86/guest_task.h"
#include "arch/x86/trap.h"
#include "lib/fmt.h"
#include "lib/log.h"
#include "vmx/vmx_dump.h"
#include "vmx/vmx_names.h"

#define NEVER (~0ull)

/* vmx_vcpu has the guest first, so the shared handlers stand in the table themselves. */
typedef enum guest_action (*exit_handler)(struct guest *guest);

/* The exit has left DR6 and DR7.GD as they were (28.1); INT1 (which traps past itself, so its type
 * and length are kept) touches no bit of DR6 anyway (18.3.1.6). */
static void debug_exception(struct vmx_vcpu *v, u8 type)
{
    const struct guest_ops *ops = v->guest.ops;
    u64 found = vmcs_read(VMCS_EXIT_QUALIFICATION) & (MASK(3, 0) | MASK(14, 13));

    if (type != EVENT_PRIVILEGED_EXCEPTION)
        ops->set(&v->guest, GUEST_DR6, (ops->get(&v->guest, GUEST_DR6) & ~MASK(3, 0)) | found);
    ops->set(&v->guest, GUEST_DR7, ops->get(&v->guest, GUEST_DR7) & ~BIT(13)); /* GD */
}

static enum guest_action exit_exception(struct guest *guest)
{
    struct vmx_vcpu *v = vmx_of(guest);
    u32 event = vmcs_read(VMCS_EXIT_EVENT);
    u8 vector = (u8)event, type = (u8)bits_get(event, 10, 8);

    if (type == EVENT_NMI) {
        __asm__ volatile("int $2"); /* the host's: its IRET ends the blocking that the exit began */
        return GUEST_RESUME;
    }
    if (vector == VECTOR_MACHINE_CHECK) {
        __asm__ volatile("int $18");
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

/* Acknowledged by the exit: the vector is here, and the local APIC waits for its EOI. */
static enum guest_action exit_interrupt(struct guest *guest)
{
    u32 event = vmcs_read(VMCS_EXIT_EVENT);
    (void)guest;

    if (event & EVENT_VALID)
        irq_handle((u8)event);
    else
        __asm__ volatile("sti; nop; cli" : : : "memory");
    return GUEST_LOOK;
}

static enum guest_action exit_triple_fault(struct guest *guest)
{
    struct vm *vm = guest->vcpu.vm;

    vm->end_rip = vmcs_read(VMCS_GUEST_RIP);
    vm_stop(vm, VM_END_TRIPLE_FAULT, 0);
    return GUEST_LOOK;
}

static enum guest_action exit_window(struct guest *guest)
{
    guest_deliver(guest, &vmx_event_ops);
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

static enum guest_action exit_cr(struct guest *guest)
{
    return vmx_cr_access(vmx_of(guest));
}

/* Tables 28-5 and 28-14: what the qualification tells, and for INS and OUTS beside it. */
static no_inline enum guest_action exit_any_io(struct guest *guest, u64 q)
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

static enum guest_action exit_io(struct guest *guest)
{
    u64 q = vmcs_read(VMCS_EXIT_QUALIFICATION);
    u16 port = (u16)(q >> 16);
    unsigned bytes = (q & 7) + 1;

    if (unlikely(q & BIT(4) || vmcs_read(VMCS_GUEST_DR7) & DR7_ENABLES))
        return exit_any_io(guest, q);
    return q & BIT(3) ? guest_in(guest, port, bytes) : guest_out(guest, port, bytes);
}

/* Table 28-2. An NMI through a task gate blocks further ones, and IRET ends that (6.7.1). */
static enum guest_action exit_task_switch(struct vmx_vcpu *v)
{
    u64 q = vmcs_read(VMCS_EXIT_QUALIFICATION);
    u32 blocking = vmcs_read(VMCS_GUEST_BLOCKING) & ~(u32)(BLOCKING_STI | BLOCKING_MOV_SS);
    struct guest_task_switch how = {.selector = (u16)q,
                                    .source = (enum task_source)bits_get(q, 31, 30)};

    vmx_requeue(v);
    how.event = v->guest.event;
    v->guest.event.valid = false;
    how.length = how.source == TASK_GATE ? how.event.length : (u8)vmcs_read(VMCS_EXIT_LENGTH);
    enum guest_action action = guest_task_switch(&v->guest, &how);
    if (how.source == TASK_IRET)
        blocking &= ~(u32)BLOCKING_NMI;
    else if (how.event.valid && how.event.type == EVENT_NMI &&
             !(v->guest.event.valid && v->guest.event.type == EVENT_NMI))
        blocking |= (u32)BLOCKING_NMI;
    vmcs_write(VMCS_GUEST_BLOCKING, blocking);
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
        vmcs_write(VMCS_GUEST_BLOCKING, vmcs_read(VMCS_GUEST_BLOCKING) | (u32)BLOCKING_NMI);
    if (vm_at(guest->vcpu.vm, at, 1)) {
        vm_stop_text(guest->vcpu.vm, "its memory at 0x%lx is not mapped", at.v);
        return GUEST_LOOK;
    }
    if (q & BIT(2))
        return guest_ud(guest); /* code where nothing is: all ones is no instruction */
    return guest_mmio(guest, at, (q & BIT(7)) && !(q & BIT(8)));
}

static enum guest_action exit_impossible(struct guest *guest)
{
    u32 reason = vmcs_read(VMCS_EXIT_REASON);

    vm_stop_text(guest->vcpu.vm, "an exit for the reason %u (%s) that nothing had asked for",
                 reason, vmx_exit_name(reason));
    return GUEST_LOOK;
}

/* An entry that the processor refuses late comes as an exit. */
static enum guest_action exit_odd(struct guest *guest)
{
    if (!(vmcs_read(VMCS_EXIT_REASON) & VMX_ENTRY_FAILED))
        return exit_impossible(guest);
    vmx_entry_failed(vmx_of(guest));
    return GUEST_LOOK;
}

/* The preemption timer and PAUSE loops: the core looks at the time and at who else waits. */
static enum guest_action exit_look(struct guest *guest)
{
    (void)guest;
    return GUEST_LOOK;
}

static enum guest_action exit_gp(struct guest *guest)
{
    return guest_gp(guest);
}

static enum guest_action exit_ud(struct guest *guest)
{
    return guest_ud(guest);
}

static enum guest_action exit_task_switch_(struct guest *guest)
{
    return exit_task_switch(vmx_of(guest));
}

/* A reason without a row is one that is never to come. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#define ODD_EXIT VMX_EXIT_REASONS /* one that no manual has; a failed entry */

/* Every basic exit reason (SDM 3, appendix C). */
static const exit_handler handlers[VMX_EXIT_REASONS + 1] = {
    [0 ... VMX_EXIT_REASONS - 1] = exit_impossible,
    [0] = exit_exception,
    [1] = exit_interrupt,
    [2] = exit_triple_fault,
    [7] = exit_window, /* interrupt */
    [8] = exit_window, /* NMI */
    [9] = exit_task_switch_,
    [10] = guest_cpuid,
    [11] = exit_ud, /* GETSEC */
    [12] = exit_hlt,
    [13] = exit_nothing, /* INVD: the caches are coherent, and not the guest's to lose */
    [14] = exit_nothing, /* INVLPG */
    [15] = exit_gp,      /* RDPMC: there is no counter, so every index is wrong (SDM 2) */
    [18] = guest_hypercall,
    [19] = exit_ud, /* VMCLEAR */
    [20] = exit_ud, /* VMLAUNCH */
    [21] = exit_ud, /* VMPTRLD */
    [22] = exit_ud, /* VMPTRST */
    [23] = exit_ud, /* VMREAD */
    [24] = exit_ud, /* VMRESUME */
    [25] = exit_ud, /* VMWRITE */
    [26] = exit_ud, /* VMXOFF */
    [27] = exit_ud, /* VMXON */
    [28] = exit_cr,
    [30] = exit_io,
    [31] = guest_rdmsr,
    [32] = guest_wrmsr,
    [36] = exit_ud,   /* MWAIT: not in the guest's CPUID */
    [39] = exit_ud,   /* MONITOR */
    [40] = exit_look, /* PAUSE */
    [48] = exit_ept_violation,
    [50] = exit_ud,      /* INVEPT */
    [52] = exit_look,    /* preemption timer */
    [53] = exit_ud,      /* INVVPID */
    [54] = exit_nothing, /* WBINVD, WBNOINVD */
    [55] = guest_xsetbv,
    [58] = exit_ud, /* INVPCID */
    [59] = exit_ud, /* VMFUNC */
    [60] = exit_ud, /* ENCLS */
    [63] = exit_ud, /* XSAVES with bits of XSS that exit: there are none */
    [64] = exit_ud, /* XRSTORS */
    [67] = exit_ud, /* UMWAIT */
    [68] = exit_ud, /* TPAUSE */
    [70] = exit_ud, /* ENCLV */
    [ODD_EXIT] = exit_odd,
};
#pragma GCC diagnostic pop

const char *vmx_exit_kind_name(unsigned kind)
{
    return vmx_exit_name(kind);
}

/*
 * Past the instruction. It ends a shadow of STI or MOV SS, and under single-step the trap that
 * it would have raised is put where the next entry finds it (25.4.2).
 */
static always_inline void advance(u64 length)
{
    u32 blocking = vmcs_read(VMCS_GUEST_BLOCKING);

    vmcs_write(VMCS_GUEST_RIP, vmcs_read(VMCS_GUEST_RIP) + length);
    if (unlikely(blocking & (BLOCKING_STI | BLOCKING_MOV_SS)))
        vmcs_write(VMCS_GUEST_BLOCKING, blocking & ~(u32)(BLOCKING_STI | BLOCKING_MOV_SS));
    if (unlikely(vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_TF))
        vmcs_write(VMCS_GUEST_PENDING_DEBUG, vmcs_read(VMCS_GUEST_PENDING_DEBUG) | PENDING_BS);
}

/* Breakpoints that emulation has met: their trap comes with the next entry, before any interrupt,
 * and the processor itself sets DR6 (25.4.2, 27.7.3). */
static void trap_later(struct vmx_vcpu *v)
{
    vmcs_write(VMCS_GUEST_PENDING_DEBUG,
               vmcs_read(VMCS_GUEST_PENDING_DEBUG) | v->guest.hits | PENDING_ENABLED);
    v->guest.hits = 0;
}

static no_inline bool look_up(struct vmx_vcpu *v)
{
    return guest_look_up(&v->guest, &vmx_event_ops);
}

/* The time that enter was given: the timer counts what is left of it, from each entry anew. */
static no_inline bool time_is_over(struct vmx_vcpu *v)
{
    u64 now = tsc_read();

    if (now >= v->deadline)
        return true;
    vmcs_write(VMCS_PREEMPTION_TIMER,
               (u32)min_u64((v->deadline - now) >> vmx_caps.timer_shift, 0xffffffff));
    return false;
}

/* What is rarer than going on behind the instruction. True: out to the core. */
static no_inline bool act(struct vmx_vcpu *v, enum guest_action action)
{
    struct guest *guest = &v->guest;

    if (action == GUEST_LOOK)
        return true;
    if (action == GUEST_SKIP) {
        advance(guest->length);
    } else if (action == GUEST_TRAP) {
        advance(vmcs_read(VMCS_EXIT_LENGTH));
    } else if (action == GUEST_HALT) {
        advance(vmcs_read(VMCS_EXIT_LENGTH));
        /* A debug trap that waits ends the halt at once (25.4.2). */
        guest->halted = !vmcs_read(VMCS_GUEST_PENDING_DEBUG) && !guest_would_wake(guest);
        return guest->halted || look_up(v);
    }
    if (unlikely(guest->hits))
        trap_later(v);
    return (guest->event.valid || guest->vcpu.attention) && look_up(v);
}

/* Counted and timed. Goes on with the vCPU, or leaves: NULL. */
static always_inline struct vmx_vcpu *end_exit(struct vmx_vcpu *v, u32 reason, bool out)
{
    stats_count(&v->guest.vcpu.stats, reason, tsc_read_low() - v->exit_began);
    if (COUNT_VMCS)
        vmx_count_exit(reason);
    if (out || (unlikely(v->deadline != NEVER) && time_is_over(v)))
        return NULL;
    return v;
}

static no_inline u32 odd_reason(u32 reason)
{
    (void)reason;
    return ODD_EXIT;
}

/* Every exit. Instructions count here: what an exit mostly is comes first, the rest is called. */
struct vmx_vcpu *vmx_exited(struct vmx_vcpu *v)
{
    v->exit_began = tsc_read_low();
    u32 reason = vmcs_read(VMCS_EXIT_REASON);

    if (unlikely(reason >= VMX_EXIT_REASONS))
        reason = odd_reason(reason);
    enum guest_action action = handlers[reason](&v->guest);
    if (unlikely(action != GUEST_NEXT))
        return end_exit(v, reason, act(v, action));
    advance(vmcs_read(VMCS_EXIT_LENGTH));
    if (unlikely(v->guest.vcpu.attention))
        return end_exit(v, reason, look_up(v));
    return end_exit(v, reason, false);
}

/* Says why, and stops the machine; the others run on. */
void vmx_entry_failed(struct vmx_vcpu *v)
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

void vmx_vcpu_dump(struct vcpu *vcpu)
{
    const struct vmcs_image image = {.read = vmcs_read_current};
    guest_dump(guest_of(vcpu));
    vmx_dump(&image);
}

/* Arms what ends the run in time: the preemption timer, or where there is none the core's own. */
static void arm(struct vmx_vcpu *v, u64 until)
{
    bool timer = vmx_caps.has[VMX_PREEMPTION_TIMER];
    bool limited = until != ~0ull;

    v->deadline = limited && timer ? clock_tsc_of(until) : NEVER;
    if (timer)
        vmx_switch(v, VMX_PREEMPTION_TIMER, limited);
    else
        arch_timer_arm(until);
}

enum run_end vmx_enter(struct vcpu *vcpu, u64 until)
{
    struct vmx_vcpu *v = (struct vmx_vcpu *)vcpu;

    if (v->guest.halted && !guest_would_wake(&v->guest))
        return RUN_BLOCKED;
    v->guest.halted = false;
    arm(v, until);
    if (look_up(v) || (v->deadline != NEVER && time_is_over(v)))
        return RUN_LOOK;
    vmx_run(v);
    return v->guest.halted ? RUN_BLOCKED : RUN_LOOK;
}

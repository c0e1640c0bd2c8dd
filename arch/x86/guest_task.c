/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_task.h"

#include "arch/x86/flags.h"
#include "arch/x86/guest_during.h"
#include "arch/x86/guest_load.h"
#include "arch/x86/guest_space.h"
#include "arch/x86/guest_tss.h"

#define TYPE_BUSY 2 /* in a TSS descriptor's type */
#define TYPE_32   8
#define TYPE_TSS  1

#define DR6_BT    BIT(15)
#define DR7_LOCAL 0x155 /* L0 to L3 and LE: cleared by each switch (18.2.4) */

#define EFLAGS_DEFINED 0x3f7fd5

/* Both tasks. */
struct tasks {
    struct guest *guest;
    const struct guest_task_switch *how;
    u32 external;                /* EXT, for error codes */
    struct guest_descriptor new; /* its TSS's */
    struct guest_segment to;     /* the new TSS itself */
    struct guest_segment from;   /* the old one */
    u16 from_selector;
    bool to_32, from_32;
    struct guest_task_state state; /* the old one's, then the new one's */
};

static bool fault(const struct tasks *t, u8 vector, u16 selector)
{
    return guest_selector_fault(t->guest, vector, selector, t->external);
}

/* CALL and the IDT's gates nest: the new task's IRET comes back. JMP and IRET leave the old one. */
static bool nests(const struct tasks *t)
{
    return t->how->source == TASK_CALL || t->how->source == TASK_GATE;
}

/* 8.3, steps 1 to 5; table 8-1, its first five rows. */
static bool find_new(struct tasks *t)
{
    bool back = t->how->source == TASK_IRET;
    u8 vector = back ? VECTOR_TS : VECTOR_GP;
    u16 selector = t->how->selector;

    if (selector & BIT(2))
        return fault(t, vector, selector); /* a TSS is in the GDT */
    if (!guest_descriptor_read(t->guest, selector, vector, t->external, &t->new))
        return false;
    t->to = guest_descriptor_segment(t->new.raw);
    t->to_32 = t->to.access & TYPE_32;
    if ((t->to.access & (SEGMENT_S | SEGMENT_TYPE) & ~(u32)TYPE_32) !=
        (u32)(back ? TYPE_TSS | TYPE_BUSY : TYPE_TSS))
        return fault(t, vector, selector);
    if (!(t->to.access & SEGMENT_PRESENT))
        return fault(t, VECTOR_NP, selector);
    if (t->to.limit < guest_tss_size(t->to_32) - 1)
        return fault(t, VECTOR_TS, selector);
    return true;
}

static void find_old(struct tasks *t)
{
    t->guest->ops->segment(t->guest, SEG_TR, &t->from);
    t->from_selector = t->guest->ops->selector(t->guest, SEG_TR);
    t->from_32 = t->from.access & TYPE_32;
}

/* Where the old task's descriptor has its access rights; false: TR was never loaded from the GDT.
 */
static bool old_rights(const struct tasks *t, u64 *at)
{
    struct guest_segment gdt;

    t->guest->ops->segment(t->guest, SEG_GDTR, &gdt);
    *at = (u32)(gdt.base + (t->from_selector & 0xfff8u) + 5);
    return t->from_selector & 0xfff8 && (t->from_selector | 7u) <= gdt.limit;
}

/* Step 6: everything that is going to be written or read with the old task's page tables. */
static bool reach(const struct tasks *t)
{
    struct guest *guest = t->guest;
    u64 rights;

    if (t->from.limit < guest_tss_saved_end(t->from_32) - 1)
        return fault(t, VECTOR_TS, t->from_selector);
    if (!guest_tss_reach(guest, t->from.base, t->from_32))
        return false;
    if (!guest_system_reach(guest, t->to.base, guest_tss_size(t->to_32), false))
        return false;
    if (nests(t) && !guest_system_reach(guest, t->to.base, 2, true))
        return false;
    if (!nests(t) && old_rights(t, &rights) && !guest_system_reach(guest, rights, 1, true))
        return false;
    return t->how->source == TASK_IRET || guest_system_reach(guest, (u32)(t->new.at + 5), 1, true);
}

static bool set_busy(struct guest *guest, u64 rights, bool busy)
{
    u8 byte;

    if (!guest_system_read(guest, rights, &byte, 1))
        return false;
    byte = (u8)(busy ? byte | TYPE_BUSY : byte & ~TYPE_BUSY);
    return guest_system_write(guest, rights, &byte, 1);
}

/* Steps 8 and 9: what the old task goes on with, in whose EFLAGS an IRET leaves no nesting. */
static void collect_old(struct tasks *t)
{
    struct guest *guest = t->guest;
    struct guest_task_state *old = &t->state;

    old->eip = (u32)guest->ops->get(guest, GUEST_RIP) + t->how->length;
    old->eflags = (u32)guest->ops->get(guest, GUEST_RFLAGS);
    if (t->how->source == TASK_IRET)
        old->eflags &= ~(u32)RFLAGS_NT;
    guest->gpr[GPR_RSP] = guest->ops->get(guest, GUEST_RSP);
    for (unsigned i = 0; i < array_size(old->gpr); i++)
        old->gpr[i] = (u32)guest->gpr[i];
    for (unsigned i = 0; i < SEG_COUNT; i++)
        old->segment[i] = guest->ops->selector(guest, (enum seg_reg)i);
}

/* Steps 7 to 11, still in the old task: its state goes out, the new one's comes into `t`. */
static bool exchange(struct tasks *t)
{
    struct guest *guest = t->guest;
    u64 rights;

    collect_old(t);
    if (!guest_tss_save(guest, t->from.base, t->from_32, &t->state))
        return false;
    if (!nests(t) && old_rights(t, &rights) && !set_busy(guest, rights, false))
        return false;
    if (!guest_tss_load(guest, t->to.base, t->to_32, &t->state))
        return false;
    if (nests(t)) {
        t->state.eflags |= RFLAGS_NT;
        if (!guest_system_write(guest, t->to.base, &t->from_selector, 2))
            return false;
    }
    return set_busy(guest, (u32)(t->new.at + 5), true);
}

/* Steps 12 and 13, the commit: nothing here can fail. Of the segments only the selectors are
 * loaded. */
static void commit(const struct tasks *t)
{
    struct guest *guest = t->guest;
    const struct guest_ops *ops = guest->ops;
    bool v86 = t->state.eflags & RFLAGS_VM;
    u8 cpl = v86 ? 3 : t->state.segment[SEG_CS] & 3;
    struct guest_segment tr = t->to;

    tr.access |= TYPE_BUSY;
    ops->set_segment(guest, SEG_TR, t->how->selector, &tr);
    ops->set(guest, GUEST_CR0, ops->get(guest, GUEST_CR0) | CR0_TS);
    ops->set(guest, GUEST_DR7, ops->get(guest, GUEST_DR7) & ~(u64)DR7_LOCAL);
    ops->set(guest, GUEST_RIP, t->state.eip);
    ops->set(guest, GUEST_RFLAGS, (t->state.eflags & EFLAGS_DEFINED) | RFLAGS_1);
    for (unsigned i = 0; i < array_size(t->state.gpr); i++)
        guest->gpr[i] = t->state.gpr[i];
    ops->set(guest, GUEST_RSP, t->state.gpr[GPR_RSP]);
    guest_load_selector(guest, SEG_LDTR, t->state.ldt, cpl);
    for (enum seg_reg i = SEG_ES; i < SEG_COUNT; i++) {
        if (v86)
            guest_load_v86(guest, i, t->state.segment[i]);
        else
            guest_load_selector(guest, i, t->state.segment[i], cpl);
    }
}

/* Step 14, in the new task. CS before SS before data: a handler needs them in that order. */
static bool load_segments(const struct tasks *t)
{
    static const enum seg_reg order[] = {SEG_CS, SEG_SS, SEG_DS, SEG_ES, SEG_FS, SEG_GS};

    if (!guest_load_ldtr(t->guest, t->state.ldt, t->external))
        return false;
    if (t->state.eflags & RFLAGS_VM)
        return true;
    for (unsigned i = 0; i < array_size(order); i++)
        if (!guest_load_segment(t->guest, order[i], t->state.segment[order[i]], t->external))
            return false;
    return true;
}

/* On the new task's stack, as wide as its TSS (6.12.2; SDM 2, INT n: TASK-GATE). */
static bool push_error(const struct tasks *t)
{
    struct guest *guest = t->guest;
    struct guest_cpu cpu = {.gpr = guest->gpr, .ctx = guest, .segment = guest->ops->segment};
    struct guest_segment ss;
    struct guest_fault bad;
    unsigned size = t->to_32 ? 4 : 2;
    u64 linear;

    guest->ops->segment(guest, SEG_SS, &ss);
    unsigned address = ss.access & SEGMENT_BIG ? 4 : 2;
    u64 rsp = t->state.gpr[GPR_RSP];
    gpr_write(&rsp, cut(rsp, address) - size, address);
    if (!guest_linear(&cpu, 32, SEG_SS, cut(rsp, address), size, true, &linear, &bad)) {
        guest_raise_error(guest, bad.vector, t->external);
        return false;
    }
    if (!guest_write_linear(guest, linear, &t->how->event.error, size))
        return false;
    guest->gpr[GPR_RSP] = rsp;
    guest->ops->set(guest, GUEST_RSP, rsp);
    return true;
}

static bool eip_fits(const struct tasks *t)
{
    struct guest_segment cs;

    t->guest->ops->segment(t->guest, SEG_CS, &cs);
    if (t->state.eip > cs.limit)
        guest_raise_error(t->guest, VECTOR_GP, t->external);
    return t->state.eip <= cs.limit;
}

/* What may fail in the new task; then the debug trap of its T flag (18.3.1.5). */
static bool enter(const struct tasks *t)
{
    struct guest *guest = t->guest;
    const struct guest_ops *ops = guest->ops;

    if (t->to_32 && ops->get(guest, GUEST_CR0) & CR0_PG && !ops->load_cr3(guest, t->state.cr3)) {
        guest_raise_error(guest, VECTOR_GP, 0); /* as MOV to CR3 (4.4.1) */
        return false;
    }
    if (!load_segments(t) || (t->how->event.has_error && !push_error(t)) || !eip_fits(t))
        return false;
    if (t->state.trap) {
        ops->set(guest, GUEST_DR6, ops->get(guest, GUEST_DR6) | DR6_BT);
        guest_raise(guest, VECTOR_DB);
    }
    return true;
}

enum guest_action guest_task_switch(struct guest *guest, const struct guest_task_switch *how)
{
    bool external = how->event.valid && how->event.type < EVENT_TYPE_SOFTWARE;
    struct tasks t = {.guest = guest, .how = how, .external = external};

    find_old(&t);
    if (!find_new(&t) || !reach(&t) || !exchange(&t)) {
        if (guest->event.valid)
            guest_event_during(guest, &how->event);
        else
            guest->event = how->event; /* page tables that change under us: it is done again */
        return GUEST_RESUME;
    }
    commit(&t);
    if (enter(&t))
        return GUEST_RESUME;
    if (guest->event.valid)
        guest_event_during(guest, &how->event);
    else
        vm_stop_text(guest->vcpu.vm, "its task switch to selector 0x%x found no descriptors",
                     how->selector);
    return GUEST_RESUME;
}

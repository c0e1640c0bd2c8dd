/* SPDX-License-Identifier: MIT */
#include "guests/pc_apic.h"

#include "arch/x86/guest_event.h"
#include "arch/x86/guest_pv.h"
#include "guests/pc_cpu.h"
#include "guests/pc_map.h"
#include "lib/panic.h"
#include "mm/frame.h"

_Static_assert(PC_LAPIC_BASE == GUEST_APIC_PAGE, "the tables say where the engines have it");

/* --- the APIC's host --- */

static u64 host_now(void *ctx)
{
    (void)ctx;
    return vm_now();
}

static u64 host_tsc(void *ctx)
{
    return guest_tsc(((struct pc_cpu *)ctx)->guest);
}

static u64 host_tsc_time(void *ctx, u64 tsc)
{
    return guest_tsc_time(((struct pc_cpu *)ctx)->guest, tsc);
}

static void host_timer(void *ctx)
{
    struct pc_cpu *cpu = ctx;

    cpu->guest->vcpu.deadline = cpu->lapic.deadline;
    guest_rearm(cpu->guest);
}

static void host_ipi(void *ctx, const struct lapic_message *m)
{
    struct pc_cpu *cpu = ctx;
    apic_bus_send(&cpu->pc->apic.bus, m, cpu->guest->vcpu.index);
}

static void host_eoi(void *ctx, u8 vector)
{
    struct pc *pc = ((struct pc_cpu *)ctx)->pc;

    lock_take(&pc->vm->device_lock);
    ioapic_eoi(&pc->apic.ioapic, vector);
    lock_drop(&pc->vm->device_lock);
}

static void host_nmi(void *ctx)
{
    pc_signal_nmi(ctx);
}

static bool ioapic_send(void *ctx, const struct lapic_message *m)
{
    return apic_bus_send(&((struct pc *)ctx)->apic.bus, m, APIC_BUS_NOBODY);
}

/* --- what its processor asks --- */

/* MOV to CR8 has no exit where the processor keeps TPR in the page itself. */
static void follow_tpr(struct pc_cpu *cpu)
{
    struct lapic *l = &cpu->lapic;

    if (unlikely(lapic_tpr(l) != cpu->tpr)) {
        cpu->tpr = lapic_tpr(l);
        lapic_set_tpr(l, cpu->tpr);
    }
}

/* The PIC's output goes to the first processor's LINT0. */
static bool extint_pending(struct pc_cpu *cpu)
{
    bool intr;

    if (cpu->guest->vcpu.index != 0)
        return false;
    intr = __atomic_load_n(&cpu->pc->intr, __ATOMIC_ACQUIRE);
    if (likely(intr == cpu->lapic.lint[0] && !intr))
        return false;
    if (likely(lapic_lint0_extint(&cpu->lapic)))
        return intr;
    if (intr != cpu->lapic.lint[0])
        lapic_lint(&cpu->lapic, 0, intr);
    return false;
}

/* --- the paravirtual EOI (guest_pv.h): the guest is lent the end of an interrupt --- */

/* Nothing else is in service or waits, and no I/O APIC wants to hear of it. */
static void lend_eoi(struct pc_cpu *cpu, u8 vector)
{
    struct lapic *l = &cpu->lapic;
    u32 tmr = l->regs[(LAPIC_TMR + vector / 32 * 16) / 4];

    if (!cpu->eoi_word || l->irr_words || l->isr_words != 1u << vector / 32 ||
        l->regs[(LAPIC_ISR + vector / 32 * 16) / 4] != 1u << vector % 32 || tmr >> vector % 32 & 1)
        return;
    *cpu->eoi_word |= 1;
    cpu->eoi_lent = true;
}

/* The guest has done it; or it is to do it the usual way. Its processor does not run. */
static void settle_eoi(struct pc_cpu *cpu)
{
    bool done = !(*cpu->eoi_word & 1);

    cpu->eoi_lent = false;
    *cpu->eoi_word &= ~1u;
    if (done)
        lapic_eoi(&cpu->lapic);
}

/* What the processor has done to the page, and others have sent. */
static void catch_up(struct pc_cpu *cpu)
{
    lapic_reload(&cpu->lapic);
    if (lapic_has_posted(&cpu->lapic))
        lapic_merge(&cpu->lapic);
    cpu->changed = true;
}

/* What was requested while IF was 0 may still be there behind STI and HLT. */
static bool due_virtually(struct pc_cpu *cpu)
{
    struct lapic *l = &cpu->lapic;

    if (lapic_has_posted(l))
        lapic_merge(l);
    int held = (int)(l->regs[LAPIC_PPR / 4] >> 4);
    return l->raised >> 4 > held || extint_pending(cpu) || lapic_requested(l) >> 4 > held;
}

static bool due(struct guest *guest)
{
    struct pc_cpu *cpu = cpu_of(guest);
    struct lapic *l = &cpu->lapic;

    if (guest->apic_virtual)
        return due_virtually(cpu);
    follow_tpr(cpu);
    if (cpu->eoi_lent && (!(*cpu->eoi_word & 1) || l->irr_words || lapic_has_posted(l)))
        settle_eoi(cpu);
    return extint_pending(cpu) || lapic_pending(l) >= 0;
}

static bool pending(struct guest *guest)
{
    return guest->apic_virtual ? extint_pending(cpu_of(guest)) : due(guest);
}

/*
 * The PIC goes first: it has no part in the APIC's priorities. It also goes where its line has
 * fallen since it was looked at, as another processor may make it, and is spurious then.
 */
static u8 take(struct guest *guest)
{
    struct pc_cpu *cpu = cpu_of(guest);
    bool from_pic = guest->apic_virtual || extint_pending(cpu);
    int next = from_pic ? -1 : lapic_pending(&cpu->lapic);
    u8 vector = (u8)next;

    if (next >= 0) {
        lapic_ack(&cpu->lapic, vector);
        lend_eoi(cpu, vector);
        return vector;
    }
    lock_take(&cpu->pc->vm->device_lock);
    vector = pic_ack(&cpu->pc->pic);
    lock_drop(&cpu->pc->vm->device_lock);
    return vector;
}

static u8 held_back(struct guest *guest)
{
    const struct lapic *l = &cpu_of(guest)->lapic;
    int class = l->irr_top >> 4;

    return class > l->isr_top >> 4 && class <= lapic_cr8(l) ? (u8) class : 0;
}

static enum guest_apic_mode mode(const struct guest *guest)
{
    const struct lapic *l = &cpu_of(guest)->lapic;

    if (lapic_in_memory(l))
        return GUEST_APIC_IN_MEMORY;
    return lapic_base(l) & LAPIC_BASE_X2APIC ? GUEST_APIC_BY_MSR : GUEST_APIC_OFF;
}

static bool enabled(const struct guest *guest)
{
    return lapic_takes_vectors(&cpu_of(guest)->lapic);
}

static void know_all(struct guest *guest)
{
    if (cpu_of(guest)->eoi_lent)
        settle_eoi(cpu_of(guest));
    catch_up(cpu_of(guest));
}

static bool crowded(struct guest *guest)
{
    struct lapic *l = &cpu_of(guest)->lapic;

    know_all(guest);
    return l->irr_top >= 0 && (lapic_pending(l) < 0 || lapic_several(l));
}

static int raised(struct guest *guest)
{
    struct pc_cpu *cpu = cpu_of(guest);
    int vector = lapic_raised(&cpu->lapic);

    return unlikely(cpu->changed || cpu->lapic.tmr_moved) ? GUEST_APIC_ALL : vector;
}

static void view(struct guest *guest, struct guest_apic_view *view)
{
    struct pc_cpu *cpu = cpu_of(guest);
    struct lapic *l = &cpu->lapic;

    catch_up(cpu);
    view->request = l->irr_top < 0 ? 0 : (u8)l->irr_top;
    view->service = l->isr_top < 0 ? 0 : (u8)l->isr_top;
    for (unsigned i = 0; i < 4; i++)
        view->told[i] =
            l->regs[(LAPIC_TMR + 32 * i) / 4] | (u64)l->regs[(LAPIC_TMR + 32 * i + 16) / 4] << 32;
    cpu->changed = l->tmr_moved = false;
}

static void ended(struct guest *guest, u8 vector)
{
    lapic_ended(&cpu_of(guest)->lapic, vector);
}

/* For an access to the registers: what they say is true. */
static struct lapic *settled(struct guest *guest)
{
    struct pc_cpu *cpu = cpu_of(guest);

    if (unlikely(cpu->eoi_lent))
        settle_eoi(cpu);
    if (guest->apic_virtual)
        catch_up(cpu);
    else
        follow_tpr(cpu);
    return &cpu->lapic;
}

/* The timer's time may have come within an access, which is no end of it. */
static void note_raised(struct guest *guest)
{
    if (unlikely(cpu_of(guest)->lapic.raised >= 0))
        vcpu_note(&guest->vcpu, ATTENTION_EVENT);
}

/* The timer's registers have to do with no others: for them the page need not be settled. */
static bool is_timer(u32 offset)
{
    return offset == LAPIC_TIMER_CURRENT || offset == LAPIC_TIMER_INITIAL ||
           offset == LAPIC_LVT_TIMER || offset == LAPIC_TIMER_DIVIDE;
}

static u32 read(struct guest *guest, u32 offset)
{
    u32 value = lapic_read(is_timer(offset) ? &cpu_of(guest)->lapic : settled(guest), offset);

    note_raised(guest);
    return value;
}

static void write(struct guest *guest, u32 offset, u32 value)
{
    if (is_timer(offset)) {
        lapic_write(&cpu_of(guest)->lapic, offset, value);
        note_raised(guest);
    } else {
        lapic_write(settled(guest), offset, value);
        guest_apic_wrote(guest);
    }
}

static cold bool write_eoi_msr(struct guest *guest, u64 value)
{
    struct pc_cpu *cpu = cpu_of(guest);
    u32 *word = value & 1 ? vm_at(cpu->pc->vm, gpa(value & ~1ull), sizeof *word) : NULL;

    if (value & 2 || !(value & 1) != !word)
        return false;
    settled(guest);
    cpu->eoi_word = word;
    cpu->eoi_msr = value;
    return true;
}

#define MSR_APIC_BASE    0x1bu
#define MSR_X2APIC       0x800u
#define MSR_X2APIC_ICR   0x830u
#define MSR_TSC_DEADLINE 0x6e0u

static bool is_timer_msr(u32 msr)
{
    return msr == MSR_TSC_DEADLINE || is_timer((msr - MSR_X2APIC) << 4);
}

static bool read_msr(struct guest *guest, u32 msr, u64 *value)
{
    struct lapic *l = is_timer_msr(msr) ? &cpu_of(guest)->lapic : settled(guest);
    bool good = true;

    if (msr == MSR_PV_EOI)
        *value = cpu_of(guest)->eoi_msr;
    else if (msr == MSR_APIC_BASE)
        *value = lapic_base(l);
    else if (msr == MSR_TSC_DEADLINE)
        *value = lapic_tsc_deadline(l);
    else
        good = lapic_rdmsr(l, msr, value);
    note_raised(guest);
    return good;
}

/* Nothing but IRR may change here, and that only if it is for itself. */
static bool send(struct guest *guest, u64 icr)
{
    struct lapic *l = &cpu_of(guest)->lapic;

    if (!lapic_wrmsr(l, MSR_X2APIC_ICR, icr))
        return false;
    if (l->raised >= 0)
        vcpu_note(&guest->vcpu, ATTENTION_EVENT);
    return true;
}

/* In short: nothing but the timer is touched, and maybe IRR. */
static void arm(struct guest *guest, u64 tsc)
{
    if (unlikely(lapic_set_tsc_deadline(&cpu_of(guest)->lapic, tsc)))
        vcpu_note(&guest->vcpu, ATTENTION_EVENT);
}

static int fire(struct guest *guest)
{
    struct pc_cpu *cpu = cpu_of(guest);
    struct lapic *l = &cpu->lapic;

    if (likely(l->tsc_deadline)) {
        if (!lapic_fire(l, guest_tsc(guest)))
            return GUEST_APIC_EARLY;
        host_timer(cpu);
    } else {
        u64 now = vm_now();
        if (now < l->deadline)
            return GUEST_APIC_EARLY;
        lapic_expire(l, now);
    }
    return unlikely(cpu->changed || l->tmr_moved) ? GUEST_APIC_ALL : lapic_raised_here(l);
}

static bool write_timer_msr(struct guest *guest, u32 msr, u64 value)
{
    if (msr == MSR_TSC_DEADLINE) {
        arm(guest, value);
        return true;
    }
    bool good = lapic_wrmsr(&cpu_of(guest)->lapic, msr, value);
    note_raised(guest);
    return good;
}

static bool write_msr(struct guest *guest, u32 msr, u64 value)
{
    bool good;

    if (is_timer_msr(msr))
        return write_timer_msr(guest, msr, value);
    if (msr == MSR_PV_EOI)
        good = write_eoi_msr(guest, value);
    else if (msr == MSR_APIC_BASE)
        good = lapic_set_base(settled(guest), value);
    else
        good = lapic_wrmsr(settled(guest), msr, value);
    guest_apic_wrote(guest);
    return good;
}

static void tsc_changed(struct guest *guest)
{
    lapic_tsc_changed(&cpu_of(guest)->lapic);
    note_raised(guest);
    guest_pv_tsc_changed(guest);
}

static const struct guest_apic_ops apic_ops = {
    .pending = pending,
    .take = take,
    .due = due,
    .held_back = held_back,
    .read = read,
    .write = write,
    .msr_read = read_msr,
    .msr_write = write_msr,
    .mode = mode,
    .enabled = enabled,
    .catch_up = know_all,
    .raised = raised,
    .view = view,
    .ended = ended,
    .crowded = crowded,
    .send = send,
    .arm = arm,
    .fire = fire,
    .tsc_changed = tsc_changed,
};

/* --- the machine's --- */

void pc_apic_expire(struct vcpu *vcpu, u64 now)
{
    struct pc_cpu *cpu = cpu_of(guest_of(vcpu));

    lapic_expire(&cpu->lapic, now);
    vcpu_note(vcpu, ATTENTION_EVENT);
}

/* The PIT is at pin 2 of the I/O APIC, where the PIC has its cascade. */
void pc_apic_isa(struct pc *pc, unsigned irq, bool level)
{
    ioapic_line(&pc->apic.ioapic, irq == PC_IRQ_PIT ? (unsigned)PC_PIN_PIT : irq, level);
}

void pc_apic_intr(struct pc *pc, bool level)
{
    __atomic_store_n(&pc->intr, level, __ATOMIC_RELEASE);
    if (level && pc->vm->vcpu_count)
        vcpu_call(pc->vm->vcpu[0], ATTENTION_EVENT);
}

cold const char *pc_apic_init(struct pc *pc)
{
    struct pc_apic *apic = &pc->apic;

    ioapic_init(&apic->ioapic, &pc->host, ioapic_send, pc);
    apic_bus_init(&apic->bus, pc_deliver, pc);
    return io_bus_add(&pc->vm->mmio, PC_IOAPIC_BASE, IOAPIC_SIZE, &apic->ioapic.dev, 0);
}

/* As a PC's firmware leaves the first processor's: the PIC's output comes through as it would
 * without an APIC (MP specification 1.4, 3.6.2.2, "virtual wire"), and NMI with it. */
static cold void wire_through(struct lapic *l)
{
    lapic_write(l, LAPIC_SVR, 0x1ff);
    lapic_write(l, LAPIC_LVT_LINT0, APIC_EXTINT << LAPIC_LVT_MODE_SHIFT);
    lapic_write(l, LAPIC_LVT_LINT1, APIC_NMI << LAPIC_LVT_MODE_SHIFT);
}

cold bool pc_apic_add(struct pc *pc, struct vcpu *vcpu)
{
    hpa_t block = frame_alloc(CPU_BLOCK);
    struct guest *guest = guest_of(vcpu);

    if (hpa_is_none(block))
        return false;
    struct pc_cpu *cpu = hpa_ptr(block);
    cpu->pc = pc;
    cpu->guest = guest;
    cpu->waits = vcpu->index != 0;
    cpu->host = (struct lapic_host){cpu,        host_now, host_tsc, host_tsc_time,
                                    host_timer, host_ipi, host_eoi, host_nmi};
    guest->apic = &apic_ops;
    guest->apic_owner = cpu;
    guest->apic_page = cpu->page;
    lapic_init(&cpu->lapic, cpu->page, &cpu->host, vcpu->index, vcpu->index == 0);
    if (vcpu->index == 0)
        wire_through(&cpu->lapic);
    vcpu->deadline = cpu->lapic.deadline;
    pc->apic.cpu[vcpu->index] = cpu;
    return apic_bus_add(&pc->apic.bus, &cpu->lapic);
}

cold void pc_apic_destroy(struct pc *pc)
{
    for (unsigned i = 0; i < array_size(pc->apic.cpu); i++) {
        if (!pc->apic.cpu[i])
            continue;
        const char *error = frame_free(ptr_hpa(pc->apic.cpu[i]), CPU_BLOCK);
        hv_assert(!error);
        pc->apic.cpu[i] = NULL;
    }
}

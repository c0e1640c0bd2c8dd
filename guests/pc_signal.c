/* SPDX-License-Identifier: MIT */
/*
 * From one processor to another: interrupts, NMI, INIT and start-up IPIs (SDM 3, 9.4, 11.6).
 */
#include "guests/pc_cpu.h"

/* Another processor has sent INIT; a start-up IPI, with its vector in bits 15:8; behind INIT, an
 * NMI. */
enum { SIGNAL_INIT = 1, SIGNAL_STARTUP = 2, SIGNAL_NMI = 4 };

/* The NMI belongs to the life that an INIT on its way begins, not to the one that it ends. */
static bool behind_init(struct pc_cpu *cpu)
{
    u32 seen = __atomic_load_n(&cpu->signals, __ATOMIC_SEQ_CST);

    while (unlikely(seen & SIGNAL_INIT))
        if (__atomic_compare_exchange_n(&cpu->signals, &seen, seen | SIGNAL_NMI, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return true;
    return false;
}

/* A processor that waits for its start-up IPI has NMIs blocked (SDM 3, 26.2), so one waits. */
void pc_signal_nmi(struct pc_cpu *cpu)
{
    if (behind_init(cpu))
        return;
    __atomic_store_n(&cpu->guest->nmi, true, __ATOMIC_RELEASE);
    vcpu_call(&cpu->guest->vcpu, ATTENTION_EVENT);
}

/* The first processor would begin at its firmware again, which is the machine's reset. */
static void signal_init(struct pc_cpu *cpu)
{
    if (cpu->guest->vcpu.index == 0) {
        vm_stop(cpu->pc->vm, VM_END_RESET, 0);
        return;
    }
    __atomic_store_n(&cpu->signals, SIGNAL_INIT, __ATOMIC_SEQ_CST);
    vcpu_call(&cpu->guest->vcpu, ATTENTION_SIGNAL);
}

/* The first one after an INIT counts; which it is, the receiver finds out. */
static void signal_startup(struct pc_cpu *cpu, u8 vector)
{
    u32 seen = __atomic_load_n(&cpu->signals, __ATOMIC_SEQ_CST);

    do {
        if (seen & SIGNAL_STARTUP)
            return;
    } while (!__atomic_compare_exchange_n(&cpu->signals, &seen,
                                          seen | SIGNAL_STARTUP | (u32)vector << 8, false,
                                          __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    vcpu_call(&cpu->guest->vcpu, ATTENTION_SIGNAL);
}

/* On the sender's core. */
void pc_deliver(void *ctx, unsigned index, enum apic_mode mode, u8 vector, bool level)
{
    struct pc_cpu *cpu = ((struct pc *)ctx)->apic.cpu[index];

    switch (mode) {
    case APIC_NMI:
        pc_signal_nmi(cpu);
        break;
    case APIC_INIT:
        signal_init(cpu);
        break;
    case APIC_STARTUP:
        signal_startup(cpu, vector);
        break;
    case APIC_EXTINT: /* the PIC's output reaches the first processor by a wire of its own */
        break;
    default:
        if (lapic_post(&cpu->lapic, vector, level))
            vcpu_call(&cpu->guest->vcpu, ATTENTION_EVENT);
    }
}

/* Table 10-1 for INIT, EDX the processor's signature; where a start-up IPI begins: 9.4.3. */
static void make_start(const struct guest *guest, struct guest_start *start, u8 vector)
{
    u32 leaf[4];

    guest_cpuid_leaf(guest, 1, 0, leaf);
    *start = (struct guest_start){
        .mode = GUEST_REAL16,
        .rdx = leaf[0],
        .cr0 = 0x10, /* ET; caching stays as it was: on */
        .cs = {(u64)vector << 12, 0xffff, (u16)(vector << 8), 0x9b},
        .data = {0,                 0xffff, 0,                  0x93},
        .tr = {0,                 0xffff, 0,                  0x8b},
        .gdt_limit = 0xffff,
        .idt_limit = 0xffff,
    };
}

/* What was signalled. INIT ends an NMI that waited, but for one behind it: before `signals` is
 * taken, as from then on an NMI is for the new life. */
static u32 take_signals(struct pc_cpu *cpu)
{
    u32 seen = __atomic_load_n(&cpu->signals, __ATOMIC_SEQ_CST);

    do {
        if (seen & SIGNAL_INIT)
            __atomic_store_n(&cpu->guest->nmi, false, __ATOMIC_SEQ_CST);
    } while (!__atomic_compare_exchange_n(&cpu->signals, &seen, 0, false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST));
    if (seen & SIGNAL_NMI)
        __atomic_store_n(&cpu->guest->nmi, true, __ATOMIC_SEQ_CST);
    return seen;
}

bool pc_apic_signalled(struct vcpu *vcpu, const struct guest_start **start)
{
    struct pc_cpu *cpu = cpu_of(guest_of(vcpu));
    u32 signals = take_signals(cpu);
    bool reset = signals & SIGNAL_INIT;

    *start = NULL;
    if (reset) {
        lapic_init_signal(&cpu->lapic);
        cpu->waits = true;
    }
    if (!cpu->waits || !(signals & SIGNAL_STARTUP))
        return reset;
    cpu->waits = false;
    make_start(cpu->guest, &cpu->start, (u8)(signals >> 8));
    *start = &cpu->start;
    return true;
}

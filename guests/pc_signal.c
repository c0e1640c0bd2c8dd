/* SPDX-License-Identifier: MIT */
/*
 * From one processor to another: interrupts, NMI, INIT and start-up IPIs (SDM 3, 9.4, 11.6).
 */
#include "guests/pc_cpu.h"

/* Another processor has sent INIT; a start-up IPI, with its vector in bits 15:8. */
enum { SIGNAL_INIT = 1, SIGNAL_STARTUP = 2 };

void pc_signal_nmi(struct pc_cpu *cpu)
{
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

/* Table 10-1 for INIT; where a start-up IPI begins: 9.4.3. */
static void make_start(struct guest_start *start, u8 vector)
{
    *start = (struct guest_start){
        .mode = GUEST_REAL16,
        .cr0 = 0x10, /* ET; caching stays as it was: on */
        .cs = {(u64)vector << 12, 0xffff, (u16)(vector << 8), 0x9b},
        .data = {0,                 0xffff, 0,                  0x93},
        .tr = {0,                 0xffff, 0,                  0x8b},
        .gdt_limit = 0xffff,
        .idt_limit = 0xffff,
    };
}

bool pc_apic_signalled(struct vcpu *vcpu, const struct guest_start **start)
{
    struct pc_cpu *cpu = cpu_of(guest_of(vcpu));
    u32 signals = __atomic_exchange_n(&cpu->signals, 0, __ATOMIC_SEQ_CST);
    bool reset = signals & SIGNAL_INIT;

    *start = NULL;
    if (reset) {
        lapic_init_signal(&cpu->lapic);
        cpu->waits = true;
    }
    if (!cpu->waits || !(signals & SIGNAL_STARTUP))
        return reset;
    cpu->waits = false;
    make_start(&cpu->start, (u8)(signals >> 8));
    *start = &cpu->start;
    return true;
}

/* SPDX-License-Identifier: MIT */
#include "arch/x86/trap.h"

#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/panic.h"
#include "arch/x86/percpu.h"

struct fixup {
    u64 at, resume;
};

extern const struct fixup fixup_start[], fixup_end[];

u64 trap_blind;
static void (*irq_handlers[256 - VECTOR_FIRST])(void);

static const char *const trap_names[32] = {
    "divide error",
    "debug",
    "NMI",
    "breakpoint",
    "overflow",
    "bound range",
    "invalid opcode",
    "no FPU",
    "double fault",
    "coprocessor overrun",
    "invalid TSS",
    "segment not present",
    "stack fault",
    "general protection",
    "page fault",
    "reserved (15)",
    "x87 error",
    "alignment check",
    "machine check",
    "SIMD error",
    "virtualization",
    "control protection",
};

const char *trap_name(unsigned vector)
{
    return vector < array_size(trap_names) && trap_names[vector] ? trap_names[vector] : "reserved";
}

void irq_set_handler(unsigned vector, void (*handler)(void))
{
    irq_handlers[vector - VECTOR_FIRST] = handler;
}

void irq_handle(unsigned vector)
{
    this_cpu()->interrupts++;
    if (vector == VECTOR_SPURIOUS)
        return; /* not acknowledged: SDM 3, 11.9 */
    if (vector >= VECTOR_FIRST && irq_handlers[vector - VECTOR_FIRST])
        irq_handlers[vector - VECTOR_FIRST]();
    apic_eoi();
}

static bool fix_up(struct trap_frame *frame)
{
    for (const struct fixup *f = fixup_start; f < fixup_end; f++) {
        if (f->at == frame->rip) {
            frame->rip = f->resume;
            return true;
        }
    }
    return false;
}

void trap_handle(struct trap_frame *frame)
{
    if (frame->vector >= 32)
        irq_handle((unsigned)frame->vector);
    else if (frame->vector == VECTOR_NMI)
        panic_nmi();
    else if (frame->vector == VECTOR_DOUBLE_FAULT || frame->vector == VECTOR_MACHINE_CHECK ||
             !fix_up(frame))
        panic_trap(frame);
}

/* SPDX-License-Identifier: MIT */
/*
 * Executes an instruction that the processor could not because its memory operand is a device:
 * struct mmio_op over the guest's registers and a bus. Pure. Everything that can fault is checked
 * before anything is changed, so that a fault leaves the guest before the instruction (or before
 * the iteration).
 */
#ifndef ARCH_X86_MMIO_EMULATE_H
#define ARCH_X86_MMIO_EMULATE_H

#include "arch/x86/guest_cpu.h"
#include "arch/x86/mmio_op.h"
#include "mm/addr.h"

/* Where the accesses go. Either side of MOVS, and either page of an access that crosses two, may
 * be RAM: `read` and `write` tell by the address. */
struct mmio_bus {
    void *ctx;
    /* Linear to guest-physical by the guest's page tables; false with the fault. Writing implies
     * reading. */
    bool (*translate)(void *ctx, u64 linear, bool write, gpa_t *at, struct guest_fault *fault);
    /* 1 to 8 bytes in one page, nothing above them. A device is accessed once, with this width. */
    u64 (*read)(void *ctx, gpa_t at, unsigned size);
    void (*write)(void *ctx, gpa_t at, unsigned size, u64 value);
};

enum mmio_result {
    MMIO_DONE,  /* advance RIP */
    MMIO_AGAIN, /* a repeated string instruction is not through: leave RIP, deliver what is pending
                 */
    MMIO_FAULT, /* inject `fault`; RIP stays */
};

/*
 * `known` is the guest-physical address that the exit reported, or GPA_UNKNOWN: where it can only
 * be that of the one memory operand, the guest's page tables are not walked. At most `batch`
 * iterations of a repeated instruction are done (at least one); with RFLAGS.TF pass 1. cpu->gpr and
 * cpu->rflags are changed, RIP is not.
 */
enum mmio_result must_check mmio_emulate(const struct mmio_op *op, struct guest_cpu *cpu,
                                         const struct mmio_bus *bus, gpa_t known, unsigned batch,
                                         struct guest_fault *fault);

#define GPA_UNKNOWN ((gpa_t){~0ull})

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What emulation sees of a guest's processor, and how its addresses come about: the effective
 * address of an instruction, then segmentation to a linear one (SDM volume 3, chapters 3 and 5).
 * Paging is guest_walk.h. The vendor fills struct guest_cpu; nothing here knows VMX or SVM.
 */
#ifndef ARCH_X86_GUEST_CPU_H
#define ARCH_X86_GUEST_CPU_H

#include "arch/x86/decode.h"

/* An exception that the guest is to receive. */
struct guest_fault {
    u8 vector;
    bool has_error;
    u32 error;
    u64 address; /* for CR2, of a page fault */
};

enum {
    VECTOR_DB = 1,
    VECTOR_UD = 6,
    VECTOR_DF = 8,
    VECTOR_TS = 10,
    VECTOR_NP = 11,
    VECTOR_SS = 12,
    VECTOR_GP = 13,
    VECTOR_PF = 14,
    VECTOR_AC = 17,
};

/* Access rights as the VMCS has them (SDM volume 3, 25.4.1). SVM's attributes are these with bits
 * 11:8 standing for 15:12. */
#define SEGMENT_TYPE     0x000f
#define SEGMENT_WRITABLE 0x0002 /* data; for code: readable */
#define SEGMENT_DOWN     0x0004 /* data: expand-down */
#define SEGMENT_CODE     0x0008
#define SEGMENT_S        0x0010 /* code or data, not a system segment */
#define SEGMENT_DPL(n)   ((u32)(n) << 5)
#define SEGMENT_PRESENT  0x0080
#define SEGMENT_BIG      0x4000
#define SEGMENT_PAGES    0x8000 /* G: the descriptor's limit counts pages */
#define SEGMENT_UNUSABLE 0x10000

struct guest_segment {
    u64 base;
    u32 limit; /* in bytes, after G */
    u32 access;
};

struct guest_cpu {
    u64 *gpr; /* 16, in the order of enum gpr */
    u64 rip;  /* of the instruction itself */
    u64 rflags;
    u8 linear_bits; /* 48, or 57 with CR4.LA57 */
    bool real_mode; /* CR0.PE is clear: segments have no type */
    /* Called only where a segment counts: in 64-bit mode that is FS and GS alone. */
    void *ctx;
    void (*segment)(void *ctx, enum seg_reg which, struct guest_segment *out);
};

/* Cuts to `bytes` (1, 2, 4 or 8). */
static inline u64 cut(u64 value, unsigned bytes)
{
    return bytes >= 8 ? value : value & ((1ull << (8 * bytes)) - 1);
}

/* Writes the low `bytes` of a register as the processor does: 4 clear the upper half, 1 and 2 keep
 * the rest. */
static inline void gpr_write(u64 *reg, u64 value, unsigned bytes)
{
    u64 keep = bytes >= 4 ? 0 : *reg & ~cut(~0ull, bytes);
    *reg = keep | cut(value, bytes);
}

/* The offset that the memory operand (insn.has_mem) names, wrapped to the address size. */
static inline u64 insn_offset(const struct insn *insn, const struct guest_cpu *cpu)
{
    u64 offset = (u64)insn->disp;
    if (insn->base < GPR_RIP)
        offset += cpu->gpr[insn->base];
    else if (insn->base == GPR_RIP)
        offset += cpu->rip + insn->length;
    if (insn->index != GPR_NONE)
        offset += cpu->gpr[insn->index] << insn->scale;
    return cut(offset, insn->addr_size);
}

/* Both ends in the same half: bits 63 to linear_bits - 1 all alike. */
static always_inline bool is_canonical(u64 linear, unsigned linear_bits)
{
    return (linear + (1ull << (linear_bits - 1))) >> linear_bits == 0;
}

bool must_check guest_linear_any(const struct guest_cpu *cpu, unsigned bits, enum seg_reg which,
                                 u64 offset, unsigned size, bool write, u64 *linear,
                                 struct guest_fault *fault);

/*
 * Segment and offset to a linear address, for `size` bytes. False with the #GP(0) or #SS(0) that
 * the processor would raise: limit, type, unusable segment, an address that is not canonical.
 */
static always_inline bool must_check guest_linear(const struct guest_cpu *cpu, unsigned bits,
                                                  enum seg_reg which, u64 offset, unsigned size,
                                                  bool write, u64 *linear,
                                                  struct guest_fault *fault)
{
    if (unlikely(bits != 64 || which >= SEG_FS || !is_canonical(offset, cpu->linear_bits) ||
                 !is_canonical(offset + size - 1, cpu->linear_bits)))
        return guest_linear_any(cpu, bits, which, offset, size, write, linear, fault);
    *linear = offset; /* flat: most of what there is */
    return true;
}

#endif

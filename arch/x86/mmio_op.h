/* SPDX-License-Identifier: MIT */
/*
 * What a decoded instruction does to memory, in neutral words: the small set with which software
 * drives device registers. An instruction outside the set (vector moves, far pointers, branches,
 * MUL and DIV) is "not for MMIO", and the caller decides what becomes of its guest.
 */
#ifndef ARCH_X86_MMIO_OP_H
#define ARCH_X86_MMIO_OP_H

#include "arch/x86/alu.h"
#include "arch/x86/decode.h"

enum mmio_kind {
    MMIO_LOAD,    /* register <- memory, extended to reg_width */
    MMIO_STORE,   /* memory <- register or immediate */
    MMIO_ALU_REG, /* register <- register or immediate alu memory */
    MMIO_ALU_MEM, /* memory <- memory alu register or immediate; CMP, TEST write nothing */
    MMIO_UNARY,   /* memory <- alu memory */
    MMIO_BIT,     /* BT and kin; a register counts bits from the operand on, either way */
    MMIO_XCHG,
    MMIO_XADD,
    MMIO_CMPXCHG,
    MMIO_CMPXCHG8B,
    MMIO_SET,  /* SETcc */
    MMIO_CMOV, /* reads memory whether or not the condition holds */
    MMIO_PUSH, /* memory to the stack */
    MMIO_POP,  /* the stack to memory */
    MMIO_MOVS,
    MMIO_STOS,
    MMIO_LODS,
    MMIO_CMPS,
    MMIO_SCAS,
};

struct mmio_op {
    u8 kind;
    u8 alu;             /* enum alu_op, where the kind has one */
    u8 condition;       /* as alu_condition() has it */
    u8 width;           /* bytes of one memory access */
    u8 reg_width;       /* of the register a load goes to */
    u8 reg;             /* enum gpr */
    bool high;          /* the register is AH, CH, DH or BH: reg is its A, C, D or B */
    bool has_imm;       /* the source is `imm`, not the register */
    bool sign;          /* the load sign-extends */
    bool swap;          /* MOVBE */
    bool reads, writes; /* memory; of MOVS and CMPS each side, not the stack */
    s64 imm;
    const struct insn *insn; /* for the address, the segment and REP; must outlive this */
};

/* False if the instruction is not for MMIO. */
bool must_check mmio_op_of(const struct insn *insn, struct mmio_op *op);

/* A load or a store, and no more than that. */
static inline bool mmio_op_is_move(const struct mmio_op *op)
{
    return op->kind <= MMIO_STORE;
}

static inline bool mmio_op_is_string(const struct mmio_op *op)
{
    return op->kind >= MMIO_MOVS;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The integer operations of emulated instructions, with the flags that the processor would leave
 * (SDM volume 1, appendix A). Flags that the manual calls undefined are left as they were, or
 * cleared (AF of the logical ones), as processors do.
 */
#ifndef ARCH_X86_ALU_H
#define ARCH_X86_ALU_H

#include "arch/x86/flags.h"
#include "lib/types.h"

/* The first eight as bits 5:3 of their opcodes, the last four as bits 4:3 of theirs. */
enum alu_op {
    ALU_ADD,
    ALU_OR,
    ALU_ADC,
    ALU_SBB,
    ALU_AND,
    ALU_SUB,
    ALU_XOR,
    ALU_CMP,
    ALU_TEST,
    ALU_NOT,
    ALU_NEG,
    ALU_INC,
    ALU_DEC,
    ALU_BT,
    ALU_BTS,
    ALU_BTR,
    ALU_BTC,
};

/* Does the operation change its destination? */
static inline bool alu_writes(enum alu_op op)
{
    return op != ALU_CMP && op != ALU_TEST && op != ALU_BT;
}

/*
 * a op b on `width` bytes (1, 2, 4, 8); what is above is ignored, and 0 in the result. The unary
 * operations look at `a` only; of the bit operations `b` is the bit's number, modulo the width.
 */
u64 alu_do(enum alu_op op, u64 a, u64 b, unsigned width, u64 *rflags);

#endif

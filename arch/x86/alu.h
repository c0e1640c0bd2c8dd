/* SPDX-License-Identifier: MIT */
/*
 * The integer operations of emulated instructions, with the flags that the processor would leave
 * (SDM volume 1, appendix A). Flags that the manual calls undefined are left as they were, or
 * cleared (AF of the logical ones and the shifts), as processors do.
 */
#ifndef ARCH_X86_ALU_H
#define ARCH_X86_ALU_H

#include "arch/x86/flags.h"
#include "lib/types.h"

/* The first eight as bits 5:3 of their opcodes, the bit operations as bits 4:3 of theirs, the
 * shifts as their ModRM.reg. */
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
    ALU_IMUL,
    ALU_ROL,
    ALU_ROR,
    ALU_RCL,
    ALU_RCR,
    ALU_SHL,
    ALU_SHR,
    ALU_SAL,
    ALU_SAR,
};

/* Does the operation change its destination? */
static inline bool alu_writes(enum alu_op op)
{
    return op != ALU_CMP && op != ALU_TEST && op != ALU_BT;
}

/*
 * a op b on `width` bytes (1, 2, 4, 8); what is above is ignored, and 0 in the result. The unary
 * operations look at `a` only; of the bit operations `b` is the bit's number, modulo the width; of
 * the shifts it is the count, modulo 32 or, of 8 bytes, 64.
 */
u64 alu_do(enum alu_op op, u64 a, u64 b, unsigned width, u64 *rflags);

/* Does the condition hold that bits 3:0 of Jcc, SETcc and CMOVcc name? */
bool alu_condition(unsigned code, u64 rflags);

#endif

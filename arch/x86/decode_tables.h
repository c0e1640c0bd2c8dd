/* SPDX-License-Identifier: MIT */
/*
 * The opcode maps as data, for decode*.c alone. An entry is a word: how the instruction goes on
 * (ModRM, immediate), what operand size does to it, and where it is legal.
 */
#ifndef ARCH_X86_DECODE_TABLES_H
#define ARCH_X86_DECODE_TABLES_H

#include "arch/x86/decode.h"

enum imm_kind {
    IMM_NONE,
    IMM_8,
    IMM_16,
    IMM_Z,      /* 2 bytes, or 4 when the operand has 4 or 8 */
    IMM_V,      /* as wide as the operand: MOV r, imm */
    IMM_MOFFS,  /* an offset as wide as an address: A0 to A3 */
    IMM_FAR,    /* offset of 2 or 4 bytes, then a selector */
    IMM_ENTER,  /* 2 bytes, then 1 */
    IMM_TWO,    /* 1 byte, then 1: EXTRQ, INSERTQ with prefix */
    IMM_GROUP3, /* F6, F7: TEST has one, the rest has none */
};

/* Mandatory prefixes under which an opcode exists; 0 in an entry means that they have no say. */
enum mandatory { NP = 1, P66 = 2, PF3 = 4, PF2 = 8, ANY = 15 };

enum opcode_group {
    GROUP_NONE,
    GROUP_1,
    GROUP_1A,
    GROUP_3,
    GROUP_4,
    GROUP_5,
    GROUP_6,
    GROUP_7,
    GROUP_8,
    GROUP_9,
    GROUP_11,
    GROUP_12,
    GROUP_14,
    GROUP_15,
    GROUP_X87,
    GROUP_SREG_READ,
    GROUP_SREG_WRITE,
    GROUP_CR,
    GROUP_DR,
    GROUP_78,
    GROUP_KEYLOCKER,
    GROUP_HRESET,
    GROUP_COUNT,
};

#define OP_MODRM    (1u << 0)
#define OP_BYTE     (1u << 1)  /* the operand is a byte */
#define OP_NO64     (1u << 2)  /* invalid in 64-bit mode */
#define OP_REP_REG  (1u << 3)  /* under F2 and F3 the ModRM operand must be a register */
#define OP_STACK    (1u << 4)  /* 64-bit mode: operand size 8, or 2 with 66 */
#define OP_BRANCH   (1u << 5)  /* 64-bit mode: operand size 8 (AMD: or 2 with 66) */
#define OP_WIDE     (1u << 6)  /* 64-bit mode: operand size 8; elsewhere 4 */
#define OP_LOCK     (1u << 7)  /* LOCK is legal when the destination is memory */
#define OP_MEM      (1u << 8)  /* the ModRM operand must be memory */
#define OP_REG      (1u << 9)  /* ... must be a register */
#define OP_PREFIX   (1u << 10) /* a legacy prefix */
#define OP_INVALID  (1u << 11)
#define OP_IMM(k)   ((u32)(k) << 12)
#define OP_GROUP(g) ((u32)(g) << 16)
/* Prefixes in all, and those of them that take memory only or a register only. */
#define OP_ON(p)     ((u32)(p) << 21)
#define OP_ON_MEM(p) ((u32)(p) << 25)

#define OP_NO16 (1u << 29) /* operand size 4 where it would be 2 */

#define OP_IMM_OF(op)    ((op) >> 12 & 15)
#define OP_GROUP_OF(op)  ((op) >> 16 & 31)
#define OP_ON_OF(op)     ((op) >> 21 & 15)
#define OP_ON_MEM_OF(op) ((op) >> 25 & 15)

extern const u32 op_map_one[256], op_map_0f[256], op_map_0f38[256], op_map_0f3a[256];

/* The suffixes of 0F 0F that name a 3DNow! operation. */
bool decode_3dnow_exists(u8 suffix);

/* Is this whole legacy instruction legal: mandatory prefix, LOCK, memory or register, group? */
bool decode_legal(const struct insn *insn, u32 op);

#endif

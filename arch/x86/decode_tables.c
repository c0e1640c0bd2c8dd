/* SPDX-License-Identifier: MIT */
/* SDM volume 2, appendix A (tables ), and APM volume 3, appendix A. */
#include "arch/x86/decode_tables.h"

#define M  OP_MODRM
#define B  OP_BYTE
#define L  OP_LOCK
#define I8 OP_IMM(IMM_8)
#define IZ OP_IMM(IMM_Z)
#define UD OP_INVALID
#define PX OP_PREFIX

/* The six encodings of ADD, OR, ADC, SBB, AND, SUB, XOR (and, never locked, of CMP). */
#define ALU(base, lock)                                                                            \
    [(base) + 0] = M | B | (lock), [(base) + 1] = M | (lock), [(base) + 2] = M | B,                \
              [(base) + 3] = M, [(base) + 4] = B | I8, [(base) + 5] = IZ

const u32 op_map_one[256] = {
    ALU(0x00, L),
    [0x06 ... 0x07] = OP_NO64, /* PUSH, POP ES */
    ALU(0x08, L),
    [0x0e] = OP_NO64, /* PUSH CS; 0F is the escape */
    ALU(0x10, L),
    [0x16 ... 0x17] = OP_NO64, /* PUSH, POP SS */
    ALU(0x18, L),
    [0x1e ... 0x1f] = OP_NO64, /* PUSH, POP DS */
    ALU(0x20, L),
    [0x26] = PX,
    [0x27] = OP_NO64, /* DAA */
    ALU(0x28, L),
    [0x2e] = PX,
    [0x2f] = OP_NO64, /* DAS */
    ALU(0x30, L),
    [0x36] = PX,
    [0x37] = OP_NO64, /* AAA */
    ALU(0x38, 0),
    [0x3e] = PX,
    [0x3f] = OP_NO64,              /* AAS */
    [0x40 ... 0x4f] = 0,           /* INC, DEC; REX in 64-bit mode */
    [0x50 ... 0x5f] = OP_STACK,    /* PUSH, POP */
    [0x60 ... 0x61] = OP_NO64,     /* PUSHA, POPA */
    [0x62] = M | OP_MEM | OP_NO64, /* BOUND */
    [0x63] = M,                    /* ARPL; MOVSXD */
    [0x64 ... 0x67] = PX,
    [0x68] = IZ | OP_STACK,
    [0x69] = M | IZ,
    [0x6a] = I8 | OP_STACK,
    [0x6b] = M | I8,
    [0x6c] = B, /* INS, OUTS */
    [0x6e] = B,
    [0x70 ... 0x7f] = I8 | OP_BRANCH,
    [0x80] = M | B | I8 | OP_GROUP(GROUP_1),
    [0x81] = M | IZ | OP_GROUP(GROUP_1),
    [0x82] = M | B | I8 | OP_GROUP(GROUP_1) | OP_NO64,
    [0x83] = M | I8 | OP_GROUP(GROUP_1),
    [0x84] = M | B,
    [0x85] = M,
    [0x86] = M | B | L,
    [0x87] = M | L,
    [0x88] = M | B,
    [0x89] = M,
    [0x8a] = M | B,
    [0x8b] = M,
    [0x8c] = M | OP_GROUP(GROUP_SREG_READ),
    [0x8d] = M | OP_MEM, /* LEA */
    [0x8e] = M | OP_GROUP(GROUP_SREG_WRITE),
    [0x8f] = M | OP_GROUP(GROUP_1A) | OP_STACK,
    [0x9a] = OP_IMM(IMM_FAR) | OP_NO64,
    [0x9c ... 0x9d] = OP_STACK, /* PUSHF, POPF */
    [0xa0] = B | OP_IMM(IMM_MOFFS),
    [0xa1] = OP_IMM(IMM_MOFFS),
    [0xa2] = B | OP_IMM(IMM_MOFFS),
    [0xa3] = OP_IMM(IMM_MOFFS),
    [0xa4] = B, /* MOVS, CMPS */
    [0xa6] = B,
    [0xa8] = B | I8,
    [0xa9] = IZ,
    [0xaa] = B, /* STOS, LODS, SCAS */
    [0xac] = B,
    [0xae] = B,
    [0xb0 ... 0xb7] = B | I8,
    [0xb8 ... 0xbf] = OP_IMM(IMM_V),
    [0xc0] = M | B | I8,
    [0xc1] = M | I8,
    [0xc2] = OP_IMM(IMM_16) | OP_BRANCH,
    [0xc3] = OP_BRANCH,
    [0xc4 ... 0xc5] = M | OP_MEM | OP_NO64, /* LES, LDS */
    [0xc6] = M | B | I8 | OP_GROUP(GROUP_11),
    [0xc7] = M | IZ | OP_GROUP(GROUP_11),
    [0xc8] = OP_IMM(IMM_ENTER) | OP_STACK,
    [0xc9] = OP_STACK,
    [0xca] = OP_IMM(IMM_16),
    [0xcd] = I8,
    [0xce] = OP_NO64, /* INTO */
    [0xd0] = M | B,
    [0xd1] = M,
    [0xd2] = M | B,
    [0xd3] = M,
    [0xd4 ... 0xd5] = I8 | OP_NO64, /* AAM, AAD */
    [0xd6] = OP_NO64,               /* SALC */
    [0xd7] = B,                     /* XLAT */
    [0xd8 ... 0xdf] = M | OP_GROUP(GROUP_X87),
    [0xe0 ... 0xe3] = I8 | OP_BRANCH,
    [0xe4] = B | I8,
    [0xe5] = I8,
    [0xe6] = B | I8,
    [0xe7] = I8,
    [0xe8 ... 0xe9] = IZ | OP_BRANCH,
    [0xea] = OP_IMM(IMM_FAR) | OP_NO64,
    [0xeb] = I8 | OP_BRANCH,
    [0xec] = B,
    [0xee] = B,
    [0xf0] = PX,
    [0xf2 ... 0xf3] = PX,
    [0xf6] = M | B | OP_IMM(IMM_GROUP3) | OP_GROUP(GROUP_3),
    [0xf7] = M | OP_IMM(IMM_GROUP3) | OP_GROUP(GROUP_3),
    [0xfe] = M | B | OP_GROUP(GROUP_4),
    [0xff] = M | OP_GROUP(GROUP_5),
};

/* Vector instructions: which mandatory prefixes exist, and which of those take memory only. */
#define V(p)        (M | OP_ON(p))
#define VMEM(p)     (M | OP_ON(p) | OP_MEM)
#define VREG(p)     (M | OP_ON(p) | OP_REG)
#define VMIX(p, mm) (M | OP_ON(p) | OP_ON_MEM(mm))
#define MMX         (NP | P66) /* MMX and its SSE2 double, or PS and PD */

const u32 op_map_0f[256] = {
    [0x00] = M | OP_GROUP(GROUP_6),
    [0x01] = M | OP_GROUP(GROUP_7),
    [0x02 ... 0x03] = M, /* LAR, LSL */
    [0x04] = UD,
    [0x0a] = UD,
    [0x0c] = UD,
    [0x0d] = M, /* PREFETCHW; of a register, a NOP on Intel */
    [0x0f] = M, /* 3DNow!: the suffix is read apart */
    [0x10 ... 0x11] = V(ANY),
    [0x12] = VMIX(ANY, P66),
    [0x13] = VMEM(MMX),
    [0x14 ... 0x15] = V(MMX),
    [0x16] = VMIX(NP | P66 | PF3, P66),
    [0x17] = VMEM(MMX),
    [0x18 ... 0x1f] = M, /* hints: NOP where nothing else */
    [0x20] = M | OP_GROUP(GROUP_CR) | OP_WIDE,
    [0x21] = M | OP_GROUP(GROUP_DR) | OP_WIDE,
    [0x22] = M | OP_GROUP(GROUP_CR) | OP_WIDE,
    [0x23] = M | OP_GROUP(GROUP_DR) | OP_WIDE,
    [0x24 ... 0x27] = UD,
    [0x28 ... 0x29] = V(MMX),
    [0x2a] = V(ANY),
    [0x2b] = VMEM(ANY), /* MOVNTPS, PD; SSE4a: SS, SD */
    [0x2c ... 0x2d] = V(ANY),
    [0x2e ... 0x2f] = V(MMX),
    [0x36] = UD,
    [0x37] = OP_ON(NP), /* GETSEC */
    [0x38 ... 0x3f] = UD,
    [0x40 ... 0x4f] = M, /* CMOVcc */
    [0x50] = VREG(MMX),
    [0x51] = V(ANY),
    [0x52 ... 0x53] = V(NP | PF3),
    [0x54 ... 0x57] = V(MMX),
    [0x58 ... 0x5a] = V(ANY),
    [0x5b] = V(NP | P66 | PF3),
    [0x5c ... 0x5f] = V(ANY),
    [0x60 ... 0x6b] = V(MMX),
    [0x6c ... 0x6d] = V(P66),
    [0x6e] = V(MMX),
    [0x6f] = V(NP | P66 | PF3),
    [0x70] = V(ANY) | I8,
    [0x71 ... 0x72] = VREG(MMX) | I8 | OP_GROUP(GROUP_12),
    [0x73] = VREG(MMX) | I8 | OP_GROUP(GROUP_14),
    [0x74 ... 0x76] = V(MMX),
    [0x77] = OP_ON(NP),                                                /* EMMS */
    [0x78] = M | OP_WIDE | OP_ON(NP | P66 | PF2) | OP_GROUP(GROUP_78), /* VMREAD; EXTRQ, INSERTQ */
    [0x79] = M | OP_WIDE | OP_ON(NP | P66 | PF2) | OP_GROUP(GROUP_78), /* VMWRITE; EXTRQ, INSERTQ */
    [0x7a ... 0x7b] = UD,
    [0x7c ... 0x7d] = V(P66 | PF2),
    [0x7e ... 0x7f] = V(NP | P66 | PF3),
    [0x80 ... 0x8f] = IZ | OP_BRANCH,
    [0x90 ... 0x9f] = M | B, /* SETcc */
    [0xa0 ... 0xa1] = OP_STACK,
    [0xa3] = M, /* BT */
    [0xa4] = M | I8,
    [0xa5] = M,
    [0xa6 ... 0xa7] = UD,
    [0xa8 ... 0xa9] = OP_STACK,
    [0xab] = M | L, /* BTS */
    [0xac] = M | I8,
    [0xad] = M,
    [0xae] = M | OP_GROUP(GROUP_15),
    [0xaf] = M,
    [0xb0] = M | B | L, /* CMPXCHG */
    [0xb1] = M | L,
    [0xb2] = M | OP_MEM,
    [0xb3] = M | L, /* BTR */
    [0xb4 ... 0xb5] = M | OP_MEM,
    [0xb6 ... 0xb7] = M,
    [0xb8] = V(PF3), /* POPCNT */
    [0xb9] = M,      /* UD1 */
    [0xba] = M | I8 | OP_GROUP(GROUP_8),
    [0xbb] = M | L, /* BTC */
    [0xbc ... 0xbf] = M,
    [0xc0] = M | B | L, /* XADD */
    [0xc1] = M | L,
    [0xc2] = V(ANY) | I8,
    [0xc3] = VMEM(NP) | OP_NO16, /* MOVNTI */
    [0xc4] = V(MMX) | I8,
    [0xc5] = VREG(MMX) | I8,
    [0xc6] = V(MMX) | I8,
    [0xc7] = M | OP_GROUP(GROUP_9),
    [0xd0] = V(P66 | PF2),
    [0xd1 ... 0xd5] = V(MMX),
    [0xd6] = V(P66 | PF3 | PF2) | OP_REP_REG, /* MOVQ; MOVQ2DQ, MOVDQ2Q */
    [0xd7] = VREG(MMX),
    [0xd8 ... 0xe5] = V(MMX),
    [0xe6] = V(P66 | PF3 | PF2),
    [0xe7] = VMEM(MMX),
    [0xe8 ... 0xef] = V(MMX),
    [0xf0] = VMEM(PF2), /* LDDQU */
    [0xf1 ... 0xf6] = V(MMX),
    [0xf7] = VREG(MMX),
    [0xf8 ... 0xfe] = V(MMX),
    [0xff] = M, /* UD0: with ModRM as Intel has it */
};

const u32 op_map_0f38[256] = {
    [0x00 ... 0x0b] = V(MMX),
    [0x0c ... 0x0f] = UD,
    [0x10] = V(P66),
    [0x11 ... 0x13] = UD,
    [0x14 ... 0x15] = V(P66),
    [0x16] = UD,
    [0x17] = V(P66),
    [0x18 ... 0x1b] = UD,
    [0x1c ... 0x1e] = V(MMX),
    [0x1f] = UD,
    [0x20 ... 0x25] = V(P66),
    [0x26 ... 0x27] = UD,
    [0x28 ... 0x29] = V(P66),
    [0x2a] = VMEM(P66),
    [0x2b] = V(P66),
    [0x2c ... 0x2f] = UD,
    [0x30 ... 0x35] = V(P66),
    [0x36] = UD,
    [0x37 ... 0x41] = V(P66),
    [0x42 ... 0x7f] = UD,
    [0x80 ... 0x82] = VMEM(P66) | OP_WIDE, /* INVEPT, INVVPID, INVPCID */
    [0x83 ... 0xc7] = UD,
    [0xc8 ... 0xcd] = V(NP),
    [0xce] = UD,
    [0xcf] = V(P66),
    [0xd0 ... 0xd7] = UD,
    [0xd8] = VMEM(PF3) | OP_GROUP(GROUP_KEYLOCKER),
    [0xd9 ... 0xda] = UD,
    [0xdb] = V(P66),
    [0xdc] = V(P66 | PF3), /* AESENC; AESENC128KL, LOADIWKEY */
    [0xdd ... 0xdf] = VMIX(P66 | PF3, PF3),
    [0xe0 ... 0xef] = UD,
    [0xf0 ... 0xf1] = VMIX(NP | P66 | PF2, MMX), /* MOVBE; CRC32 */
    [0xf2 ... 0xf4] = UD,
    [0xf5] = VMEM(P66),                /* WRUSS */
    [0xf6] = VMIX(NP | P66 | PF3, NP), /* WRSS; ADCX, ADOX */
    [0xf7] = UD,
    [0xf8] = VMEM(P66 | PF3 | PF2), /* MOVDIR64B, ENQCMDS, ENQCMD */
    [0xf9] = VMEM(NP),              /* MOVDIRI */
    [0xfa ... 0xfb] = VREG(PF3),    /* ENCODEKEY */
    [0xfc ... 0xff] = UD,
};

const u32 op_map_0f3a[256] = {
    [0x00 ... 0x07] = UD,
    [0x08 ... 0x0e] = V(P66) | I8,
    [0x0f] = V(MMX) | I8,
    [0x10 ... 0x13] = UD,
    [0x14 ... 0x17] = V(P66) | I8,
    [0x18 ... 0x1f] = UD,
    [0x20 ... 0x22] = V(P66) | I8,
    [0x23 ... 0x3f] = UD,
    [0x40 ... 0x42] = V(P66) | I8,
    [0x43] = UD,
    [0x44] = V(P66) | I8,
    [0x45 ... 0x5f] = UD,
    [0x60 ... 0x63] = V(P66) | I8,
    [0x64 ... 0xcb] = UD,
    [0xcc] = V(NP) | I8,
    [0xcd] = UD,
    [0xce ... 0xcf] = V(P66) | I8,
    [0xd0 ... 0xde] = UD,
    [0xdf] = V(P66) | I8,
    [0xe0 ... 0xef] = UD,
    [0xf0] = VREG(PF3) | I8 | OP_GROUP(GROUP_HRESET),
    [0xf1 ... 0xff] = UD,
};

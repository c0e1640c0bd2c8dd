/* SPDX-License-Identifier: MIT */
/*
 * The instruction decoder: from bytes to length, prefixes, opcode, memory operand and immediate.
 * Pure: no guest, no memory but the bytes it is given. SDM volume 2, chapter 2 and appendix A; APM
 * volume 3, chapter 1 and appendix A.
 *
 * It accepts what either vendor defines (3DNow! and XOP too). The one-byte, 0F, 0F38 and 0F3A maps
 * are judged down to mandatory prefix and group; of VEX, EVEX and XOP the length is right but what
 * W, L, vvvv, masks and reserved opcodes make illegal is not judged: a processor that exits
 * on an instruction has found it legal.
 */
#ifndef ARCH_X86_DECODE_H
#define ARCH_X86_DECODE_H

#include "lib/types.h"

#define INSN_MAX 15 /* SDM 2.3.11: a longer instruction raises #GP */

enum decode_verdict {
    DECODE_OK,
    DECODE_TRUNCATED, /* right so far, more bytes are needed */
    DECODE_TOO_LONG,  /* more than 15 bytes: #GP(0) */
    DECODE_INVALID,   /* #UD */
};

/* How the processor reads code: the size of the code segment, and one point where vendors differ:
 * in 64-bit mode AMD honours an operand-size prefix on near branches, Intel ignores it. */
struct decode_mode {
    u8 bits; /* 16, 32 or 64 */
    bool amd_branches;
};

enum insn_encoding { INSN_LEGACY, INSN_3DNOW, INSN_VEX, INSN_EVEX, INSN_XOP };

/* Opcode maps; VEX, EVEX and XOP use the numbers of their own map fields (5, 6, 8, 9, 10). */
enum insn_map { MAP_ONE = 0, MAP_0F = 1, MAP_0F38 = 2, MAP_0F3A = 3 };

/* Segment registers in the order of their encoding, as in ModRM.reg of MOV Sreg. */
/* Behind the six that an instruction can name come those of the tables, in the VMCB's order. */
enum seg_reg {
    SEG_ES,
    SEG_CS,
    SEG_SS,
    SEG_DS,
    SEG_FS,
    SEG_GS,
    SEG_COUNT,
    SEG_GDTR = SEG_COUNT, /* base and limit only, as IDTR */
    SEG_LDTR,
    SEG_IDTR,
    SEG_TR,
};

/* General registers in the order of their encoding; a register file is a u64[16] in it. */
enum gpr {
    GPR_RAX,
    GPR_RCX,
    GPR_RDX,
    GPR_RBX,
    GPR_RSP,
    GPR_RBP,
    GPR_RSI,
    GPR_RDI,
    GPR_R8,
    GPR_R15 = 15,
    GPR_RIP = 16, /* as the base of a memory operand only */
    GPR_NONE = 0xff,
};

enum insn_prefix {
    PREFIX_OPSIZE = 1 << 0,   /* 66 */
    PREFIX_ADDRSIZE = 1 << 1, /* 67 */
    PREFIX_LOCK = 1 << 2,     /* F0 */
    PREFIX_REPNE = 1 << 3,    /* F2; of F2 and F3 only the last one is recorded */
    PREFIX_REP = 1 << 4,      /* F3 */
    PREFIX_SEGMENT = 1 << 5,  /* an override that counts in this mode */
    PREFIX_REX = 1 << 6,      /* a REX byte stands right before the opcode */
};

/* Bits of insn.rex in the order of REX; from VEX, EVEX and XOP in the positive sense. */
enum rex_bit { REX_B = 1, REX_X = 2, REX_R = 4, REX_W = 8 };

struct insn {
    u8 length;
    u8 bits; /* the code size it was decoded for */
    u8 encoding;
    u8 map, opcode;
    u8 prefixes;
    u8 rex;
    u8 op_size;   /* 1, 2, 4, 8 bytes; without meaning for most vector instructions */
    u8 addr_size; /* 2, 4, 8 bytes */
    u8 imm_size;  /* bytes of immediate, offset or branch displacement; 0 is none */
    u8 imm2;      /* ENTER's level, the second byte of EXTRQ and INSERTQ */
    u16 selector; /* of a far pointer */

    bool has_modrm, has_mem;
    u8 modrm, sib;
    u8 reg; /* ModRM.reg with REX.R; without ModRM the opcode's low bits with REX.B */
    u8 rm;  /* ModRM.rm with REX.B, where it names a register */

    /* The memory operand of ModRM or moffs. EVEX's disp8 is not multiplied by its N. */
    u8 segment; /* after overrides; for string instructions that of the source */
    u8 base, index, scale;
    s64 disp;

    s64 imm; /* sign-extended; moffs and the 8-byte immediate are whole */
};

/*
 * Decodes one instruction of `valid` bytes at `code` (more than 15 are not looked at). `insn` is
 * filled when the verdict is DECODE_OK, and is of no use otherwise. A prefix of a legal instruction
 * is TRUNCATED, never INVALID.
 */
enum decode_verdict must_check decode(const u8 *code, unsigned valid, struct decode_mode mode,
                                      struct insn *insn);

const char *decode_verdict_name(enum decode_verdict verdict);

static inline unsigned insn_modrm_reg(const struct insn *insn)
{
    return (insn->modrm >> 3) & 7;
}

static inline bool insn_is(const struct insn *insn, enum insn_map map, u8 opcode)
{
    return insn->encoding == INSN_LEGACY && insn->map == map && insn->opcode == opcode;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * An instruction, front to back (SDM volume 2, 2.1 and 2.2):
 *
 *   prefixes | REX | opcode (0F, 0F38, 0F3A) | ModRM | SIB | displacement | immediate
 *            | VEX, EVEX, XOP and opcode     |
 */
#include "arch/x86/decode.h"
#include "arch/x86/decode_cursor.h"
#include "arch/x86/decode_tables.h"

/* `size` bytes, least first, sign-extended. */
static s64 take_signed(struct cursor *c, unsigned size)
{
    u64 value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (u64)take(c) << (8 * i);
    unsigned unused = 64 - 8 * size;
    return size == 0 ? 0 : (s64)(value << unused) >> unused;
}

static void note_segment(struct insn *insn, enum seg_reg segment)
{
    /* In 64-bit mode overrides of ES, CS, SS and DS are null prefixes (APM volume 1, 2.5.5). */
    if (insn->bits == 64 && segment < SEG_FS)
        return;
    insn->prefixes |= PREFIX_SEGMENT;
    insn->segment = (u8)segment;
}

static void note_prefix(struct insn *insn, u8 byte)
{
    switch (byte) {
    case 0x66:
        insn->prefixes |= PREFIX_OPSIZE;
        break;
    case 0x67:
        insn->prefixes |= PREFIX_ADDRSIZE;
        break;
    case 0xf0:
        insn->prefixes |= PREFIX_LOCK;
        break;
    case 0xf2:
    case 0xf3:
        insn->prefixes &= (u8) ~(PREFIX_REP | PREFIX_REPNE);
        insn->prefixes |= byte == 0xf3 ? PREFIX_REP : PREFIX_REPNE;
        break;
    default: /* 26 2E 36 3E are ES CS SS DS in bits 4:3; 64 65 are FS GS */
        note_segment(insn, byte >= 0x64 ? (enum seg_reg)(byte - 0x60) : (byte >> 3 & 3));
    }
}

/* A REX counts only where no legacy prefix follows it (SDM 2.2.1). Returns the byte after. */
static u8 take_prefixes(struct cursor *c, struct insn *insn)
{
    for (;;) {
        u8 byte = take(c);
        if (op_map_one[byte] & OP_PREFIX) {
            note_prefix(insn, byte);
            insn->prefixes &= (u8)~PREFIX_REX;
        } else if (insn->bits == 64 && (byte & 0xf0) == 0x40) {
            insn->prefixes |= PREFIX_REX;
            insn->rex = byte & 15;
            continue;
        } else {
            return byte;
        }
        insn->rex = 0;
    }
}

/* The opcode of a legacy instruction whose first byte is read; its table entry. */
static u32 take_opcode(struct cursor *c, struct insn *insn, u8 byte)
{
    insn->opcode = byte;
    if (byte != 0x0f)
        return op_map_one[byte];
    insn->map = MAP_0F;
    insn->opcode = take(c);
    if (insn->opcode == 0x38) {
        insn->map = MAP_0F38;
        insn->opcode = take(c);
        return op_map_0f38[insn->opcode];
    }
    if (insn->opcode == 0x3a) {
        insn->map = MAP_0F3A;
        insn->opcode = take(c);
        return op_map_0f3a[insn->opcode];
    }
    if (insn->opcode == 0x0f)
        insn->encoding = INSN_3DNOW;
    return op_map_0f[insn->opcode];
}

/* SDM table 2-1: the 16-bit forms of ModRM.rm. */
static unsigned memory_16(struct insn *insn, unsigned mod, unsigned rm)
{
    static const u8 base[8] = {GPR_RBX, GPR_RBX, GPR_RBP, GPR_RBP,
                               GPR_RSI, GPR_RDI, GPR_RBP, GPR_RBX};
    static const u8 index[8] = {GPR_RSI,  GPR_RDI,  GPR_RSI,  GPR_RDI,
                                GPR_NONE, GPR_NONE, GPR_NONE, GPR_NONE};
    if (mod == 0 && rm == 6)
        return 2;
    insn->base = base[rm];
    insn->index = index[rm];
    return mod;
}

/* SDM tables 2-2 and 2-3. Base 5 with mod 0 is no base but disp32; index 4 is none. */
static unsigned memory_32(struct cursor *c, struct insn *insn, unsigned mod, unsigned rm)
{
    unsigned base = rm;
    if (rm == 4) {
        insn->sib = take(c);
        unsigned index = (insn->sib >> 3 & 7) | (insn->rex & REX_X ? 8 : 0);
        if (index != GPR_RSP) {
            insn->index = (u8)index;
            insn->scale = insn->sib >> 6;
        }
        base = insn->sib & 7;
    }
    if (mod == 0 && base == 5) {
        if (rm == 5 && insn->bits == 64)
            insn->base = GPR_RIP;
        return 4;
    }
    insn->base = (u8)(base | (insn->rex & REX_B ? 8 : 0));
    return mod == 2 ? 4 : mod;
}

static void take_modrm(struct cursor *c, struct insn *insn, u32 op)
{
    u8 modrm = take(c);
    unsigned mod = modrm >> 6, group = OP_GROUP_OF(op);
    insn->has_modrm = true;
    insn->modrm = modrm;
    insn->reg = (u8)((modrm >> 3 & 7) | (insn->rex & REX_R ? 8 : 0));
    insn->rm = (u8)((modrm & 7) | (insn->rex & REX_B ? 8 : 0));
    /* MOV to and from control and debug registers ignores mod: always a register. */
    if (mod == 3 || group == GROUP_CR || group == GROUP_DR)
        return;
    insn->has_mem = true;
    unsigned disp_size =
        insn->addr_size == 2 ? memory_16(insn, mod, modrm & 7) : memory_32(c, insn, mod, modrm & 7);
    insn->disp = take_signed(c, disp_size);
    if ((insn->base == GPR_RSP || insn->base == GPR_RBP) && !(insn->prefixes & PREFIX_SEGMENT))
        insn->segment = SEG_SS;
}

/* FF: near CALL and JMP are branches, PUSH is a stack operation, the rest is neither. */
static u32 group_5_size(const struct insn *insn)
{
    unsigned reg = insn_modrm_reg(insn);
    return reg == 2 || reg == 4 ? OP_BRANCH : reg == 6 ? OP_STACK : 0;
}

static u8 operand_size(const struct insn *insn, struct decode_mode mode, u32 op)
{
    bool opsize = insn->prefixes & PREFIX_OPSIZE;
    if (OP_GROUP_OF(op) == GROUP_5)
        op |= group_5_size(insn);
    if (op & OP_BYTE)
        return 1;
    if (op & OP_WIDE)
        return mode.bits == 64 ? 8 : 4;
    if (op & OP_NO16)
        return insn->rex & REX_W ? 8 : 4;
    if (mode.bits != 64)
        return opsize == (mode.bits == 16) ? 4 : 2;
    if (op & OP_BRANCH)
        return opsize && mode.amd_branches && !(insn->rex & REX_W) ? 2 : 8;
    if (insn->rex & REX_W)
        return 8;
    return opsize ? 2 : op & OP_STACK ? 8 : 4;
}

static u8 immediate_size(const struct insn *insn, u32 op)
{
    u8 by_operand = insn->op_size == 2 ? 2 : 4;
    switch (OP_IMM_OF(op)) {
    case IMM_8:
        return 1;
    case IMM_16:
    case IMM_ENTER:
        return 2;
    case IMM_Z:
    case IMM_FAR:
        return by_operand;
    case IMM_V:
        return insn->op_size;
    case IMM_MOFFS:
        return insn->addr_size;
    case IMM_GROUP3:
        return insn_modrm_reg(insn) > 1 ? 0 : insn->op_size == 1 ? 1 : by_operand;
    default:
        return insn->encoding == INSN_XOP && insn->map == 10 ? 4 : 0;
    }
}

/* VMREAD's neighbours: 66 0F 78 and F2 0F 78 carry two bytes of immediate. */
static bool has_two_imm8(const struct insn *insn, u32 op)
{
    return OP_GROUP_OF(op) == GROUP_78 && insn->opcode == 0x78 &&
           insn->prefixes & (PREFIX_OPSIZE | PREFIX_REPNE);
}

static void take_immediate(struct cursor *c, struct insn *insn, u32 op)
{
    unsigned kind = OP_IMM_OF(op);
    insn->imm_size = has_two_imm8(insn, op) ? 1 : immediate_size(insn, op);
    s64 value = take_signed(c, insn->imm_size);
    if (kind == IMM_MOFFS) {
        insn->has_mem = true;
        insn->disp = value;
    } else {
        insn->imm = value;
    }
    if (kind == IMM_FAR)
        insn->selector = (u16)take_signed(c, 2);
    if (kind == IMM_ENTER || has_two_imm8(insn, op))
        insn->imm2 = take(c);
}

static u8 address_size(const struct insn *insn)
{
    bool other = insn->prefixes & PREFIX_ADDRSIZE;
    if (insn->bits == 64)
        return other ? 4 : 8;
    return other == (insn->bits == 16) ? 4 : 2;
}

/* Legal as far as the opcode says, before any byte after it counts. */
static bool opcode_legal(const struct insn *insn, u32 op)
{
    return !(op & OP_INVALID) && !(op & OP_NO64 && insn->bits == 64);
}

static bool whole_legal(const struct insn *insn, u32 op)
{
    if (insn->encoding == INSN_3DNOW)
        return !(insn->prefixes & PREFIX_LOCK) && decode_3dnow_exists(insn->opcode);
    return insn->encoding != INSN_LEGACY || decode_legal(insn, op);
}

enum decode_verdict decode(const u8 *code, unsigned valid, struct decode_mode mode,
                           struct insn *insn)
{
    struct cursor c = {.code = code, .valid = valid};
    *insn =
        (struct insn){.bits = mode.bits, .segment = SEG_DS, .base = GPR_NONE, .index = GPR_NONE};
    u32 op;
    u8 byte = take_prefixes(&c, insn);
    insn->addr_size = address_size(insn);
    insn->encoding = vector_encoding(&c, insn, byte);
    if (c.verdict != DECODE_OK)
        return c.verdict;
    if (insn->encoding == INSN_LEGACY) {
        op = take_opcode(&c, insn, byte);
        insn->reg = (u8)((insn->opcode & 7) | (insn->rex & REX_B ? 8 : 0));
    } else if (vector_take(&c, insn, byte)) {
        op = vector_op(insn);
    } else {
        return DECODE_INVALID;
    }
    if (c.verdict == DECODE_OK && !opcode_legal(insn, op))
        return DECODE_INVALID;
    if (op & OP_MODRM)
        take_modrm(&c, insn, op);
    insn->op_size = operand_size(insn, mode, op);
    take_immediate(&c, insn, op);
    if (insn->encoding == INSN_3DNOW)
        insn->opcode = take(&c);
    insn->length = (u8)c.at;
    if (c.verdict != DECODE_OK)
        return c.verdict;
    return whole_legal(insn, op) ? DECODE_OK : DECODE_INVALID;
}

const char *decode_verdict_name(enum decode_verdict verdict)
{
    static const char *const names[] = {"a whole instruction", "truncated", "longer than 15 bytes",
                                        "no valid instruction"};
    return names[verdict];
}

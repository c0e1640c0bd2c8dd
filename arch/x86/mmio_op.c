/* SPDX-License-Identifier: MIT */
#include "arch/x86/mmio_op.h"

/* One operand size and ModRM.reg (or the accumulator) is where most begin. */
static void set(struct mmio_op *op, enum mmio_kind kind, bool reads, bool writes)
{
    op->kind = (u8)kind;
    op->reads = reads;
    op->writes = writes;
}

/* Without REX the byte registers 4 to 7 are AH, CH, DH, BH (SDM volume 2, table 3-1). */
static void set_register(struct mmio_op *op, unsigned reg)
{
    const struct insn *insn = op->insn;
    op->high = op->reg_width == 1 && !(insn->prefixes & PREFIX_REX) && reg >= 4 && reg < 8;
    op->reg = (u8)(op->high ? reg - 4 : reg);
}

static void set_alu(struct mmio_op *op, enum mmio_kind kind, enum alu_op alu)
{
    bool to_memory = kind != MMIO_ALU_REG && alu_writes(alu);
    set(op, kind, true, to_memory);
    op->alu = (u8)alu;
}

static void set_imm(struct mmio_op *op)
{
    op->has_imm = true;
    op->imm = op->insn->imm;
}

/* 00 to 3F: the operation in bits 5:3, the direction in bit 1; forms 4 and 5 touch no memory. */
static bool classic_alu(struct mmio_op *op, u8 opcode)
{
    set_alu(op, opcode & 2 ? MMIO_ALU_REG : MMIO_ALU_MEM, (enum alu_op)(opcode >> 3));
    return true;
}

static bool group_3(struct mmio_op *op)
{
    static const u8 alu[4] = {ALU_TEST, ALU_TEST, ALU_NOT, ALU_NEG};
    unsigned reg = insn_modrm_reg(op->insn);
    if (reg > 3) /* MUL, IMUL, DIV, IDIV */
        return false;
    set_alu(op, reg < 2 ? MMIO_ALU_MEM : MMIO_UNARY, alu[reg]);
    if (reg < 2)
        set_imm(op);
    return true;
}

static bool group_4_5(struct mmio_op *op)
{
    unsigned reg = insn_modrm_reg(op->insn);
    if (reg == 6) {
        set(op, MMIO_PUSH, true, false);
        return true;
    }
    if (reg > 1) /* CALL, JMP */
        return false;
    set_alu(op, MMIO_UNARY, reg ? ALU_DEC : ALU_INC);
    return true;
}

/* C0, C1 shift by an immediate, D0, D1 by one, D2, D3 by CL. */
static bool shift(struct mmio_op *op, u8 opcode)
{
    set_alu(op, MMIO_ALU_MEM, (enum alu_op)(ALU_ROL + insn_modrm_reg(op->insn)));
    op->has_imm = opcode < 0xd2;
    op->imm = opcode < 0xd0 ? op->insn->imm : 1;
    op->reg_width = 1;
    set_register(op, GPR_RCX);
    return true;
}

static bool store_imm(struct mmio_op *op)
{
    set(op, MMIO_STORE, false, true);
    set_imm(op);
    return true;
}

static bool string(struct mmio_op *op, u8 opcode)
{
    switch (opcode & ~1) {
    case 0xa4:
        set(op, MMIO_MOVS, true, true);
        return true;
    case 0xa6:
        set_alu(op, MMIO_CMPS, ALU_CMP);
        return true;
    case 0xaa:
        set(op, MMIO_STOS, false, true);
        return true;
    case 0xac:
        set(op, MMIO_LODS, true, false);
        return true;
    case 0xae:
        set_alu(op, MMIO_SCAS, ALU_CMP);
        return true;
    default:
        return false;
    }
}

/* A load that extends: `width` bytes of memory to the operand size. */
static bool extend(struct mmio_op *op, u8 width, bool sign)
{
    set(op, MMIO_LOAD, true, false);
    op->width = width;
    op->sign = sign;
    return true;
}

static bool map_one(struct mmio_op *op, u8 opcode)
{
    if (opcode < 0x40)
        return classic_alu(op, opcode);
    switch (opcode) {
    case 0x63: /* MOVSXD; elsewhere ARPL */
        return op->insn->bits == 64 && extend(op, op->width == 2 ? 2 : 4, true);
    case 0x69:
    case 0x6b:
        set_alu(op, MMIO_ALU_REG, ALU_IMUL);
        set_imm(op);
        return true;
    case 0x80 ... 0x83:
        set_alu(op, MMIO_ALU_MEM, (enum alu_op)insn_modrm_reg(op->insn));
        set_imm(op);
        return true;
    case 0x84 ... 0x85:
        set_alu(op, MMIO_ALU_MEM, ALU_TEST);
        return true;
    case 0x86 ... 0x87:
        set(op, MMIO_XCHG, true, true);
        return true;
    case 0x88 ... 0x89:
        set(op, MMIO_STORE, false, true);
        return true;
    case 0x8a ... 0x8b:
        set(op, MMIO_LOAD, true, false);
        return true;
    case 0x8f:
        set(op, MMIO_POP, false, true);
        return true;
    case 0xa0 ... 0xa3:
        set_register(op, GPR_RAX);
        set(op, opcode & 2 ? MMIO_STORE : MMIO_LOAD, !(opcode & 2), opcode & 2);
        return true;
    case 0xc0 ... 0xc1:
    case 0xd0 ... 0xd3:
        return shift(op, opcode);
    case 0xc6 ... 0xc7:
        return store_imm(op);
    case 0xf6 ... 0xf7:
        return group_3(op);
    case 0xfe ... 0xff:
        return group_4_5(op);
    default:
        return false;
    }
}

/* A3 AB B3 BB with a register, BA /4 to /7 with an immediate: BT, BTS, BTR, BTC. */
static bool bit(struct mmio_op *op, unsigned which)
{
    set_alu(op, MMIO_BIT, (enum alu_op)(ALU_BT + which));
    if (op->insn->opcode == 0xba)
        set_imm(op);
    return true;
}

static bool conditional(struct mmio_op *op, enum mmio_kind kind, u8 opcode)
{
    set(op, kind, kind == MMIO_CMOV, kind == MMIO_SET);
    op->condition = opcode & 15;
    return true;
}

/* Of group 9, CMPXCHG8B; its wide form would be an access of 16 bytes. */
static bool group_9(struct mmio_op *op)
{
    if (insn_modrm_reg(op->insn) != 1 || op->insn->rex & REX_W)
        return false;
    set(op, MMIO_CMPXCHG8B, true, true);
    op->width = 8;
    return true;
}

static bool map_0f(struct mmio_op *op, u8 opcode)
{
    switch (opcode) {
    case 0x40 ... 0x4f:
        return conditional(op, MMIO_CMOV, opcode);
    case 0x90 ... 0x9f:
        return conditional(op, MMIO_SET, opcode);
    case 0xa3:
    case 0xab:
    case 0xb3:
    case 0xbb:
        return bit(op, opcode >> 3 & 3);
    case 0xba:
        return bit(op, insn_modrm_reg(op->insn) & 3);
    case 0xaf:
        set_alu(op, MMIO_ALU_REG, ALU_IMUL);
        return true;
    case 0xb0 ... 0xb1:
        set(op, MMIO_CMPXCHG, true, true);
        return true;
    case 0xb6 ... 0xb7:
        return extend(op, opcode & 1 ? 2 : 1, false);
    case 0xbe ... 0xbf:
        return extend(op, opcode & 1 ? 2 : 1, true);
    case 0xc0 ... 0xc1:
        set(op, MMIO_XADD, true, true);
        return true;
    case 0xc3: /* MOVNTI */
        set(op, MMIO_STORE, false, true);
        return true;
    case 0xc7:
        return group_9(op);
    default:
        return false;
    }
}

/* F0 and F1 are MOVBE, or with F2 CRC32. */
static bool map_0f38(struct mmio_op *op, u8 opcode)
{
    if ((opcode & ~1) != 0xf0 || op->insn->prefixes & PREFIX_REPNE)
        return false;
    set(op, opcode & 1 ? MMIO_STORE : MMIO_LOAD, !(opcode & 1), opcode & 1);
    op->swap = true;
    return true;
}

bool mmio_op_of(const struct insn *insn, struct mmio_op *op)
{
    *op = (struct mmio_op){.width = insn->op_size, .reg_width = insn->op_size, .insn = insn};
    if (insn->encoding != INSN_LEGACY)
        return false;
    if (insn->map == MAP_ONE && string(op, insn->opcode))
        return true;
    if (!insn->has_mem)
        return false;
    set_register(op, insn->reg);
    switch (insn->map) {
    case MAP_ONE:
        return map_one(op, insn->opcode);
    case MAP_0F:
        return map_0f(op, insn->opcode);
    case MAP_0F38:
        return map_0f38(op, insn->opcode);
    default:
        return false;
    }
}

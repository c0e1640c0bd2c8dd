/* SPDX-License-Identifier: MIT */
/*
 * Two opinions on one instruction: the decoder's and Zydis's. What they may differ about stands in
 * decode_explained.h, each with its reason; anything else is a finding. The program that links this
 * needs -lZydis.
 */
#ifndef TEST_FUZZ_DECODE_ORACLE_H
#define TEST_FUZZ_DECODE_ORACLE_H

#include <Zydis/Zydis.h>

#include "arch/x86/decode.h"
#include "arch/x86/guest_cpu.h"
#include "arch/x86/mmio_op.h"

enum what {
    SAME,
    ONLY_OURS,   /* Zydis refuses it */
    ONLY_THEIRS, /* we refuse it */
    LENGTH,
    ADDRESS_SIZE,
    IMMEDIATE,
    HAS_MEMORY,      /* one sees a memory operand, the other does not */
    MEMORY,          /* base, index, scale, displacement, segment */
    WIDTH,           /* of the access of an MMIO instruction */
    ACCESS,          /* its reads and writes */
    REGISTER,        /* its register operand */
    PREFIX_OF_LEGAL, /* the first bytes of a legal instruction are not "truncated" */
};

static const char *const what_names[] = {"same",         "only ours", "only theirs", "length",
                                         "address size", "immediate", "has memory",  "memory",
                                         "width",        "access",    "register",    "cut short"};

struct opinion {
    enum what what;
    u8 code[INSN_MAX];
    struct decode_mode mode;
    struct insn ours;
    enum decode_verdict verdict;
    ZydisDecodedInstruction theirs;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZyanStatus status;
};

/* By code size and by whose branches. */
static ZydisDecoder oracle_decoders[3][2];

static unsigned mode_index(unsigned bits)
{
    return bits == 16 ? 0 : bits == 32 ? 1 : 2;
}

static void oracle_init(void)
{
    static const ZydisMachineMode machine[3] = {ZYDIS_MACHINE_MODE_LONG_COMPAT_16,
                                                ZYDIS_MACHINE_MODE_LONG_COMPAT_32,
                                                ZYDIS_MACHINE_MODE_LONG_64};
    static const ZydisStackWidth stack[3] = {ZYDIS_STACK_WIDTH_16, ZYDIS_STACK_WIDTH_32,
                                             ZYDIS_STACK_WIDTH_64};
    for (unsigned i = 0; i < 6; i++) {
        ZydisDecoder *decoder = &oracle_decoders[i / 2][i & 1];
        ZydisDecoderInit(decoder, machine[i / 2], stack[i / 2]);
        ZydisDecoderEnableMode(decoder, ZYDIS_DECODER_MODE_AMD_BRANCHES, i & 1);
        ZydisDecoderEnableMode(decoder, ZYDIS_DECODER_MODE_KNC, ZYAN_FALSE);
    }
}

static const ZydisDecodedOperand *their_memory(const struct opinion *o)
{
    for (unsigned i = 0; i < o->theirs.operand_count; i++) {
        const ZydisDecodedOperand *operand = &o->operands[i];
        if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
            (operand->encoding == ZYDIS_OPERAND_ENCODING_MODRM_RM ||
             operand->encoding == ZYDIS_OPERAND_ENCODING_DISP16_32_64))
            return operand;
    }
    return NULL;
}

static u8 their_register(ZydisRegister reg)
{
    if (reg == ZYDIS_REGISTER_NONE)
        return GPR_NONE;
    if (reg == ZYDIS_REGISTER_RIP || reg == ZYDIS_REGISTER_EIP)
        return GPR_RIP;
    return (u8)ZydisRegisterGetId(reg) & 15; /* 16 to 31 are vectors of a gather */
}

static bool same_memory(const struct opinion *o, const ZydisDecodedOperand *theirs)
{
    const struct insn *ours = &o->ours;
    const ZydisDecodedOperandMem *mem = &theirs->mem;
    u8 scale = ours->index == GPR_NONE ? 0 : (u8)(1u << ours->scale);
    /* Zydis multiplies EVEX's disp8 by its N. */
    bool scaled = ours->encoding == INSN_EVEX && ours->modrm >> 6 == 1;
    if (their_register(mem->base) != ours->base)
        return false;
    if (mem->type != ZYDIS_MEMOP_TYPE_MIB &&
        (their_register(mem->index) != ours->index || mem->scale != scale))
        return false;
    if (!scaled &&
        cut((u64)mem->disp.value, ours->addr_size) != cut((u64)ours->disp, ours->addr_size))
        return false;
    return mem->type == ZYDIS_MEMOP_TYPE_AGEN || mem->segment == ZYDIS_REGISTER_NONE ||
           ZydisRegisterGetId(mem->segment) == ours->segment;
}

static const ZydisDecodedOperand *string_memory(const struct opinion *o)
{
    for (unsigned i = 0; i < o->theirs.operand_count; i++)
        if (o->operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
            return &o->operands[i];
    return NULL;
}

static ZydisRegister expected_register(const struct mmio_op *op)
{
    switch (op->reg_width) {
    case 1: /* AL CL DL BL, AH CH DH BH, SPL BPL SIL DIL, R8B and on */
        return (ZydisRegister)(ZYDIS_REGISTER_AL + (op->high      ? op->reg + 4
                                                    : op->reg < 4 ? op->reg
                                                                  : op->reg + 4));
    case 2:
        return (ZydisRegister)(ZYDIS_REGISTER_AX + op->reg);
    case 4:
        return (ZydisRegister)(ZYDIS_REGISTER_EAX + op->reg);
    default:
        return (ZydisRegister)(ZYDIS_REGISTER_RAX + op->reg);
    }
}

/* Does the instruction as we see it use its register operand? */
static bool uses_register(const struct mmio_op *op)
{
    switch (op->kind) {
    case MMIO_UNARY:
    case MMIO_CMPXCHG8B:
    case MMIO_SET:
    case MMIO_PUSH:
    case MMIO_POP:
        return false;
    default:
        return (!op->has_imm || op->kind == MMIO_ALU_REG) && !mmio_op_is_string(op);
    }
}

static bool same_register(const struct opinion *o, const struct mmio_op *op)
{
    ZydisRegister expected = expected_register(op);
    for (unsigned i = 0; i < o->theirs.operand_count; i++)
        if (o->operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
            o->operands[i].visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN &&
            o->operands[i].reg.value == expected)
            return true;
    return false;
}

static enum what compare_mmio(const struct opinion *o, const ZydisDecodedOperand *memory)
{
    struct mmio_op op;
    if (!mmio_op_of(&o->ours, &op))
        return SAME;
    if (mmio_op_is_string(&op))
        memory = string_memory(o);
    if (!memory)
        return HAS_MEMORY;
    if (memory->size != op.width * 8)
        return WIDTH;
    if (op.kind != MMIO_MOVS &&
        (op.reads != !!(memory->actions & ZYDIS_OPERAND_ACTION_MASK_READ) ||
         op.writes != !!(memory->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)))
        return ACCESS;
    return uses_register(&op) && !same_register(o, &op) ? REGISTER : SAME;
}

static enum what compare_parts(const struct opinion *o)
{
    if (o->theirs.length != o->ours.length)
        return LENGTH;
    if (o->theirs.address_width != o->ours.addr_size * 8)
        return ADDRESS_SIZE;
    if (o->theirs.raw.imm[0].size != o->ours.imm_size * 8 &&
        !(o->ours.has_mem && !o->ours.has_modrm))
        return IMMEDIATE;
    if (cut(o->theirs.raw.imm[0].value.u, o->ours.imm_size) !=
        cut((u64)o->ours.imm, o->ours.imm_size))
        return IMMEDIATE;
    const ZydisDecodedOperand *memory = their_memory(o);
    if (!memory != !o->ours.has_mem)
        return HAS_MEMORY;
    if (memory && !same_memory(o, memory))
        return MEMORY;
    return compare_mmio(o, memory);
}

/* Fewer bytes than a legal instruction has are too few, never wrong. */
static bool cuts_are_truncated(const struct opinion *o)
{
    for (unsigned valid = 0; valid < o->ours.length; valid++) {
        struct insn insn;
        if (decode(o->code, valid, o->mode, &insn) != DECODE_TRUNCATED)
            return false;
    }
    return true;
}

static enum what compare(struct opinion *o)
{
    const ZydisDecoder *decoder = &oracle_decoders[mode_index(o->mode.bits)][o->mode.amd_branches];
    o->status = ZydisDecoderDecodeFull(decoder, o->code, INSN_MAX, &o->theirs, o->operands);
    o->verdict = decode(o->code, INSN_MAX, o->mode, &o->ours);
    bool ours = o->verdict == DECODE_OK, theirs = ZYAN_SUCCESS(o->status);
    if (ours && !cuts_are_truncated(o))
        return o->what = PREFIX_OF_LEGAL;
    if (ours != theirs)
        return o->what = ours ? ONLY_OURS : ONLY_THEIRS;
    return o->what = ours ? compare_parts(o) : SAME;
}

#endif

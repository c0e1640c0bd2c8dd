/* SPDX-License-Identifier: MIT */
/*
 * Where the decoder and Zydis 4.0 differ, and why that is right. A row holds for an encoding, a map
 * and a range of opcodes, and under a further condition.
 */
#ifndef TEST_FUZZ_DECODE_EXPLAINED_H
#define TEST_FUZZ_DECODE_EXPLAINED_H

#include "test/fuzz/decode_oracle.h"

struct explanation {
    enum what what;
    int encoding; /* -1: any */
    int map;
    u8 first, last;
    bool (*when)(const struct opinion *o);
    const char *reason;
    u64 count;
};

static bool modrm_is_register(const struct opinion *o)
{
    return !o->ours.has_mem;
}

/* The index is a vector register: VPGATHER and kin, 0F38 90 to 93, A0 to A3, C6, C7. */
static bool index_is_vector(const struct opinion *o)
{
    for (unsigned i = 0; i < o->theirs.operand_count; i++)
        if (o->operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
            o->operands[i].mem.type == ZYDIS_MEMOP_TYPE_VSIB)
            return true;
    return false;
}

static bool no_track(const struct opinion *o)
{
    return o->theirs.attributes & ZYDIS_ATTRIB_HAS_NOTRACK;
}

static bool opsize_in_64(const struct opinion *o)
{
    return o->mode.bits == 64 && o->ours.op_size == 2;
}

/* MVEX, VEX map 0 and other instructions of Knights Corner, which nothing else ever had. */
static bool knights_corner(const struct opinion *o)
{
    return o->theirs.encoding == ZYDIS_INSTRUCTION_ENCODING_MVEX ||
           (o->theirs.meta.isa_ext >= ZYDIS_ISA_EXT_KNC &&
            o->theirs.meta.isa_ext <= ZYDIS_ISA_EXT_KNCV);
}

/* SIB with mod 0 and base 5: no base, whatever REX.B says (SDM volume 2, table 2-5). */
static bool no_base_r13(const struct opinion *o)
{
    return o->mode.bits == 64 && o->ours.addr_size == 4 && (o->ours.modrm & 0xc7) == 4 &&
           (o->ours.sib & 7) == 5 && o->ours.rex & REX_B;
}

#define ROW(what, encoding, map, first, last, when, reason)                                        \
    {                                                                                              \
        what, encoding, map, first, last, when, reason, 0                                          \
    }

static struct explanation explanations[] = {
    ROW(ONLY_OURS, INSN_VEX, -1, 0x00, 0xff, NULL,
        "VEX: the decoder gives lengths, not what W, L, vvvv and reserved opcodes forbid"),
    ROW(ONLY_OURS, INSN_EVEX, -1, 0x00, 0xff, NULL, "EVEX: the same"),
    ROW(ONLY_OURS, INSN_XOP, -1, 0x00, 0xff, NULL, "XOP: the same"),
    ROW(ONLY_OURS, INSN_LEGACY, MAP_0F, 0x1a, 0x1b, NULL,
        "0F 1A, 1B: NOP where there is no MPX, and MPX is gone; Zydis judges them as MPX"),
    ROW(ADDRESS_SIZE, INSN_LEGACY, MAP_0F, 0x1a, 0x1b, NULL,
        "0F 1A, 1B: MPX ignores 67 in 64-bit mode; the NOP that we see does not"),
    ROW(ADDRESS_SIZE, INSN_LEGACY, MAP_0F, 0x01, 0x01, modrm_is_register,
        "ENCLS, ENCLU, ENCLV name no address by ModRM; Zydis gives them 32 bits always"),
    ROW(ONLY_THEIRS, INSN_LEGACY, MAP_0F, 0xa6, 0xa7, NULL,
        "0F A6, A7: PadLock instructions of VIA's processors; #UD on Intel and AMD"),
    ROW(ONLY_THEIRS, -1, -1, 0x00, 0xff, knights_corner,
        "Knights Corner: Zydis decodes it even with that mode off; no processor with VMX has it"),
    ROW(LENGTH, INSN_VEX, MAP_0F, 0x84, 0x85, knights_corner, "Knights Corner: JKZD, JKNZD"),
    ROW(MEMORY, -1, -1, 0x00, 0xff, no_base_r13,
        "67, mod 0, SIB base 5, REX.B: no base and disp32; Zydis 4.0 says R13D, objdump as we"),
    ROW(WIDTH, INSN_LEGACY, MAP_ONE, 0x63, 0x63, opsize_in_64,
        "MOVSXD with 66 reads a word (SDM volume 2: MOVSXD r16, r/m16); Zydis says a doubleword"),
    ROW(MEMORY, INSN_LEGACY, MAP_ONE, 0xff, 0xff, no_track,
        "3E before a near indirect branch: NOTRACK only to Zydis, but it stays an override"),
    ROW(MEMORY, INSN_VEX, MAP_0F38, 0x90, 0x93, index_is_vector,
        "gathers: an index of 4 is a vector register; the decoder does not know vector indexes"),
    ROW(MEMORY, INSN_EVEX, MAP_0F38, 0x90, 0xc7, index_is_vector, "gathers and scatters: the same"),
};

static struct explanation *explain(const struct opinion *o)
{
    for (unsigned i = 0; i < array_size(explanations); i++) {
        struct explanation *e = &explanations[i];
        if (e->what == o->what && (e->encoding < 0 || e->encoding == o->ours.encoding) &&
            (e->map < 0 || e->map == o->ours.map) && o->ours.opcode >= e->first &&
            o->ours.opcode <= e->last && (!e->when || e->when(o))) {
            e->count++;
            return e;
        }
    }
    return NULL;
}

#endif

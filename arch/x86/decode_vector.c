/* SPDX-License-Identifier: MIT */
/* SDM volume 2, 2.3 (VEX) and 2.7 (EVEX); APM volume 3, 1.2.7 (XOP). */
#include "arch/x86/decode_cursor.h"
#include "arch/x86/decode_tables.h"

/*
 * C4, C5, 62 and 8F begin a vector instruction where what they name in the one-byte map cannot be:
 * always in 64-bit mode; elsewhere when the next byte, as a ModRM, would name a register; and POP's
 * 8F when the map field is 8 or more, which as a ModRM would not be /0.
 */
u8 vector_encoding(struct cursor *c, const struct insn *insn, u8 byte)
{
    if (byte != 0xc4 && byte != 0xc5 && byte != 0x62 && byte != 0x8f)
        return INSN_LEGACY;
    u8 next = peek(c);
    if (byte == 0x8f)
        return (next & 0x1f) >= 8 ? INSN_XOP : INSN_LEGACY;
    if (insn->bits != 64 && next < 0xc0)
        return INSN_LEGACY;
    return byte == 0x62 ? INSN_EVEX : INSN_VEX;
}

/* Maps 1 to 3 for VEX; 1 to 3, 5 and 6 for EVEX; 8 to 10 for XOP. */
static bool vector_map_exists(const struct insn *insn)
{
    if (insn->encoding == INSN_XOP)
        return insn->map >= 8 && insn->map <= 10;
    u32 maps = insn->encoding == INSN_EVEX ? 0x6e : 0x0e;
    return insn->map < 8 && (maps >> insn->map & 1);
}

/* pp: which of 66, F3 and F2 the instruction would have had. */
static void note_pp(struct insn *insn, unsigned pp)
{
    static const u8 prefix[4] = {0, PREFIX_OPSIZE, PREFIX_REP, PREFIX_REPNE};
    insn->prefixes |= prefix[pp & 3];
}

/* The payload of VEX, EVEX or XOP and the opcode. SDM 2.3.5, 2.7.1; APM volume 3, 1.2.7. */
bool vector_take(struct cursor *c, struct insn *insn, u8 first)
{
    /* With any of 66, F2, F3, LOCK or REX before it: #UD. */
    if (insn->prefixes & (PREFIX_OPSIZE | PREFIX_LOCK | PREFIX_REP | PREFIX_REPNE | PREFIX_REX))
        return false;
    u8 p0 = take(c), p1 = p0;
    insn->rex = p0 & 0x80 ? 0 : REX_R;
    insn->map = MAP_0F;
    if (first != 0xc5) {
        p1 = take(c);
        insn->rex |= (p0 & 0x40 ? 0 : REX_X) | (p0 & 0x20 ? 0 : REX_B) | (p1 & 0x80 ? REX_W : 0);
        insn->map = p0 & (insn->encoding == INSN_EVEX ? 0x0f : 0x1f);
    }
    note_pp(insn, p1 & 3);
    if (insn->bits != 64) /* no registers above 7 there; W stays, without effect on what we use */
        insn->rex &= REX_W;
    if (insn->encoding == INSN_EVEX) {
        take(c); /* z, L'L, b, V', aaa: nothing for a length */
        if (c->verdict == DECODE_OK && !(p1 & 4))
            return false;
    }
    insn->opcode = take(c);
    return c->verdict != DECODE_OK || vector_map_exists(insn);
}

static bool vector_has_imm8(const struct insn *insn)
{
    if (insn->map != MAP_0F)
        return insn->map == MAP_0F3A || insn->map == 8;
    switch (insn->opcode) {
    case 0x70 ... 0x73:
    case 0xc2:
    case 0xc4 ... 0xc6:
        return true;
    default:
        return false;
    }
}

u32 vector_op(const struct insn *insn)
{
    if (insn->encoding == INSN_VEX && insn->map == MAP_0F && insn->opcode == 0x77)
        return 0; /* VZEROUPPER, VZEROALL: no ModRM */
    if (insn->encoding == INSN_XOP && insn->map == 10)
        return OP_MODRM; /* 4 bytes of immediate, whatever the operand size: see immediate_size */
    return OP_MODRM | (vector_has_imm8(insn) ? OP_IMM(IMM_8) : 0);
}

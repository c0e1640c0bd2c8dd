/* SPDX-License-Identifier: MIT */
/*
 * Reading code byte by byte, and the part of the decoder that reads VEX, EVEX and XOP: for
 * decode*.c alone.
 */
#ifndef ARCH_X86_DECODE_CURSOR_H
#define ARCH_X86_DECODE_CURSOR_H

#include "arch/x86/decode.h"

/* Where reading stands. The first refusal sticks, and reads after it give 0. */
struct cursor {
    const u8 *code;
    unsigned at, valid;
    enum decode_verdict verdict;
};

static inline u8 take(struct cursor *c)
{
    if (unlikely(c->at >= INSN_MAX || c->at >= c->valid)) {
        if (c->verdict == DECODE_OK)
            c->verdict = c->at >= INSN_MAX ? DECODE_TOO_LONG : DECODE_TRUNCATED;
        return 0;
    }
    return c->code[c->at++];
}

static inline u8 peek(struct cursor *c)
{
    u8 byte = take(c);
    c->at -= c->verdict == DECODE_OK;
    return byte;
}

/* What the byte after the prefixes begins: enum insn_encoding. */
u8 vector_encoding(struct cursor *c, const struct insn *insn, u8 byte);

/* The payload and the opcode; false if they are #UD. */
bool vector_take(struct cursor *c, struct insn *insn, u8 first);

/* What would be the opcode's entry in a table. */
u32 vector_op(const struct insn *insn);

#endif

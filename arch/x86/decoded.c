/* SPDX-License-Identifier: MIT */
#include "arch/x86/decoded.h"

static u64 mask_of(unsigned bytes)
{
    return bytes == 0 ? 0 : ~0ull >> (64 - 8 * bytes);
}

/* Drivers select a register in one place and reach it in the next, at once. */
static bool leads(const struct decoded *code, const struct insn_bytes *bytes, unsigned valid)
{
    unsigned length = code->insn.length;
    struct insn next;

    return mmio_op_is_move(&code->op) &&
           decode((const u8 *)bytes + length, valid - length, code->mode, &next) == DECODE_OK &&
           next.has_mem && next.base == code->insn.base;
}

enum decode_verdict decode_and_keep(struct decoded *into, const struct insn_bytes *bytes,
                                    unsigned valid, struct decode_mode mode)
{
    into->mode.bits = 0;
    enum decode_verdict verdict = decode((const u8 *)bytes, valid, mode, &into->insn);
    if (verdict != DECODE_OK)
        return verdict;
    unsigned length = into->insn.length;
    into->mask.low = mask_of(length < 8 ? length : 8);
    into->mask.high = mask_of(length < 8 ? 0 : length - 8);
    into->bytes = *bytes;
    into->mode = mode;
    into->for_mmio = NOT_FOR_MMIO;
    if (mmio_op_of(&into->insn, &into->op))
        into->for_mmio = leads(into, bytes, valid) ? FOR_MMIO_TWICE : FOR_MMIO;
    return DECODE_OK;
}

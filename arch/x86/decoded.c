/* SPDX-License-Identifier: MIT */
#include "arch/x86/decoded.h"

static u64 mask_of(unsigned bytes)
{
    return bytes == 0 ? 0 : ~0ull >> (64 - 8 * bytes);
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
    into->for_mmio = mmio_op_of(&into->insn, &into->op);
    into->mode = mode;
    return DECODE_OK;
}

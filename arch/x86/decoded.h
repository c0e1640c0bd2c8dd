/* SPDX-License-Identifier: MIT */
/*
 * A decoded instruction that is kept together with what it was made from. The bytes are fetched
 * each time, and it is used again only for the very bytes and the mode: decode() is a function of
 * these alone, so nothing can become stale.
 */
#ifndef ARCH_X86_DECODED_H
#define ARCH_X86_DECODED_H

#include "arch/x86/mmio_op.h"

/* Room for the bytes of an instruction, in words that are compared at once; the last is padding. */
struct insn_bytes {
    u64 low, high;
};

/* What `op` says of an instruction. */
enum decoded_use {
    NOT_FOR_MMIO,
    FOR_MMIO,
    FOR_MMIO_TWICE, /* and what stood behind it reaches memory by the same base: a guess */
};

struct decoded {
    struct insn_bytes bytes, mask; /* of its length */
    struct decode_mode mode;       /* bits is 0 where nothing has been decoded yet */
    u8 for_mmio;                   /* enum decoded_use: of `op` */
    struct insn insn;
    struct mmio_op op;
};

/* The first `valid` bytes are that instruction. */
static always_inline bool decoded_is(const struct decoded *known, const struct insn_bytes *bytes,
                                     unsigned valid, struct decode_mode mode)
{
    return known->mode.bits == mode.bits && known->mode.amd_branches == mode.amd_branches &&
           known->insn.length <= valid && !((bytes->low ^ known->bytes.low) & known->mask.low) &&
           !((bytes->high ^ known->bytes.high) & known->mask.high);
}

/* decode(), and what mmio_op_of() says. Not to be copied: `op` points to `insn`. */
enum decode_verdict must_check decode_and_keep(struct decoded *into, const struct insn_bytes *bytes,
                                               unsigned valid, struct decode_mode mode);

#endif

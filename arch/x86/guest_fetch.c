/* SPDX-License-Identifier: MIT */
/*
 *        first page | second page
 *   ... [ 15 bytes at the most ] ...
 *        `first`    | only if decode() asks for more
 */
#include "arch/x86/guest_fetch.h"
#include "lib/bits.h"
#include "lib/string.h"

/* Where the bytes of one page are. */
static enum walk_verdict find(const struct guest_paging *paging, const struct guest_memory *memory,
                              u64 linear, unsigned access, const u8 **from, struct guest_path *note,
                              struct guest_fault *fault)
{
    gpa_t at;
    enum walk_verdict verdict = guest_walk(paging, memory, linear, access, &at, note, fault);
    if (verdict != WALK_OK)
        return verdict;
    const struct vm_piece *piece = piece_of(memory->piece, memory->end, at);
    if (!piece)
        return WALK_NO_TABLE;
    *from = in_piece(piece, at);
    return WALK_OK;
}

static enum walk_verdict not_decoded(enum decode_verdict verdict, struct guest_fault *fault)
{
    bool too_long = verdict == DECODE_TOO_LONG;
    *fault =
        (struct guest_fault){.vector = too_long ? VECTOR_GP : VECTOR_UD, .has_error = too_long};
    return WALK_FAULT;
}

enum walk_verdict guest_fetch(struct fetch_cache *cache, const struct guest_paging *paging,
                              const struct guest_memory *memory, u64 linear, bool user,
                              struct decode_mode mode, const struct decoded **code,
                              struct guest_fault *fault)
{
    struct fetch_slot *slot = fetch_slot_of(cache, linear);
    struct insn_bytes bytes = {0}; /* copied once: another vCPU may be writing them */
    unsigned access = user ? ACCESS_FETCH | ACCESS_USER : ACCESS_FETCH;
    unsigned first = (unsigned)min_u64(INSN_MAX, PAGE_4K - (linear & (PAGE_4K - 1)));
    const u8 *from;
    *code = &slot->code;
    slot->path.steps = 0;
    enum walk_verdict verdict = find(paging, memory, linear, access, &from, &slot->path, fault);
    if (verdict != WALK_OK)
        return verdict;
    slot->page = from - (linear & (PAGE_4K - 1));
    memcpy(&bytes, from, first);
    if (decoded_is(&slot->code, &bytes, first, mode))
        return WALK_OK;
    enum decode_verdict decoded = decode_and_keep(&slot->code, &bytes, first, mode);
    if (decoded == DECODE_TRUNCATED && first < INSN_MAX) {
        u64 next = mode.bits == 64 ? linear + first : cut(linear + first, 4);
        verdict = find(paging, memory, next, access, &from, NULL, fault);
        if (verdict != WALK_OK)
            return verdict;
        memcpy((u8 *)&bytes + first, from, INSN_MAX - first);
        decoded = decode_and_keep(&slot->code, &bytes, INSN_MAX, mode);
    }
    return decoded == DECODE_OK ? WALK_OK : not_decoded(decoded, fault);
}

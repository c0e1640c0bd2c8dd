/* SPDX-License-Identifier: MIT */
/*
 * Guest memory lies in pieces on the host, each a block of frames. Looking one up is inline: the
 * walk through a guest's page tables does it at each level.
 */
#ifndef CORE_PIECES_H
#define CORE_PIECES_H

#include "mm/addr.h"

/* Whole pages, all three. */
struct vm_piece {
    gpa_t at;
    hpa_t base;
    u64 size;
};

/* Which of [piece, end) holds the address, or NULL. */
static always_inline const struct vm_piece *piece_of(const struct vm_piece *piece,
                                                     const struct vm_piece *end, gpa_t at)
{
    for (; likely(piece < end); piece++)
        if (likely(at.v - piece->at.v < piece->size))
            return piece;
    return NULL;
}

static always_inline void *in_piece(const struct vm_piece *piece, gpa_t at)
{
    return hpa_ptr(hpa_add(piece->base, at.v - piece->at.v));
}

#endif

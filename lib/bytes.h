/* SPDX-License-Identifier: MIT */
/*
 * Little-endian words out of byte strings that firmware or a file gave us: any alignment, no
 * casts. Bounds are the caller's.
 */
#ifndef LIB_BYTES_H
#define LIB_BYTES_H

#include "lib/types.h"

static inline u16 bytes_u16(const u8 *at)
{
    return (u16)(at[0] | at[1] << 8);
}

static inline u32 bytes_u32(const u8 *at)
{
    return bytes_u16(at) | (u32)bytes_u16(at + 2) << 16;
}

static inline u64 bytes_u64(const u8 *at)
{
    return bytes_u32(at) | (u64)bytes_u32(at + 4) << 32;
}

#endif

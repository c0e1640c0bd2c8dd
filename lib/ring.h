/* SPDX-License-Identifier: MIT */
/*
 * A byte queue between one producer and one consumer, which may be two cores: each
 * side writes only its own count, so that neither needs a lock. The counts run freely and wrap at
 * 2^32; the size is a power of two, so that they stay right when they do.
 */
#ifndef LIB_RING_H
#define LIB_RING_H

#include "lib/types.h"

struct ring {
    u8 *bytes;
    u32 size;     /* a power of two */
    u32 put, got; /* bytes ever put (the producer's) and got (the consumer's) */
};

/* A ring over an array, for a static initializer. */
#define RING(array)                                                                                \
    {                                                                                              \
        .bytes = (array), .size = sizeof(array)                                                    \
    }

static inline u32 ring_used(const struct ring *ring)
{
    return __atomic_load_n(&ring->put, __ATOMIC_ACQUIRE) -
           __atomic_load_n(&ring->got, __ATOMIC_ACQUIRE);
}

static inline u32 ring_room(const struct ring *ring)
{
    return ring->size - ring_used(ring);
}

/* The producer's: false if the ring is full. */
static inline bool ring_put(struct ring *ring, u8 byte)
{
    u32 put = ring->put;
    if (!ring_room(ring))
        return false;
    ring->bytes[put & (ring->size - 1)] = byte;
    __atomic_store_n(&ring->put, put + 1, __ATOMIC_RELEASE);
    return true;
}

/* The consumer's: -1 if the ring is empty. */
static inline int ring_get(struct ring *ring)
{
    u32 got = ring->got;
    if (!ring_used(ring))
        return -1;
    u8 byte = ring->bytes[got & (ring->size - 1)];
    __atomic_store_n(&ring->got, got + 1, __ATOMIC_RELEASE);
    return byte;
}

#endif

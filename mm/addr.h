/* SPDX-License-Identifier: MIT */
/*
 * Address spaces as types: a host-physical and a guest-physical address are
 * different structs, so that mixing them does not compile. All of RAM stands at
 * one offset in the host's address space (the direct map); hpa_ptr is the only way through it.
 */
#ifndef MM_ADDR_H
#define MM_ADDR_H

#include "lib/types.h"

typedef struct {
    u64 v;
} hpa_t;

typedef struct {
    u64 v;
} gpa_t;

#define PAGE_4K (1ull << 12)
#define PAGE_2M (1ull << 21)
#define PAGE_1G (1ull << 30)

#define HPA_NONE ((hpa_t){~0ull})

/* Where physical address 0 stands in the host's address space: a constant in the image, an arena in
 * the unit tests. */
extern u64 direct_base;

static inline hpa_t hpa(u64 v)
{
    return (hpa_t){v};
}

static inline gpa_t gpa(u64 v)
{
    return (gpa_t){v};
}

static inline bool hpa_is_none(hpa_t a)
{
    return a.v == HPA_NONE.v;
}

static inline hpa_t hpa_add(hpa_t a, u64 offset)
{
    return hpa(a.v + offset);
}

static inline gpa_t gpa_add(gpa_t a, u64 offset)
{
    return gpa(a.v + offset);
}

static inline void *hpa_ptr(hpa_t a)
{
    return (void *)(uintptr_t)(direct_base + a.v);
}

/* Of a pointer into the direct map only. */
static inline hpa_t ptr_hpa(const void *p)
{
    return hpa((u64)(uintptr_t)p - direct_base);
}

#endif

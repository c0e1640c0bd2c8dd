/* SPDX-License-Identifier: MIT */
/*
 * The one page-table walker. What the processor wants to see in an entry is data (struct
 * ptab_format): Trivet's own map, Intel's EPT, AMD's nested tables and others are written and read
 * by the same code, with the same flags.
 *
 * A map is changed by one core at a time: the caller has a lock. Other cores may walk it meanwhile,
 * as their hardware does: an entry is written by one store, a table is complete before it is linked
 * in, and its frame is free only after ptab_release. So a change has three steps:
 *
 *     error = ptab_unmap(&pt, va, size, &flush);     change, note what to invalidate
 *     if (flush.needed) ...                          the caller invalidates, on every core
 *     ptab_release(&pt, &flush);                     the tables that fell out go back
 *
 * Several changes may share one flush. It counts after an error too.
 *
 * Errors are sentences; NULL is success. A range that is refused, or for which no frame is left,
 * still translates as before.
 */
#ifndef MM_PTAB_H
#define MM_PTAB_H

#include "mm/addr.h"

/* What a page allows, and how it is cached: one word, e.g. PT_R | PT_W | PT_UC. */
enum pt_flag {
    PT_R = 1 << 0,
    PT_W = 1 << 1,
    PT_X = 1 << 2,
    PT_USER = 1 << 3,
    PT_GLOBAL = 1 << 4,
    PT_ACCESSED = 1 << 5, /* set by hardware, or at once by who does not want to know */
    PT_DIRTY = 1 << 6,
    PT_WB = 0 << 8,
    PT_WT = 1 << 8,
    PT_UC = 2 << 8,
    PT_WC = 3 << 8,
    PT_WP = 4 << 8,
    PT_TYPE = 7 << 8,   /* mask */
    PT_SMALL = 1 << 12, /* ptab_map: 4K pages only */
};

#define PT_FLAGS 7 /* PT_R .. PT_DIRTY */
#define PT_TYPES 5 /* PT_WB .. PT_WP */

struct ptab_format {
    const char *name;
    u8 levels, va_bits; /* the root takes the bits that the 9 of each lower level leave */
    bool canonical;     /* addresses are sign-extended: two halves */
    bool caches_absent; /* the processor remembers that nothing was mapped */
    u8 frame_shift;     /* the frame number's place in an entry ... */
    u64 frame_mask;     /* ... and extent */
    u64 present;        /* any of these bits: there is something */
    u64 leaf_mask;      /* above level 0, any of these: a page, else a table */
    u64 table;          /* an entry that leads to a table */
    u64 leaf;           /* in every page's entry ... */
    u64 large;          /* ... and above level 0 besides */
    u32 must;           /* flags that a page cannot do without */
    struct {
        u64 on,
            off; /* bits that say the flag, bits that say its absence; none: not in this format */
    } flag[PT_FLAGS];
    u8 types; /* which memory types there are: bit PT_xx >> 8 */
    struct {
        u64 small, large;
    } type[PT_TYPES], type_mask; /* in level 0, above it */
};

extern const struct ptab_format ptab_x86; /* 4-level, long mode; IA32_PAT as arch programs it */
extern const struct ptab_format ptab_ept;
extern const struct ptab_format ptab_npt;

/* Where tables come from: zeroed blocks, aligned to their size. */
struct ptab_frames {
    hpa_t (*alloc)(u64 size);
    const char *(*free)(hpa_t base, u64 size);
};

extern const struct ptab_frames ptab_frames; /* frame_alloc and frame_free */

struct ptab {
    const struct ptab_format *format;
    const struct ptab_frames *frames;
    hpa_t root;
    u64 page_max; /* the largest page of this processor: PAGE_4K, PAGE_2M or PAGE_1G */
    u64 pa_limit; /* the first physical address that it cannot reach */
    u64 tables;   /* frames in use for tables */
};

/* What was changed since the flush was {0}. */
struct ptab_flush {
    bool needed;
    u64 from, last;        /* all that may be cached wrongly lies in here, last included */
    hpa_t retired, merged; /* tables for ptab_release; 0: none */
};

struct ptab_leaf {
    u64 va, size;
    hpa_t pa;
    u32 flags;
};

must_check const char *ptab_init(struct ptab *pt, const struct ptab_format *format,
                                 const struct ptab_frames *frames, u64 page_max, u64 pa_limit);

/* Gives back every table; no processor uses the map any more. */
must_check const char *ptab_destroy(struct ptab *pt);

/* Maps what is not mapped, with the largest pages that both addresses allow. */
must_check const char *ptab_map(struct ptab *pt, u64 va, hpa_t pa, u64 size, u32 flags,
                                struct ptab_flush *flush);

/* Holes in the range are fine. */
must_check const char *ptab_unmap(struct ptab *pt, u64 va, u64 size, struct ptab_flush *flush);

/* Gives a range without holes new flags; what hardware noted (accessed, dirty) stays. */
must_check const char *ptab_protect(struct ptab *pt, u64 va, u64 size, u32 flags,
                                    struct ptab_flush *flush);

/* Cuts the range's larger pages until none is larger than `page`. */
must_check const char *ptab_split(struct ptab *pt, u64 va, u64 size, u64 page,
                                  struct ptab_flush *flush);

/*
 * Makes one page of 512 neighbours: `page` is PAGE_2M or PAGE_1G, they are the next smaller size,
 * alike and in physical order. It counts as dirty, since cores may write by the old table until the
 * flush. One merge a flush.
 */
must_check const char *ptab_merge(struct ptab *pt, u64 va, u64 page, struct ptab_flush *flush);

/* The page that holds va; false if there is none, and then va and size describe the hole. */
bool ptab_lookup(const struct ptab *pt, u64 va, struct ptab_leaf *leaf);

/* All pages in order, until `visit` returns something, which is then returned. */
const char *ptab_visit(const struct ptab *pt,
                       const char *(*visit)(void *context, const struct ptab_leaf *leaf),
                       void *context);

/* After the invalidation: frees the tables that fell out, and makes the flush {0} again. */
must_check const char *ptab_release(struct ptab *pt, struct ptab_flush *flush);

#endif

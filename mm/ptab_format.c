/* SPDX-License-Identifier: MIT */
/*
 * The formats, and the translation between their bits and our flags.
 */
#include "mm/ptab_private.h"

/* clang-format off */
#define FLAG_R        [0]
#define FLAG_W        [1]
#define FLAG_X        [2]
#define FLAG_USER     [3]
#define FLAG_GLOBAL   [4]
#define FLAG_ACCESSED [5]
#define FLAG_DIRTY    [6]

#define TYPE(pt)      (pt >> 8)

/* SDM 3A 4.5: 4-level paging, the formats of its entries. */
#define X86_P         BIT(0)
#define X86_RW        BIT(1)
#define X86_US        BIT(2)
#define X86_PWT       BIT(3)
#define X86_PCD       BIT(4)
#define X86_A         BIT(5)
#define X86_D         BIT(6)
#define X86_PS        BIT(7)  /* above level 0 */
#define X86_PAT_SMALL BIT(7)  /* in level 0 */
#define X86_G         BIT(8)
#define X86_PAT_LARGE BIT(12) /* above level 0 */
#define X86_XD        BIT(63)

/*
 * PAT, PCD and PWT are a 3-bit index into IA32_PAT (SDM 3A, "Selecting a Memory Type from the
 * PAT"). arch programs the eight as WB, WT, UC-, UC, WC, WP, UC-, UC: the first four as at reset.
 */
#define X86_TYPES                                                                                  \
    .types = BIT(TYPE(PT_WB)) | BIT(TYPE(PT_WT)) | BIT(TYPE(PT_UC)) | BIT(TYPE(PT_WC)) |           \
             BIT(TYPE(PT_WP)),                                                                     \
    .type = {                                                                                      \
        [TYPE(PT_WB)] = {0, 0},                                                                    \
        [TYPE(PT_WT)] = {X86_PWT, X86_PWT},                                                        \
        [TYPE(PT_UC)] = {X86_PCD | X86_PWT, X86_PCD | X86_PWT},                                    \
        [TYPE(PT_WC)] = {X86_PAT_SMALL, X86_PAT_LARGE},                                            \
        [TYPE(PT_WP)] = {X86_PAT_SMALL | X86_PWT, X86_PAT_LARGE | X86_PWT},                        \
    },                                                                                             \
    .type_mask = {X86_PAT_SMALL | X86_PCD | X86_PWT, X86_PAT_LARGE | X86_PCD | X86_PWT}

const struct ptab_format ptab_x86 = {
    .name = "x86", .levels = 4, .va_bits = 48, .canonical = true,
    .frame_shift = 12, .frame_mask = MASK(51, 12),
    .present = X86_P, .leaf_mask = X86_PS, .large = X86_PS,
    .table = X86_P | X86_RW | X86_US | X86_A,
    .must = PT_R,
    .flag = {
        FLAG_R        = {.on = X86_P},
        FLAG_W        = {.on = X86_RW},
        FLAG_X        = {.off = X86_XD},
        FLAG_USER     = {.on = X86_US},
        FLAG_GLOBAL   = {.on = X86_G},
        FLAG_ACCESSED = {.on = X86_A},
        FLAG_DIRTY    = {.on = X86_D},
    },
    X86_TYPES,
};

/*
 * APM 2, 15.25: the nested walk counts as a user's, so U/S is always set, and G means nothing.
 * Guest-physical addresses are not sign-extended.
 */
const struct ptab_format ptab_npt = {
    .name = "NPT", .levels = 4, .va_bits = 48,
    .frame_shift = 12, .frame_mask = MASK(51, 12),
    .present = X86_P, .leaf_mask = X86_PS, .leaf = X86_US, .large = X86_PS,
    .table = X86_P | X86_RW | X86_US | X86_A,
    .must = PT_R,
    .flag = {
        FLAG_R        = {.on = X86_P},
        FLAG_W        = {.on = X86_RW},
        FLAG_X        = {.off = X86_XD},
        FLAG_ACCESSED = {.on = X86_A},
        FLAG_DIRTY    = {.on = X86_D},
    },
    X86_TYPES,
};

/*
 * SDM 3C, "EPT Translation Mechanism". The memory type stands in bits 5:3 as IA32_PAT numbers it, and
 * bit 6 (ignore PAT) stays 0: the guest's own PAT counts. Whether pages may be executed but not read
 * is for the caller to know (IA32_VMX_EPT_VPID_CAP bit 0).
 */
#define EPT_R         BIT(0)
#define EPT_W         BIT(1)
#define EPT_X         BIT(2)
#define EPT_TYPE(n)   {(n) * BIT(3), (n) * BIT(3)}
#define EPT_LARGE     BIT(7)
#define EPT_A         BIT(8)
#define EPT_D         BIT(9)

const struct ptab_format ptab_ept = {
    .name = "EPT", .levels = 4, .va_bits = 48,
    .frame_shift = 12, .frame_mask = MASK(51, 12),
    .present = EPT_R | EPT_W | EPT_X, .leaf_mask = EPT_LARGE, .large = EPT_LARGE,
    .table = EPT_R | EPT_W | EPT_X,
    .flag = {
        FLAG_R        = {.on = EPT_R},
        FLAG_W        = {.on = EPT_W},
        FLAG_X        = {.on = EPT_X},
        FLAG_ACCESSED = {.on = EPT_A},
        FLAG_DIRTY    = {.on = EPT_D},
    },
    .types = BIT(TYPE(PT_WB)) | BIT(TYPE(PT_WT)) | BIT(TYPE(PT_UC)) | BIT(TYPE(PT_WC)) |
             BIT(TYPE(PT_WP)),
    .type = {
        [TYPE(PT_UC)] = EPT_TYPE(0),
        [TYPE(PT_WC)] = EPT_TYPE(1),
        [TYPE(PT_WT)] = EPT_TYPE(4),
        [TYPE(PT_WP)] = EPT_TYPE(5),
        [TYPE(PT_WB)] = EPT_TYPE(6),
    },
    .type_mask = EPT_TYPE(7),
};
/* clang-format on */

u64 entry_bits(const struct ptab_format *f, u32 flags, unsigned level)
{
    unsigned type = (flags & PT_TYPE) >> 8;
    u64 bits = f->leaf | (level ? f->large | f->type[type].large : f->type[type].small);

    for (unsigned i = 0; i < PT_FLAGS; i++)
        bits |= flags & BIT(i) ? f->flag[i].on : f->flag[i].off;
    return bits;
}

u32 entry_flags(const struct ptab_format *f, u64 entry, unsigned level)
{
    u32 flags = 0;
    u64 type = entry & (level ? f->type_mask.large : f->type_mask.small);

    for (u32 i = 0; i < PT_FLAGS; i++)
        if (entry & f->flag[i].on || (f->flag[i].off && !(entry & f->flag[i].off)))
            flags |= 1u << i;
    for (u32 t = 0; t < PT_TYPES; t++)
        if (f->types & BIT(t) && (level ? f->type[t].large : f->type[t].small) == type)
            return flags | t << 8;
    return flags | PT_UC; /* no such type was ever written here */
}

const char *entry_check(const struct ptab_format *f, u32 flags)
{
    if (!(flags & (PT_R | PT_X)) || (flags & f->must) != f->must)
        return "a page must be readable (some formats also have pages that are only executable)";
    if (flags & PT_W && !(flags & PT_R))
        return "a page that can be written must be readable";
    for (unsigned i = 0; i < PT_FLAGS; i++)
        if (flags & BIT(i) && !f->flag[i].on && !f->flag[i].off)
            return "this page-table format has no such flag";
    if ((flags & PT_TYPE) >> 8 >= PT_TYPES || !(f->types & BIT((flags & PT_TYPE) >> 8)))
        return "this page-table format has no such memory type";
    return NULL;
}

u32 entry_noted(const struct ptab_format *f)
{
    bool accessed = f->flag[5].on, dirty = f->flag[6].on;
    return (accessed ? PT_ACCESSED : 0u) | (dirty ? PT_DIRTY : 0u);
}

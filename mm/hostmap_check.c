/* SPDX-License-Identifier: MIT */
/*
 * The rules of mm/hostmap.h, asked of the tables themselves: page by page, by whatever address a
 * page is reached.
 */
#include "mm/hostmap.h"

#include "lib/bits.h"
#include "lib/fmt.h"
#include "mm/hostmap_private.h"

struct piece {
    u64 va, size; /* 0: it is not there any more */
    hpa_t pa;
};

enum part { TEXT, RODATA, BOOT_TEXT, BOOT_RODATA, PARTS };

struct image {
    struct piece part[PARTS];
};

static const struct {
    const char *start, *end;
    const char *writable; /* what is wrong with a page that shares its memory */
} parts[PARTS] = {
    [TEXT] = {image_text_start,        image_text_end,        "makes text writable"       },
    [RODATA] = {image_rodata_start,      image_rodata_end,      "makes rodata writable"     },
    [BOOT_TEXT] = {image_boot_text_start,   image_boot_text_end,   "makes boot's text writable"},
    [BOOT_RODATA] = {image_boot_rodata_start, image_boot_rodata_end,
              "makes boot's rodata writable"                                              },
};

/* A part of the image lies in one piece of memory, so its first page says where. */
static bool find(const struct ptab *pt, enum part part, struct piece *piece)
{
    struct ptab_leaf leaf;
    bool mapped = ptab_lookup(pt, (u64)(uintptr_t)parts[part].start, &leaf);

    piece->va = (u64)(uintptr_t)parts[part].start;
    piece->size = mapped ? (u64)(parts[part].end - parts[part].start) : 0;
    piece->pa = hpa_add(leaf.pa, piece->va - leaf.va);
    return mapped;
}

static bool is_within(const struct ptab_leaf *leaf, const struct piece *piece)
{
    return leaf->va >= piece->va && leaf->size <= piece->size &&
           leaf->va - piece->va <= piece->size - leaf->size;
}

static bool shares_memory(const struct ptab_leaf *leaf, const struct piece *piece)
{
    return piece->size && leaf->pa.v < piece->pa.v + piece->size &&
           piece->pa.v < leaf->pa.v + leaf->size;
}

static const char *wrong_with(const struct ptab_leaf *leaf, const struct image *image)
{
    bool writable = leaf->flags & PT_W, executable = leaf->flags & PT_X;

    if (writable && executable)
        return "is writable and executable";
    if (executable && !is_within(leaf, &image->part[TEXT]) &&
        !is_within(leaf, &image->part[BOOT_TEXT]))
        return "is executable and not in the text";
    for (unsigned i = 0; i < PARTS && writable; i++)
        if (shares_memory(leaf, &image->part[i]))
            return parts[i].writable;
    if (leaf->pa.v == 0 || leaf->va == 0)
        return "is page 0";
    return leaf->flags & PT_USER ? "is open to user mode" : NULL;
}

static const char *check_leaf(void *context, const struct ptab_leaf *leaf)
{
    static char text[100];
    const char *wrong = wrong_with(leaf, context);

    if (!wrong)
        return NULL;
    fmt_text(text, sizeof text, "the page at 0x%llx %s", (unsigned long long)leaf->va, wrong);
    return text;
}

const char *hostmap_check(void)
{
    const struct ptab live = {.format = &ptab_x86, .root = hostmap_root()};
    struct image image;
    bool mapped[PARTS];

    for (unsigned i = 0; i < PARTS; i++)
        mapped[i] = find(&live, i, &image.part[i]);
    if (!mapped[TEXT] || !mapped[RODATA])
        return "the image itself is not mapped";
    if (mapped[BOOT_TEXT] != mapped[BOOT_RODATA])
        return "boot's part of the image is half there";
    return ptab_visit(&live, check_leaf, &image);
}

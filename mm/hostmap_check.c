/* SPDX-License-Identifier: MIT */
/*
 * The rules of mm/hostmap.h, asked of the tables themselves: page by page, by whatever address a
 * page is reached.
 */
#include "mm/hostmap.h"

#include "lib/fmt.h"

extern char image_text_start[], image_text_end[], image_rodata_start[], image_rodata_end[];

struct piece {
    u64 va, size;
    hpa_t pa;
};

struct image {
    struct piece text, rodata;
};

/* A part of the image lies in one piece of memory, so its first page says where. */
static bool find(const struct ptab *pt, const char *start, const char *end, struct piece *piece)
{
    struct ptab_leaf leaf;
    bool mapped = ptab_lookup(pt, (u64)(uintptr_t)start, &leaf);

    piece->va = (u64)(uintptr_t)start;
    piece->size = (u64)(end - start);
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
    return leaf->pa.v < piece->pa.v + piece->size && piece->pa.v < leaf->pa.v + leaf->size;
}

static const char *wrong_with(const struct ptab_leaf *leaf, const struct image *image)
{
    bool writable = leaf->flags & PT_W, executable = leaf->flags & PT_X;

    if (writable && executable)
        return "is writable and executable";
    if (executable && !is_within(leaf, &image->text))
        return "is executable and not in the text";
    if (writable && shares_memory(leaf, &image->text))
        return "makes text writable";
    if (writable && shares_memory(leaf, &image->rodata))
        return "makes rodata writable";
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

    if (!find(&live, image_text_start, image_text_end, &image.text) ||
        !find(&live, image_rodata_start, image_rodata_end, &image.rodata))
        return "the image itself is not mapped";
    return ptab_visit(&live, check_leaf, &image);
}

/* SPDX-License-Identifier: MIT */
#include "arch/x86/mmio_run.h"

static bool translate(struct mmio_run *r, enum mmio_side side, u64 linear, bool write, gpa_t *at)
{
    u64 page = align_down(linear, PAGE_4K);
    if (!r->page[side].valid || r->page[side].linear != page) {
        if (!r->bus->translate(r->bus->ctx, linear, write, at, r->fault))
            return false;
        r->page[side].valid = true;
        r->page[side].linear = page;
        r->page[side].gpa = align_down(at->v, PAGE_4K);
    }
    *at = gpa(r->page[side].gpa + (linear - page));
    return true;
}

bool mmio_find(struct mmio_run *r, enum mmio_side side, enum seg_reg segment, u64 offset,
               bool write, struct mmio_place *place)
{
    unsigned size = r->op->width, bits = r->op->insn->bits;
    u64 linear;
    if (!guest_linear(r->cpu, bits, segment, offset, size, write, &linear, r->fault))
        return false;
    unsigned room = (unsigned)(PAGE_4K - (linear & (PAGE_4K - 1)));
    place->size = size < room ? size : room;
    place->rest = size - place->size;
    if (mmio_is_known(r, linear)) {
        place->at = r->known;
        return true;
    }
    if (!translate(r, side, linear, write, &place->at))
        return false;
    u64 next = bits == 64 ? linear + room : cut(linear + room, 4);
    return place->rest == 0 || translate(r, side, next, write, &place->next);
}

u64 mmio_load(const struct mmio_run *r, const struct mmio_place *place)
{
    u64 low = r->bus->read(r->bus->ctx, place->at, place->size);
    if (place->rest == 0)
        return low;
    return low | r->bus->read(r->bus->ctx, place->next, place->rest) << (8 * place->size);
}

void mmio_store(const struct mmio_run *r, const struct mmio_place *place, u64 value)
{
    r->bus->write(r->bus->ctx, place->at, place->size, cut(value, place->size));
    if (place->rest != 0)
        r->bus->write(r->bus->ctx, place->next, place->rest,
                      cut(value >> (8 * place->size), place->rest));
}

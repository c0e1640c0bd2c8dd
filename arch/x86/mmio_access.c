/* SPDX-License-Identifier: MIT */
#include "arch/x86/mmio_run.h"

static bool has_one_operand(enum mmio_kind kind)
{
    return kind != MMIO_MOVS && kind != MMIO_CMPS && kind != MMIO_PUSH && kind != MMIO_POP;
}

/* The exit's address is this operand's when there is one operand, in one page, and it fits. */
static bool is_known(const struct mmio_run *r, u64 linear, unsigned size)
{
    u64 offset = linear & (PAGE_4K - 1);
    return has_one_operand((enum mmio_kind)r->op->kind) && r->known.v != GPA_UNKNOWN.v &&
           (r->known.v & (PAGE_4K - 1)) == offset && offset + size <= PAGE_4K;
}

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
    place->size[0] = (unsigned)min_u64(size, PAGE_4K - (linear & (PAGE_4K - 1)));
    place->size[1] = size - place->size[0];
    if (is_known(r, linear, size)) {
        place->at[0] = r->known;
        return true;
    }
    if (!translate(r, side, linear, write, &place->at[0]))
        return false;
    u64 next = bits == 64 ? linear + place->size[0] : cut(linear + place->size[0], 4);
    return place->size[1] == 0 || translate(r, side, next, write, &place->at[1]);
}

u64 mmio_load(const struct mmio_run *r, const struct mmio_place *place)
{
    u64 value = cut(r->bus->read(r->bus->ctx, place->at[0], place->size[0]), place->size[0]);
    if (place->size[1] != 0) {
        u64 high = r->bus->read(r->bus->ctx, place->at[1], place->size[1]);
        value |= cut(high, place->size[1]) << (8 * place->size[0]);
    }
    return value;
}

void mmio_store(const struct mmio_run *r, const struct mmio_place *place, u64 value)
{
    r->bus->write(r->bus->ctx, place->at[0], place->size[0], cut(value, place->size[0]));
    if (place->size[1] != 0)
        r->bus->write(r->bus->ctx, place->at[1], place->size[1],
                      cut(value >> (8 * place->size[0]), place->size[1]));
}

u64 mmio_reg_read(const struct mmio_run *r)
{
    u64 value = r->cpu->gpr[r->op->reg];
    return cut(r->op->high ? value >> 8 : value, r->op->reg_width);
}

void mmio_reg_write(struct mmio_run *r, u64 value)
{
    u64 *reg = &r->cpu->gpr[r->op->reg];
    if (r->op->high)
        *reg = (*reg & ~0xff00ull) | (value & 0xff) << 8;
    else
        gpr_write(reg, value, r->op->reg_width);
}

u64 mmio_source(const struct mmio_run *r)
{
    return r->op->has_imm ? cut((u64)r->op->imm, r->op->width) : mmio_reg_read(r);
}

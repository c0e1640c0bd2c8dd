/* SPDX-License-Identifier: MIT */
#include "arch/x86/mmio_run.h"

static u64 index_of(const struct mmio_run *r, enum gpr reg)
{
    return cut(r->cpu->gpr[reg], r->op->insn->addr_size);
}

static void step(struct mmio_run *r, enum gpr reg)
{
    u64 by = r->cpu->rflags & RFLAGS_DF ? 0 - (u64)r->op->width : r->op->width;
    gpr_write(&r->cpu->gpr[reg], r->cpu->gpr[reg] + by, r->op->insn->addr_size);
}

static bool uses_source(enum mmio_kind kind)
{
    return kind == MMIO_MOVS || kind == MMIO_LODS || kind == MMIO_CMPS;
}

/* One iteration: DS:rSI (or the override) is the source, ES:rDI the destination. */
static bool iterate(struct mmio_run *r)
{
    const struct mmio_op *op = r->op;
    enum mmio_kind kind = (enum mmio_kind)op->kind;
    bool from = uses_source(kind), to = kind != MMIO_LODS;
    bool writes = kind == MMIO_MOVS || kind == MMIO_STOS;
    struct mmio_place source_place, target;
    if (from && !mmio_find(r, MMIO_SOURCE, (enum seg_reg)op->insn->segment, index_of(r, GPR_RSI),
                           false, &source_place))
        return false;
    if (to && !mmio_find(r, MMIO_TARGET, SEG_ES, index_of(r, GPR_RDI), writes, &target))
        return false;
    u64 *accumulator = &r->cpu->gpr[GPR_RAX];
    u64 value = from ? mmio_load(r, &source_place) : cut(*accumulator, op->width);
    if (writes)
        mmio_store(r, &target, value);
    else if (kind == MMIO_LODS)
        gpr_write(accumulator, value, op->width);
    else
        alu_do(ALU_CMP, value, mmio_load(r, &target), op->width, &r->cpu->rflags);
    if (from)
        step(r, GPR_RSI);
    if (to)
        step(r, GPR_RDI);
    return true;
}

/* F3 goes on while equal, F2 while not; other than for CMPS and SCAS either just repeats. */
static bool compare_ends(const struct mmio_run *r)
{
    if (r->op->kind != MMIO_CMPS && r->op->kind != MMIO_SCAS)
        return false;
    bool equal = r->cpu->rflags & RFLAGS_ZF;
    return equal != !!(r->op->insn->prefixes & PREFIX_REP);
}

enum mmio_result mmio_string(struct mmio_run *r, unsigned batch)
{
    const struct insn *insn = r->op->insn;
    if (!(insn->prefixes & (PREFIX_REP | PREFIX_REPNE)))
        return iterate(r) ? MMIO_DONE : MMIO_FAULT;
    while (index_of(r, GPR_RCX) != 0) {
        if (!iterate(r))
            return MMIO_FAULT;
        gpr_write(&r->cpu->gpr[GPR_RCX], r->cpu->gpr[GPR_RCX] - 1, insn->addr_size);
        r->known = GPA_UNKNOWN; /* it was that of the first iteration */
        if (compare_ends(r))
            return MMIO_DONE;
        if (batch-- <= 1)
            return index_of(r, GPR_RCX) != 0 ? MMIO_AGAIN : MMIO_DONE;
    }
    return MMIO_DONE;
}

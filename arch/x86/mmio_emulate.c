/* SPDX-License-Identifier: MIT */
#include "arch/x86/mmio_emulate.h"
#include "lib/bits.h"

/* A memory operand, translated: its bytes in the first page, and those in the second. */
struct place {
    gpa_t at[2];
    unsigned size[2];
};

enum side { SOURCE, TARGET };

struct run {
    const struct mmio_op *op;
    struct guest_cpu *cpu;
    const struct mmio_bus *bus;
    gpa_t known;
    struct guest_fault *fault;
    /* The last page of either side: a repeated instruction walks once a page, not once a byte. */
    struct {
        bool valid;
        u64 linear, gpa;
    } page[2];
};

/* --- memory ---------------------------------------------------------------------------------- */

/* The exit's address is this operand's when there is one operand, in one page, and it fits. */
static bool is_known(const struct run *r, u64 linear, unsigned size)
{
    u64 offset = linear & (PAGE_4K - 1);
    return r->op->kind != MMIO_MOVS && r->op->kind != MMIO_CMPS && r->known.v != GPA_UNKNOWN.v &&
           (r->known.v & (PAGE_4K - 1)) == offset && offset + size <= PAGE_4K;
}

static bool translate(struct run *r, enum side side, u64 linear, bool write, gpa_t *at)
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

static bool find(struct run *r, enum side side, enum seg_reg segment, u64 offset, bool write,
                 struct place *place)
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

static u64 load(const struct run *r, const struct place *place)
{
    u64 value = cut(r->bus->read(r->bus->ctx, place->at[0], place->size[0]), place->size[0]);
    if (place->size[1] != 0) {
        u64 high = r->bus->read(r->bus->ctx, place->at[1], place->size[1]);
        value |= cut(high, place->size[1]) << (8 * place->size[0]);
    }
    return value;
}

static void store(const struct run *r, const struct place *place, u64 value)
{
    r->bus->write(r->bus->ctx, place->at[0], place->size[0], cut(value, place->size[0]));
    if (place->size[1] != 0)
        r->bus->write(r->bus->ctx, place->at[1], place->size[1],
                      cut(value >> (8 * place->size[0]), place->size[1]));
}

/* --- registers ------------------------------------------------------------------------------- */

static u64 register_read(const struct run *r)
{
    u64 value = r->cpu->gpr[r->op->reg];
    return cut(r->op->high ? value >> 8 : value, r->op->reg_width);
}

static void register_write(struct run *r, u64 value)
{
    u64 *reg = &r->cpu->gpr[r->op->reg];
    if (r->op->high)
        *reg = (*reg & ~0xff00ull) | (value & 0xff) << 8;
    else
        gpr_write(reg, value, r->op->reg_width);
}

static u64 source(const struct run *r)
{
    return r->op->has_imm ? cut((u64)r->op->imm, r->op->width) : register_read(r);
}

static u64 swap_bytes(u64 value, unsigned width)
{
    return __builtin_bswap64(value) >> (64 - 8 * width);
}

static u64 sign_extend(u64 value, unsigned width)
{
    unsigned unused = 64 - 8 * width;
    return (u64)((s64)(value << unused) >> unused);
}

/* --- one access, or a read and a write of one place ----------------------------------------------
 */

static void do_load(struct run *r, u64 value)
{
    if (r->op->swap)
        value = swap_bytes(value, r->op->width);
    register_write(r, r->op->sign ? sign_extend(value, r->op->width) : value);
}

static void do_cmpxchg(struct run *r, const struct place *place, u64 old)
{
    unsigned width = r->op->width;
    u64 *accumulator = &r->cpu->gpr[GPR_RAX];
    bool equal = cut(*accumulator, width) == old;
    alu_do(ALU_CMP, *accumulator, old, width, &r->cpu->rflags);
    /* The processor writes either way (SDM, CMPXCHG): the device sees the same cycles. */
    store(r, place, equal ? register_read(r) : old);
    if (!equal)
        gpr_write(accumulator, old, width);
}

static void do_xadd(struct run *r, const struct place *place, u64 old)
{
    u64 sum = alu_do(ALU_ADD, old, register_read(r), r->op->width, &r->cpu->rflags);
    register_write(r, old);
    store(r, place, sum);
}

static void do_alu(struct run *r, const struct place *place, u64 old)
{
    enum alu_op alu = (enum alu_op)r->op->alu;
    u64 other = source(r);
    bool to_register = r->op->kind == MMIO_ALU_REG;
    u64 a = to_register ? other : old, b = to_register ? old : other;
    u64 result = alu_do(alu, a, b, r->op->width, &r->cpu->rflags);
    if (!alu_writes(alu))
        return;
    if (to_register)
        register_write(r, result);
    else
        store(r, place, result);
}

static void do_plain(struct run *r, const struct place *place)
{
    u64 old = r->op->reads ? load(r, place) : 0;
    switch (r->op->kind) {
    case MMIO_LOAD:
        do_load(r, old);
        break;
    case MMIO_STORE:
        store(r, place, r->op->swap ? swap_bytes(source(r), r->op->width) : source(r));
        break;
    case MMIO_XCHG:
        store(r, place, register_read(r));
        register_write(r, old);
        break;
    case MMIO_XADD:
        do_xadd(r, place, old);
        break;
    case MMIO_CMPXCHG:
        do_cmpxchg(r, place, old);
        break;
    default: /* MMIO_ALU_REG, MMIO_ALU_MEM, MMIO_UNARY, MMIO_BIT */
        do_alu(r, place, old);
    }
}

/* A bit number in a register reaches beyond the operand, in units of it (SDM volume 2, 3.1.1.9,
 * Bit(BitBase, BitOffset)). */
static u64 operand_offset(const struct run *r)
{
    const struct mmio_op *op = r->op;
    u64 offset = insn_offset(op->insn, r->cpu);
    if (op->kind == MMIO_BIT && !op->has_imm) {
        s64 bit = (s64)sign_extend(register_read(r), op->width);
        offset += (u64)((bit >> (3 + lowest_bit(op->width))) * op->width);
    }
    return cut(offset, op->insn->addr_size);
}

static enum mmio_result plain(struct run *r)
{
    struct place place;
    enum seg_reg segment = (enum seg_reg)r->op->insn->segment;
    if (!find(r, TARGET, segment, operand_offset(r), r->op->writes, &place))
        return MMIO_FAULT;
    do_plain(r, &place);
    return MMIO_DONE;
}

/* --- string instructions ------------------------------------------------------------------------
 */

static u64 index_of(const struct run *r, enum gpr reg)
{
    return cut(r->cpu->gpr[reg], r->op->insn->addr_size);
}

static void step(struct run *r, enum gpr reg)
{
    u64 by = r->cpu->rflags & RFLAGS_DF ? 0 - (u64)r->op->width : r->op->width;
    gpr_write(&r->cpu->gpr[reg], r->cpu->gpr[reg] + by, r->op->insn->addr_size);
}

static bool uses_source(enum mmio_kind kind)
{
    return kind == MMIO_MOVS || kind == MMIO_LODS || kind == MMIO_CMPS;
}

/* One iteration: DS:rSI (or the override) is the source, ES:rDI the destination. */
static bool iterate(struct run *r)
{
    const struct mmio_op *op = r->op;
    enum mmio_kind kind = (enum mmio_kind)op->kind;
    bool from = uses_source(kind), to = kind != MMIO_LODS;
    bool writes = kind == MMIO_MOVS || kind == MMIO_STOS;
    struct place source_place, target;
    if (from && !find(r, SOURCE, (enum seg_reg)op->insn->segment, index_of(r, GPR_RSI), false,
                      &source_place))
        return false;
    if (to && !find(r, TARGET, SEG_ES, index_of(r, GPR_RDI), writes, &target))
        return false;
    u64 *accumulator = &r->cpu->gpr[GPR_RAX];
    u64 value = from ? load(r, &source_place) : cut(*accumulator, op->width);
    if (writes)
        store(r, &target, value);
    else if (kind == MMIO_LODS)
        gpr_write(accumulator, value, op->width);
    else
        alu_do(ALU_CMP, value, load(r, &target), op->width, &r->cpu->rflags);
    if (from)
        step(r, GPR_RSI);
    if (to)
        step(r, GPR_RDI);
    return true;
}

/* F3 goes on while equal, F2 while not; other than for CMPS and SCAS either just repeats. */
static bool compare_ends(const struct run *r)
{
    if (r->op->kind != MMIO_CMPS && r->op->kind != MMIO_SCAS)
        return false;
    bool equal = r->cpu->rflags & RFLAGS_ZF;
    return equal != !!(r->op->insn->prefixes & PREFIX_REP);
}

static enum mmio_result string(struct run *r, unsigned batch)
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

enum mmio_result mmio_emulate(const struct mmio_op *op, struct guest_cpu *cpu,
                              const struct mmio_bus *bus, gpa_t known, unsigned batch,
                              struct guest_fault *fault)
{
    struct run r = {.op = op, .cpu = cpu, .bus = bus, .known = known, .fault = fault};
    return mmio_op_is_string(op) ? string(&r, batch) : plain(&r);
}

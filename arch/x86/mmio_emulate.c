/* SPDX-License-Identifier: MIT */
#include "arch/x86/mmio_emulate.h"
#include "arch/x86/mmio_run.h"

static u64 swap_bytes(u64 value, unsigned width)
{
    return __builtin_bswap64(value) >> (64 - 8 * width);
}

static u64 sign_extend(u64 value, unsigned width)
{
    unsigned unused = 64 - 8 * width;
    return (u64)((s64)(value << unused) >> unused);
}

static void do_load(struct mmio_run *r, u64 value)
{
    if (r->op->swap)
        value = swap_bytes(value, r->op->width);
    mmio_reg_write(r, r->op->sign ? sign_extend(value, r->op->width) : value);
}

static cold void do_cmpxchg(struct mmio_run *r, const struct mmio_place *place, u64 old)
{
    unsigned width = r->op->width;
    u64 *accumulator = &r->cpu->gpr[GPR_RAX];
    bool equal = cut(*accumulator, width) == old;
    alu_do(ALU_CMP, *accumulator, old, width, &r->cpu->rflags);
    /* The processor writes either way (SDM, CMPXCHG): the device sees the same cycles. */
    mmio_store(r, place, equal ? mmio_reg_read(r) : old);
    if (!equal)
        gpr_write(accumulator, old, width);
}

/* Here only ZF changes, and all is in halves (SDM volume 2, CMPXCHG8B). */
static cold void do_cmpxchg8b(struct mmio_run *r, const struct mmio_place *place, u64 old)
{
    u64 *gpr = r->cpu->gpr;
    bool equal = old == (cut(gpr[GPR_RAX], 4) | gpr[GPR_RDX] << 32);
    mmio_store(r, place, equal ? cut(gpr[GPR_RBX], 4) | gpr[GPR_RCX] << 32 : old);
    if (!equal) {
        gpr_write(&gpr[GPR_RAX], old, 4);
        gpr_write(&gpr[GPR_RDX], old >> 32, 4);
    }
    r->cpu->rflags = (r->cpu->rflags & ~RFLAGS_ZF) | (equal ? RFLAGS_ZF : 0);
}

static cold void do_xadd(struct mmio_run *r, const struct mmio_place *place, u64 old)
{
    u64 sum = alu_do(ALU_ADD, old, mmio_reg_read(r), r->op->width, &r->cpu->rflags);
    mmio_reg_write(r, old);
    mmio_store(r, place, sum);
}

static cold void do_alu(struct mmio_run *r, const struct mmio_place *place, u64 old)
{
    enum alu_op alu = (enum alu_op)r->op->alu;
    u64 other = mmio_source(r);
    bool to_register = r->op->kind == MMIO_ALU_REG;
    u64 a = to_register ? other : old, b = to_register ? old : other;
    u64 result = alu_do(alu, a, b, r->op->width, &r->cpu->rflags);
    if (!alu_writes(alu))
        return;
    if (to_register)
        mmio_reg_write(r, result);
    else
        mmio_store(r, place, result);
}

/* What a store writes. */
static u64 stored(const struct mmio_run *r)
{
    u64 value = mmio_source(r);
    return r->op->swap ? swap_bytes(value, r->op->width) : value;
}

static cold void do_plain(struct mmio_run *r, const struct mmio_place *place)
{
    u64 old = r->op->reads ? mmio_load(r, place) : 0;
    bool condition = alu_condition(r->op->condition, r->cpu->rflags);
    switch (r->op->kind) {
    case MMIO_LOAD:
        do_load(r, old);
        break;
    case MMIO_STORE:
        mmio_store(r, place, stored(r));
        break;
    case MMIO_XCHG:
        mmio_store(r, place, mmio_reg_read(r));
        mmio_reg_write(r, old);
        break;
    case MMIO_XADD:
        do_xadd(r, place, old);
        break;
    case MMIO_CMPXCHG:
        do_cmpxchg(r, place, old);
        break;
    case MMIO_CMPXCHG8B:
        do_cmpxchg8b(r, place, old);
        break;
    case MMIO_SET:
        mmio_store(r, place, condition);
        break;
    case MMIO_CMOV: /* without a move, too, 4 bytes clear the upper half (SDM volume 2, CMOVcc) */
        mmio_reg_write(r, condition ? old : mmio_reg_read(r));
        break;
    default: /* MMIO_ALU_REG, MMIO_ALU_MEM, MMIO_UNARY, MMIO_BIT */
        do_alu(r, place, old);
    }
}

/* A bit number in a register reaches beyond the operand, in units of it (SDM volume 2, 3.1.1.9,
 * Bit(BitBase, BitOffset)). */
static cold u64 operand_offset(const struct mmio_run *r)
{
    const struct mmio_op *op = r->op;
    u64 offset = insn_offset(op->insn, r->cpu);
    if (op->kind == MMIO_BIT && !op->has_imm) {
        s64 bit = (s64)sign_extend(mmio_reg_read(r), op->width);
        offset += (u64)((bit >> (3 + lowest_bit(op->width))) * op->width);
    }
    return cut(offset, op->insn->addr_size);
}

static cold enum mmio_result plain(struct mmio_run *r)
{
    struct mmio_place place;
    enum seg_reg segment = (enum seg_reg)r->op->insn->segment;
    if (!mmio_find(r, MMIO_TARGET, segment, operand_offset(r), r->op->writes, &place))
        return MMIO_FAULT;
    do_plain(r, &place);
    return MMIO_DONE;
}

/* What drivers mostly do, straight on: a load or a store where the exit said. False: nothing. */
static always_inline bool move_known(struct mmio_run *r)
{
    const struct mmio_op *op = r->op;
    enum seg_reg segment = (enum seg_reg)op->insn->segment;
    u64 linear;
    if ((op->kind != MMIO_LOAD && op->kind != MMIO_STORE) ||
        !guest_linear(r->cpu, op->insn->bits, segment, insn_offset(op->insn, r->cpu), op->width,
                      op->writes, &linear, r->fault) ||
        !mmio_is_known(r, linear))
        return false;
    if (op->kind == MMIO_LOAD)
        do_load(r, r->bus->read(r->bus->ctx, r->known, op->width));
    else
        r->bus->write(r->bus->ctx, r->known, op->width, cut(stored(r), op->width));
    return true;
}

/* The stack's address size: in 64-bit mode 8, else by SS.B (SDM volume 1, 6.2.3). */
static unsigned stack_width(const struct mmio_run *r)
{
    struct guest_segment stack;
    if (r->op->insn->bits == 64)
        return 8;
    r->cpu->segment(r->cpu->ctx, SEG_SS, &stack);
    return stack.access & SEGMENT_BIG ? 4 : 2;
}

/* An address by rSP is by its value before PUSH. */
static cold enum mmio_result push(struct mmio_run *r)
{
    enum seg_reg segment = (enum seg_reg)r->op->insn->segment;
    unsigned width = stack_width(r);
    u64 *rsp = &r->cpu->gpr[GPR_RSP], top = *rsp - r->op->width;
    struct mmio_place from, to;
    if (!mmio_find(r, MMIO_SOURCE, segment, operand_offset(r), false, &from) ||
        !mmio_find(r, MMIO_TARGET, SEG_SS, cut(top, width), true, &to))
        return MMIO_FAULT;
    mmio_store(r, &to, mmio_load(r, &from));
    gpr_write(rsp, top, width);
    return MMIO_DONE;
}

/* ... and by its value after POP (SDM volume 2, POP). */
static cold enum mmio_result pop(struct mmio_run *r)
{
    enum seg_reg segment = (enum seg_reg)r->op->insn->segment;
    unsigned width = stack_width(r);
    u64 *rsp = &r->cpu->gpr[GPR_RSP], before = *rsp;
    struct mmio_place from, to;
    if (!mmio_find(r, MMIO_SOURCE, SEG_SS, cut(before, width), false, &from))
        return MMIO_FAULT;
    gpr_write(rsp, before + r->op->width, width);
    if (!mmio_find(r, MMIO_TARGET, segment, operand_offset(r), true, &to)) {
        *rsp = before;
        return MMIO_FAULT;
    }
    mmio_store(r, &to, mmio_load(r, &from));
    return MMIO_DONE;
}

/* Of these one operand cannot be told from the other by the exit's address. */
static bool has_two_operands(enum mmio_kind kind)
{
    return kind == MMIO_MOVS || kind == MMIO_CMPS || kind == MMIO_PUSH || kind == MMIO_POP;
}

enum mmio_result mmio_emulate(const struct mmio_op *op, struct guest_cpu *cpu,
                              const struct mmio_bus *bus, gpa_t known, unsigned batch,
                              struct guest_fault *fault)
{
    struct mmio_run r; /* not cleared: instructions count here */
    r.op = op;
    r.cpu = cpu;
    r.bus = bus;
    r.known = has_two_operands((enum mmio_kind)op->kind) ? GPA_UNKNOWN : known;
    r.fault = fault;
    r.page[MMIO_SOURCE].valid = r.page[MMIO_TARGET].valid = false;
    if (likely(move_known(&r)))
        return MMIO_DONE;
    if (mmio_op_is_string(op))
        return mmio_string(&r, batch);
    return op->kind == MMIO_PUSH ? push(&r) : op->kind == MMIO_POP ? pop(&r) : plain(&r);
}

/* SPDX-License-Identifier: MIT */
/*
 * One run of mmio_emulate(), for mmio_*.c alone: the operands in memory and in registers, and the
 * string instructions.
 */
#ifndef ARCH_X86_MMIO_RUN_H
#define ARCH_X86_MMIO_RUN_H

#include "arch/x86/mmio_emulate.h"

/* A memory operand, translated: its bytes in the first page, and those in the next. */
struct mmio_place {
    gpa_t at, next;
    unsigned size, rest;
};

/* What is only read, and what is written, or the one operand that there is. */
enum mmio_side { MMIO_SOURCE, MMIO_TARGET };

struct mmio_run {
    const struct mmio_op *op;
    struct guest_cpu *cpu;
    const struct mmio_bus *bus;
    gpa_t known; /* GPA_UNKNOWN where it might be another operand's */
    struct guest_fault *fault;
    /* The last page of either side: a repeated instruction walks once a page, not once a byte. */
    struct {
        bool valid;
        u64 linear, gpa;
    } page[2];
};

/* Where op->width bytes at segment:offset are; false with the fault. */
bool must_check mmio_find(struct mmio_run *r, enum mmio_side side, enum seg_reg segment, u64 offset,
                          bool write, struct mmio_place *place);
u64 mmio_load(const struct mmio_run *r, const struct mmio_place *place);
void mmio_store(const struct mmio_run *r, const struct mmio_place *place, u64 value);

/* The exit's address is this operand's when it fits, and the operand lies in one page. */
static always_inline bool mmio_is_known(const struct mmio_run *r, u64 linear)
{
    return r->known.v != GPA_UNKNOWN.v && !((r->known.v ^ linear) & (PAGE_4K - 1)) &&
           (linear & (PAGE_4K - 1)) + r->op->width <= PAGE_4K;
}

/* The register of the instruction, op->reg_width wide. */
static inline u64 mmio_reg_read(const struct mmio_run *r)
{
    u64 value = r->cpu->gpr[r->op->reg];
    return cut(r->op->high ? value >> 8 : value, r->op->reg_width);
}

static inline void mmio_reg_write(struct mmio_run *r, u64 value)
{
    u64 *reg = &r->cpu->gpr[r->op->reg];
    if (unlikely(r->op->high))
        *reg = (*reg & ~0xff00ull) | (value & 0xff) << 8;
    else
        gpr_write(reg, value, r->op->reg_width);
}

/* The immediate, or else the register. */
static inline u64 mmio_source(const struct mmio_run *r)
{
    return r->op->has_imm ? cut((u64)r->op->imm, r->op->width) : mmio_reg_read(r);
}

/* At most `batch` iterations. */
enum mmio_result must_check mmio_string(struct mmio_run *r, unsigned batch);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * One run of mmio_emulate(), for mmio_*.c alone: the operands in memory and in registers, and the
 * string instructions.
 */
#ifndef ARCH_X86_MMIO_RUN_H
#define ARCH_X86_MMIO_RUN_H

#include "arch/x86/mmio_emulate.h"

/* A memory operand, translated: its bytes in the first page, and those in the second. */
struct mmio_place {
    gpa_t at[2];
    unsigned size[2];
};

/* What is only read, and what is written, or the one operand that there is. */
enum mmio_side { MMIO_SOURCE, MMIO_TARGET };

struct mmio_run {
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

/* Where op->width bytes at segment:offset are; false with the fault. */
bool must_check mmio_find(struct mmio_run *r, enum mmio_side side, enum seg_reg segment, u64 offset,
                          bool write, struct mmio_place *place);
u64 mmio_load(const struct mmio_run *r, const struct mmio_place *place);
void mmio_store(const struct mmio_run *r, const struct mmio_place *place, u64 value);

/* The register of the instruction, op->reg_width wide. */
u64 mmio_reg_read(const struct mmio_run *r);
void mmio_reg_write(struct mmio_run *r, u64 value);

/* The immediate, or else the register. */
u64 mmio_source(const struct mmio_run *r);

/* At most `batch` iterations. */
enum mmio_result must_check mmio_string(struct mmio_run *r, unsigned batch);

#endif

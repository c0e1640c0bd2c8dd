/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_cpu.h"

static bool refuse(enum seg_reg which, struct guest_fault *fault)
{
    *fault =
        (struct guest_fault){.vector = which == SEG_SS ? VECTOR_SS : VECTOR_GP, .has_error = true};
    return false;
}

/* Data is readable, and writable by its bit; code is never writable, and readable by its bit. */
static bool type_allows(u32 access, bool write)
{
    if (access & SEGMENT_UNUSABLE || !(access & SEGMENT_PRESENT))
        return false;
    if (access & SEGMENT_CODE)
        return !write && access & SEGMENT_WRITABLE;
    return !write || access & SEGMENT_WRITABLE;
}

/* SDM volume 3, 5.3: an expand-down segment holds what is above its limit. */
static bool limit_allows(const struct guest_segment *segment, u64 offset, unsigned size)
{
    u64 last = offset + size - 1;
    if ((segment->access & (SEGMENT_CODE | SEGMENT_DOWN)) != SEGMENT_DOWN)
        return last <= segment->limit;
    return offset > segment->limit && last <= (segment->access & SEGMENT_BIG ? ~0u : 0xffffu);
}

static bool linear_64(const struct guest_cpu *cpu, enum seg_reg which, u64 offset, unsigned size,
                      u64 *linear, struct guest_fault *fault)
{
    struct guest_segment segment = {0};
    if (which >= SEG_FS)
        cpu->segment(cpu->ctx, which, &segment);
    *linear = segment.base + offset;
    if (!is_canonical(*linear, cpu->linear_bits) ||
        !is_canonical(*linear + size - 1, cpu->linear_bits))
        return refuse(which, fault);
    return true;
}

bool guest_linear_any(const struct guest_cpu *cpu, unsigned bits, enum seg_reg which, u64 offset,
                      unsigned size, bool write, u64 *linear, struct guest_fault *fault)
{
    struct guest_segment segment;
    if (bits == 64)
        return linear_64(cpu, which, offset, size, linear, fault);
    cpu->segment(cpu->ctx, which, &segment);
    if (!cpu->real_mode && !type_allows(segment.access, write))
        return refuse(which, fault);
    if (!limit_allows(&segment, offset, size))
        return refuse(which, fault);
    *linear = cut(segment.base + offset, 4);
    return true;
}

/* SPDX-License-Identifier: MIT */
#include "guests/tiny/rt/tiny.h"

u32 rt_mode_call(u32 kind, u32 target, u32 argument);
extern const u8 rt_stubs32[256][16];

u64 rt_idt32[256] aligned(16);
volatile struct trap32 rt_trap32;
volatile u32 rt_resume32, rt_irq32;
u32 rt_task_gate32, rt_gate32[32];

enum { KIND_REAL, KIND_PROT16, KIND_PROT32, KIND_COMPAT };

static void idt32_fill(void)
{
    for (unsigned i = 0; i < 256; i++) {
        u64 at = i < 32 && rt_gate32[i] ? rt_gate32[i] : (u64)rt_stubs32[i];
        rt_idt32[i] = (at & 0xffff) | SEL_CODE32 << 16 | 0x8e0000000000 | (at >> 16) << 48;
    }
    if (rt_task_gate32)
        rt_idt32[VECTOR_TASK32] = rt_task_gate32 << 16 | 0x850000000000;
}

static u32 mode_call(u32 kind, u32 target, u32 argument)
{
    idt32_fill();
    u32 result = rt_mode_call(kind, target, argument);
    descriptors_load();
    return result;
}

static u32 part_call(u32 kind, const char *part, const char *end, u32 argument)
{
    memcpy((void *)REAL_BASE, part, (size_t)(end - part));
    return mode_call(kind, REAL_BASE, argument);
}

u32 mode_real(const char *part, const char *end, u32 argument)
{
    return part_call(KIND_REAL, part, end, argument);
}

u32 mode_prot16(const char *part, const char *end, u32 argument)
{
    return part_call(KIND_PROT16, part, end, argument);
}

u32 mode_prot32(const char *part, u32 argument)
{
    return mode_call(KIND_PROT32, (u32)(u64)part, argument);
}

u32 mode_compat(const char *part, u32 argument)
{
    return mode_call(KIND_COMPAT, (u32)(u64)part, argument);
}

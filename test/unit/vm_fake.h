/* SPDX-License-Identifier: MIT */
/* A machine's memory and clock, for what the shared handlers need of them: 256 bytes; 2 GHz. */
#ifndef TEST_UNIT_VM_FAKE_H
#define TEST_UNIT_VM_FAKE_H

#include <string.h>

#include "arch/x86/clock.h"
#include "core/vm.h"

static u8 fake_memory[256];

bool vm_write(const struct vm *vm, gpa_t to, const void *from, u64 size)
{
    (void)vm;
    if (to.v > sizeof fake_memory || size > sizeof fake_memory - to.v)
        return false;
    memcpy(&fake_memory[to.v], from, size);
    return true;
}

void *vm_at(const struct vm *vm, gpa_t at, u64 size)
{
    (void)vm;
    return at.v > sizeof fake_memory || size > sizeof fake_memory - at.v ? NULL
                                                                         : &fake_memory[at.v];
}

u64 clock_tsc_of(u64 ns)
{
    return 1000000 + ns * 2;
}

u64 clock_tsc_hz(void)
{
    return 2000000000;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A guest for unit tests of what is emulated: registers in arrays behind guest_ops, 64 KiB of
 * memory where a linear address is a place, one page of it that may be missing, and stand-ins for
 * guest_space.c and core/vm.c. Included by one test's source.
 */
#ifndef TEST_UNIT_GUEST_MACHINE_H
#define TEST_UNIT_GUEST_MACHINE_H

#include <string.h>

#include "arch/x86/guest_space.h"

static struct machine {
    struct vm vm;
    struct guest guest; /* its gpr[] is the register file */
    u64 reg[GUEST_REGS];
    struct guest_segment segment[SEG_TR + 1];
    u16 selector[SEG_TR + 1];
    u8 memory[0x10000];
    u32 missing;   /* an address in the page that is not there; 0: all are */
    bool changing; /* page tables change: accesses fail without an exception */
    bool bad_cr3;
    bool stopped;
} m;

static u64 machine_get(struct guest *guest, enum guest_reg reg)
{
    (void)guest;
    return m.reg[reg];
}

static void machine_set(struct guest *guest, enum guest_reg reg, u64 value)
{
    (void)guest;
    m.reg[reg] = value;
}

static void machine_segment(void *guest, enum seg_reg which, struct guest_segment *out)
{
    (void)guest;
    *out = m.segment[which];
}

static u16 machine_selector(struct guest *guest, enum seg_reg which)
{
    (void)guest;
    return m.selector[which];
}

static void machine_set_segment(struct guest *guest, enum seg_reg which, u16 selector,
                                const struct guest_segment *segment)
{
    (void)guest;
    m.selector[which] = selector;
    m.segment[which] = *segment;
}

static unsigned machine_cpl(struct guest *guest)
{
    (void)guest;
    return m.segment[SEG_SS].access >> 5 & 3;
}

static bool machine_load_cr3(struct guest *guest, u64 cr3)
{
    if (!m.bad_cr3)
        machine_set(guest, GUEST_CR3, cr3);
    return !m.bad_cr3;
}

static const struct guest_ops machine_ops = {
    .get = machine_get,
    .set = machine_set,
    .segment = machine_segment,
    .selector = machine_selector,
    .set_segment = machine_set_segment,
    .load_cr3 = machine_load_cr3,
    .cpl = machine_cpl,
};

static bool machine_reach(u64 linear, u64 size, bool write)
{
    u64 page = m.missing & ~0xfffu;

    if (m.changing)
        return false;
    if (m.missing && linear < page + 0x1000 && linear + size > page) {
        guest_raise_error(&m.guest, VECTOR_PF, write ? 2 : 0);
        return false;
    }
    return true;
}

bool guest_system_reach(struct guest *guest, u64 linear, u64 size, bool write)
{
    (void)guest;
    return machine_reach(linear, size, write);
}

bool guest_system_read(struct guest *guest, u64 linear, void *to, u64 size)
{
    (void)guest;
    if (!machine_reach(linear, size, false))
        return false;
    memcpy(to, m.memory + linear, size); /* AddressSanitizer sees the end */
    return true;
}

bool guest_system_write(struct guest *guest, u64 linear, const void *from, u64 size)
{
    (void)guest;
    if (!machine_reach(linear, size, true))
        return false;
    memcpy(m.memory + linear, from, size);
    return true;
}

bool guest_write_linear(struct guest *guest, u64 linear, const void *from, u64 size)
{
    return guest_system_write(guest, linear, from, size);
}

void vm_stop(struct vm *vm, enum vm_end end, u64 status)
{
    (void)status;
    vm->end = end;
    m.stopped = true;
}

void vm_stop_text(struct vm *vm, const char *format, ...)
{
    (void)format;
    vm_stop(vm, VM_END_GUEST_ERROR, 0);
}

void guest_dr_fetch(struct guest *guest)
{
    (void)guest;
}

static inline u32 peek(u32 at, unsigned bytes)
{
    u32 value = 0;
    memcpy(&value, m.memory + at, bytes);
    return value;
}

static inline void poke(u32 at, unsigned bytes, u32 value)
{
    memcpy(m.memory + at, &value, bytes);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Segments, the task state with its interrupt stacks, and the interrupt table (SDM
 * 3, 3.4, 6.10, 8.7).
 */
#ifndef ARCH_X86_DESC_H
#define ARCH_X86_DESC_H

#include "lib/types.h"

#define SEL_CODE 0x08
#define SEL_DATA 0x10
#define SEL_TSS  0x18

/* Interrupt stack table slots: what may come at any moment has a stack of its own. */
enum ist { IST_NONE, IST_NMI, IST_DOUBLE_FAULT, IST_MACHINE_CHECK, IST_COUNT };
#define IST_STACK_SIZE 4096

struct tss {
    u32 reserved0;
    u64 rsp[3];
    u64 reserved1;
    u64 ist[7]; /* ist[n - 1] is slot n */
    u64 reserved2;
    u16 reserved3, iomap;
} packed;
_Static_assert(sizeof(struct tss) == 104, "SDM 3, figure 8-11");

struct desc_tables {
    u64 gdt[5]; /* null, code, data, TSS (two) */
    struct tss tss;
};

struct descriptor_pointer {
    u16 limit;
    u64 base;
} packed;

/* Once, before the first desc_load: the gates of all 256 vectors. */
void idt_init(void);

/* Shutdown, which every PC answers with a reset (SDM 3, 6.15: a fault that no gate is left for). */
void cpu_triple_fault(void) no_return;

/*
 * Loads GDT, TSS and IDT of this core. The interrupt stacks' tops are in ist_top[1..]; a 0 leaves
 * that vector on the current stack.
 */
void desc_load(struct desc_tables *tables, const u64 ist_top[IST_COUNT]);

#endif

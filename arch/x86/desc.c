/* SPDX-License-Identifier: MIT */
#include "arch/x86/desc.h"

#include "arch/x86/cpu.h"
#include "arch/x86/trap.h"
#include "lib/bits.h"

struct gate {
    u16 offset_low, selector;
    u8 ist, type;
    u16 offset_mid;
    u32 offset_high, reserved;
};
_Static_assert(sizeof(struct gate) == 16, "SDM 3, figure 6-8");

#define GATE_INTERRUPT 0x8e /* present, DPL 0, interrupts off on entry */
#define CODE_SEGMENT   0x00af9b000000ffffull
#define DATA_SEGMENT   0x00cf93000000ffffull
#define TSS_AVAILABLE  0x89ull

static struct gate idt[256] aligned(16);

static u8 vector_ist(unsigned vector)
{
    switch (vector) {
    case VECTOR_NMI:
        return IST_NMI;
    case VECTOR_DOUBLE_FAULT:
        return IST_DOUBLE_FAULT;
    case VECTOR_MACHINE_CHECK:
        return IST_MACHINE_CHECK;
    default:
        return IST_NONE;
    }
}

void idt_init(void)
{
    for (unsigned vector = 0; vector < array_size(idt); vector++) {
        u64 entry = (u64)trap_stubs + vector * TRAP_STUB_SIZE;
        idt[vector] = (struct gate){
            .offset_low = (u16)entry,
            .selector = SEL_CODE,
            .ist = vector_ist(vector),
            .type = GATE_INTERRUPT,
            .offset_mid = (u16)(entry >> 16),
            .offset_high = (u32)(entry >> 32),
        };
    }
}

static void fill_tss(struct desc_tables *tables, const u64 ist_top[IST_COUNT])
{
    u64 base = (u64)&tables->tss;

    for (unsigned slot = 1; slot < IST_COUNT; slot++)
        tables->tss.ist[slot - 1] = ist_top[slot];
    tables->tss.iomap = sizeof(struct tss);
    tables->gdt[3] = (sizeof(struct tss) - 1) | (base & MASK(23, 0)) << 16 | TSS_AVAILABLE << 40 |
                     bits_get(base, 31, 24) << 56;
    tables->gdt[4] = base >> 32;
}

void cpu_triple_fault(void)
{
    static const struct descriptor_pointer none;
    __asm__ volatile("lidt %0; int3" : : "m"(none));
    cpu_halt_forever();
}

void desc_load(struct desc_tables *tables, const u64 ist_top[IST_COUNT])
{
    tables->gdt[0] = 0;
    tables->gdt[1] = CODE_SEGMENT;
    tables->gdt[2] = DATA_SEGMENT;
    fill_tss(tables, ist_top);

    struct descriptor_pointer gdt_at = {sizeof tables->gdt - 1, (u64)tables->gdt};
    struct descriptor_pointer idt_at = {sizeof idt - 1, (u64)idt};
    __asm__ volatile("lgdt %0\n\t"
                     "push %2\n\t"
                     "lea 1f(%%rip), %%rax\n\t"
                     "push %%rax\n\t"
                     "lretq\n"
                     "1: mov %3, %%ds\n\t"
                     "mov %3, %%es\n\t"
                     "mov %3, %%ss\n\t"
                     "lidt %1\n\t"
                     "ltr %w4"
                     :
                     : "m"(gdt_at), "m"(idt_at), "i"(SEL_CODE), "r"(SEL_DATA), "r"(SEL_TSS)
                     : "rax", "memory");
}

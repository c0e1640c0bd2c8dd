/* SPDX-License-Identifier: MIT */
/*
 * LGDT to STR: stored as loaded, limits and accessed bits obeyed, LAR, LSL, VERR, VERW; and UMIP,
 * where it is offered: in ring 3 the storing ones are #GP.
 */
#include "guests/tiny/rt/tiny.h"

struct pointer {
    u16 limit;
    u64 base;
} packed;

static void user_sgdt(void)
{
    u64 table[2];
    __asm__ volatile("sgdt %0" : "=m"(table));
    user_end();
}

static void user_str(void)
{
    u64 tr;
    __asm__ volatile("str %0" : "=r"(tr));
    user_end();
}

static void user_lgdt(void)
{
    struct pointer gdt = {0, 0};
    __asm__ volatile("lgdt %0" ::"m"(gdt));
    user_end();
}

static void stored(void)
{
    static u64 copy[32];
    struct pointer gdt, idt, back, other = {255, (u64)copy};
    __asm__ volatile("sgdt %0; sidt %1" : "=m"(gdt), "=m"(idt));
    check(gdt.base == (u64)rt_gdt && gdt.limit == 255, "GDT %lx %x", gdt.base, gdt.limit);
    check(idt.base == (u64)rt_idt && idt.limit == 4095, "IDT %lx %x", idt.base, idt.limit);
    memcpy(copy, rt_gdt, sizeof(copy));
    copy[SEL_OWN / 8] = 0x00cf92000000ffff; /* data, never accessed */
    __asm__ volatile("lgdt %1; sgdt %0; mov %2, %%es" : "=m"(back) : "m"(other), "r"(SEL_OWN));
    check(back.base == (u64)copy && back.limit == 255, "the other GDT: %lx", back.base);
    check(copy[SEL_OWN / 8] == 0x00cf93000000ffff, "accessed bit: %lx", copy[SEL_OWN / 8]);
    struct pointer bad = {255, 0x8000000000000000};
    part("lgdt-not-canonical") check(TRY("lgdt %0", : "m"(bad)) == GP, "LGDT, not canonical");
    part("lidt-not-canonical") check(TRY("lidt %0", : "m"(bad)) == GP, "LIDT, not canonical");
    descriptors_load();
}

static void local_and_task(void)
{
    static u64 ldt[4] = {0, 0x00cf93000000ffff};
    u64 value = ~0ull;
    gdt_set(SEL_OWN, (u32)(u64)ldt, 31, 0x82, 0);
    rt_gdt[SEL_OWN / 8 + 1] = 0;
    __asm__ volatile("lldt %w1; sldt %0" : "=r"(value) : "r"(SEL_OWN));
    check(value == SEL_OWN, "SLDT %lx", value);
    check(TRY("mov %0, %%es", : "r"(8 | 4)) == NO_TRAP, "a segment of the LDT");
    check(TRY("mov %0, %%es",
              : "r"(24 | 4)) == GP &&
              trap.error == 28,
          "its empty one: %lx", trap.error);
    __asm__ volatile("str %0" : "=r"(value));
    check(value == SEL_TSS64, "STR %lx", value);
    check(rt_gdt[SEL_TSS64 / 8] >> 41 & 1, "the TSS is not busy");
    check(TRY("ltr %w0", : "r"(SEL_TSS64)) == GP && trap.error == SEL_TSS64, "LTR of a busy TSS");
    part("ltr-null") check(TRY("ltr %w0", : "r"(0)) == GP && trap.error == 0, "LTR of 0");
    check(TRY("lldt %w0", : "r"(SEL_DATA)) == GP && trap.error == SEL_DATA, "LLDT of data");
    descriptors_load();
}

static void rights(void)
{
    u64 value = 0;
    bool good;
    __asm__ volatile("lar %w2, %0; setz %1" : "+r"(value), "=q"(good) : "r"((u64)SEL_CODE64));
    check(good && (value & 0xf0ff00) == 0xa09b00, "LAR %lx", value);
    __asm__ volatile("lsl %w2, %0; setz %1" : "+r"(value), "=q"(good) : "r"((u64)SEL_DATA));
    check(good && value == 0xffffffff, "LSL %lx", value);
    __asm__ volatile("lar %w2, %0; setz %1" : "+r"(value), "=q"(good) : "r"(0xfff8ull));
    check(!good, "LAR beyond the limit");
    __asm__ volatile("verr %w1; setz %0" : "=q"(good) : "r"(SEL_CODE64));
    check(good, "VERR of code");
    __asm__ volatile("verw %w1; setz %0" : "=q"(good) : "r"(SEL_CODE64));
    check(!good, "VERW of code");
}

TINY(cpu_descriptor_tables)
{
    stored();
    local_and_task();
    rights();
    check(user_run(user_lgdt, 0) == GP, "LGDT in ring 3");
    check(user_run(user_sgdt, 0) == VECTOR_LEAVE, "SGDT in ring 3");
    check(user_run(user_str, 0) == VECTOR_LEAVE, "STR in ring 3");
    if (!(cpuid(7, 0).c >> 2 & 1))
        return;
    write_cr4(read_cr4() | CR4_UMIP);
    check(user_run(user_sgdt, 0) == GP && trap.error == 0, "SGDT in ring 3 with UMIP");
    check(user_run(user_str, 0) == GP && trap.error == 0, "STR in ring 3 with UMIP");
}

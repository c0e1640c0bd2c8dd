/* SPDX-License-Identifier: MIT */
/*
 * An address that nothing answers, above RAM: every read of every width and addressing form is
 * ones, writes vanish, and nothing else changes.
 */
#include "guests/tiny/rt/tiny.h"

#define READ(text, preset, expected)                                                               \
    do {                                                                                           \
        u64 rax_ = preset;                                                                         \
        __asm__ volatile(text : "+a"(rax_) : "S"(HOLE), "c"(3ull), "r"(HOLE) : "memory", "cc");    \
        check(rax_ == (expected), "%s: %lx", text, rax_);                                          \
    } while (0)

static void reads(void)
{
    READ("movb (%%rsi), %%al", 0x1100, 0x11ffull);
    READ("movb 1(%%rsi), %%ah", 0x11, 0xff11ull);
    READ("movw 2(%%rsi), %%ax", 1ull << 16, 0x1ffffull);
    READ("movl 4(%%rsi), %%eax", ~0ull << 32, 0xffffffffull);
    READ("movq 8(%%rsi), %%rax", 0, ~0ull);
    READ("movq 3(%%rsi,%%rcx,8), %%rax", 0, ~0ull);
    READ("movabsb 0xfd000010, %%al", 0, 0xffull);
    READ("movabsq 0xfd000010, %%rax", 0, ~0ull);
    READ("movzbl (%%rsi), %%eax", ~0ull, 0xffull);
    READ("movzwq (%%rsi), %%rax", ~0ull, 0xffffull);
    READ("movsbl (%%rsi), %%eax", 0, 0xffffffffull);
    READ("movswq (%%rsi), %%rax", 0, ~0ull);
    READ("movslq (%%rsi), %%rax", 0, ~0ull);
    READ("lodsb", 0, 0xffull);
    READ("lodsq", 0, ~0ull);
    READ("andl (%%rsi), %%eax", 0x12345678, 0x12345678ull);
    READ("addb (%%rsi), %%al", 5, 4ull);
    READ("cmpl $-1, (%%rsi); sete %%al", 0, 1ull);
    READ("testb $0x80, (%%rsi); setnz %%al", 0, 1ull);
    READ("btl $5, (%%rsi); setc %%al", 0, 1ull);
    READ("movq 4092(%%rsi), %%rax", 0, ~0ull);
    READ("xchgq %%rax, (%%rsi)", 7, ~0ull);
    READ("lock xaddl %%eax, (%%rsi)", 7, 0xffffffffull);
    READ("movl $1, %%eax; lock cmpxchgl %%ecx, (%%rsi)", 0, 0xffffffffull);
}

static void writes(void)
{
    __asm__ volatile(
        "movb %%al, (%0); movw %%ax, 2(%0); movl %%eax, 4(%0); movq %%rax, 8(%0)\n"
        "movb $0x12, (%0); movw $0x1234, (%0); movl $0x12345678, (%0); movq $-2, (%0)\n"
        "movabsq %%rax, 0xfd000020; movb %%ah, 1(%0); movq %%rax, 4093(%0)\n"
        "orb $1, (%0); andw $0, 2(%0); lock incl (%0); decq (%0); negb (%0); notl (%0)\n"
        "xorl %%eax, (%0); subl $1, (%0); shll $4, (%0); btsl $3, (%0); setc (%0)" ::"S"(HOLE),
        "a"(0)
        : "memory", "cc");
    for (unsigned i = 0; i < 64; i++)
        check(HOLE[i] == 0xff, "byte %u keeps something", i);
}

static void strings(void)
{
    u8 *ram = PLAY_A;
    u64 rdi = (u64)ram, rsi = (u64)HOLE, rcx = 100;
    memset(ram, 0, 256);
    __asm__ volatile("rep movsb" : "+D"(rdi), "+S"(rsi), "+c"(rcx)::"memory");
    check(rcx == 0 && rdi == (u64)ram + 100 && rsi == (u64)HOLE + 100, "movsb out of it: %lx %lu",
          rdi, rcx);
    check(ram[0] == 0xff && ram[99] == 0xff && ram[100] == 0, "movsb out of it: the bytes");
    rdi = (u64)HOLE;
    rsi = (u64)ram;
    rcx = 9;
    __asm__ volatile("rep movsq" : "+D"(rdi), "+S"(rsi), "+c"(rcx)::"memory");
    check(rcx == 0 && rdi == (u64)HOLE + 72 && rsi == (u64)ram + 72, "movsq into it");
    rdi = (u64)HOLE;
    rcx = 33;
    __asm__ volatile("rep stosl" : "+D"(rdi), "+c"(rcx) : "a"(0) : "memory");
    check(rcx == 0 && rdi == (u64)HOLE + 132, "stosl");
    rdi = (u64)HOLE;
    rcx = 20;
    __asm__ volatile("repe scasb" : "+D"(rdi), "+c"(rcx) : "a"(0xff) : "memory", "cc");
    check(rcx == 0 && rdi == (u64)HOLE + 20, "scasb");
    rdi = (u64)ram;
    rsi = (u64)HOLE;
    rcx = 200;
    __asm__ volatile("repe cmpsb" : "+D"(rdi), "+S"(rsi), "+c"(rcx)::"memory", "cc");
    check(rcx == 99, "cmpsb ends at byte %lu", 200 - rcx);
}

TINY(mem_mmio_widths)
{
    reads();
    writes();
    strings();
}

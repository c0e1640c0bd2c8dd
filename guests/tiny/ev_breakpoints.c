/* SPDX-License-Identifier: MIT */
/*
 * Hardware breakpoints: instruction (a fault, RF lets it pass), data write and data access (traps),
 * I/O with CR4.DE; also on instructions that exit; DR6 tells which, DR7.LE/GE do not matter (SDM
 * 3B 17.2).
 */
#include "guests/tiny/rt/tiny.h"

enum { EXECUTE, WRITE, IO, ACCESS };

static volatile unsigned traps;
static volatile u64 rip, dr6;
static u64 watched aligned(8);

static void on_db(struct frame *frame)
{
    traps++;
    rip = frame->rip;
    dr6 = read_dr6();
    write_dr6(0);
    frame->rflags |= FLAG_RF;
}

static void arm(unsigned n, u64 type, u64 bytes)
{
    u64 len = bytes == 8 ? 2 : bytes - 1;
    traps = 0;
    write_dr7(0x400 | 1ull << 2 * n | (type | len << 2) << (16 + 4 * n));
}

static void expect(unsigned n, u64 at, const char *what)
{
    write_dr7(0x400);
    check(traps == 1 && rip == at, "%s: %u traps, at %lx, not %lx", what, traps, rip, at);
    check((dr6 & 0xf) == BIT(n), "%s: DR6 %lx", what, dr6);
}

static void on_instructions(void)
{
    u64 at;
    __asm__ volatile("leaq 1f(%%rip), %0; jmp 2f; 1: cpuid; ret; 2:"
                     : "=r"(at)::"rax", "rbx", "rcx", "rdx");
    write_dr0(at);
    arm(0, EXECUTE, 1);
    __asm__ volatile("call *%0" : "+S"(at)::"rax", "rbx", "rcx", "rdx", "memory");
    expect(0, at, "on CPUID");
}

/* The first fault's RF is spent on the instruction that it lets pass, one that exits or not. */
static void on_neighbours(void)
{
    u64 at;
    __asm__ volatile("leaq 1f(%%rip), %0; jmp 2f; 1: cpuid; 3: nop; ret; 2:"
                     : "=r"(at)::"rax", "rbx", "rcx", "rdx");
    write_dr0(at);
    write_dr1(at + 2);
    traps = 0;
    write_dr7(0x400 | 1 | 4);
    __asm__ volatile("call *%0" : "+S"(at)::"rax", "rbx", "rcx", "rdx", "memory");
    write_dr7(0x400);
    check(traps == 2 && rip == at + 2 && (dr6 & 0xf) == 2,
          "behind CPUID: %u traps, at %lx, DR6 %lx", traps, rip, dr6);
}

#define ON(n, text, what)                                                                          \
    do {                                                                                           \
        u64 after_;                                                                                \
        __asm__ volatile("leaq 1f(%%rip), %0\n" text "\n1: nop"                                    \
                         : "=&S"(after_)                                                           \
                         : "D"(&watched), "d"(0x1234)                                              \
                         : "memory", "rax", "rcx");                                                \
        expect(n, after_, what);                                                                   \
    } while (0)

TINY(ev_breakpoints)
{
    trap_on(DB, on_db);
    write_dr6(0);
    on_instructions();
    on_neighbours();

    write_dr1((u64)&watched);
    arm(1, WRITE, 8);
    ON(1, "movq %%rax, (%%rdi)", "write");
    arm(1, WRITE, 8);
    __asm__ volatile("movq (%0), %%rax" ::"r"(&watched) : "rax", "memory");
    check(traps == 0, "a read is no write");
    arm(1, ACCESS, 8);
    ON(1, "movb 7(%%rdi), %%al", "access, last byte");
    arm(1, WRITE, 8);
    ON(1, "sgdt -4(%%rdi)", "SGDT to it");

    write_cr4(read_cr4() | CR4_DE);
    write_dr3(0x1234);
    arm(3, IO, 1);
    ON(3, "leaq watched(%%rip), %%rdi; movl $1, %%ecx; rep insb", "REP INS, its last element");
    arm(3, IO, 1);
    ON(3, "inb %%dx, %%al", "IN");
    arm(3, IO, 1);
    ON(3, "outb %%al, %%dx", "OUT");
    arm(3, IO, 2);
    __asm__ volatile("outb %%al, %%dx" ::"a"(0), "d"(0x1236));
    check(traps == 0, "another port");
    write_dr7(0x400);
}

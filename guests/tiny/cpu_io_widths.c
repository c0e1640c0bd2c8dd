/* SPDX-License-Identifier: MIT */
/*
 * IN and OUT: every width and both forms; IN AL and IN AX keep the rest of RAX, IN EAX clears the
 * high half (SDM 1, 3.4.1.1); flags and other registers are left alone.
 */
#include "guests/tiny/rt/tiny.h"

#define ONES 0xfedcba9876543210ull

#define IN_RAX(insn)                                                                               \
    ({                                                                                             \
        u64 rax_ = ONES;                                                                           \
        __asm__ volatile(insn : "+a"(rax_) : "d"((u64)0x21));                                      \
        rax_;                                                                                      \
    })

static void others_kept(void)
{
    u64 rcx = 1, rbx = 2, rsi = 3, rdi = 4, before, after;
    __asm__ volatile("stc; pushfq; popq %0; inb $0x21, %%al; outb %%al, $0x21; pushfq; popq %1"
                     : "=&r"(before), "=&r"(after), "+c"(rcx), "+b"(rbx), "+S"(rsi), "+D"(rdi)
                     :
                     : "rax", "memory");
    check(before == after, "flags %lx became %lx", before, after);
    check(rcx == 1 && rbx == 2 && rsi == 3 && rdi == 4, "registers changed");
}

TINY(cpu_io_widths)
{
    outb(0x21, 0xfb);
    check(IN_RAX("inb $0x21, %%al") == (ONES & ~0xffull) + 0xfb, "in al, imm");
    check(IN_RAX("inb %%dx, %%al") == (ONES & ~0xffull) + 0xfb, "in al, dx");
    check((IN_RAX("inw %%dx, %%ax") ^ ONES) >> 16 == 0, "in ax touches the high parts");
    check(IN_RAX("inl %%dx, %%eax") >> 32 == 0, "in eax keeps the high half");

    u64 rax = ~0ull << 8 | 0xfd;
    __asm__ volatile("outb %%al, $0x21" ::"a"(rax));
    check(inb(0x21) == 0xfd, "out imm, al");
    __asm__ volatile("outb %%al, %%dx" ::"a"(0xfe), "d"(~0xffffull | 0x21));
    check(inb(0x21) == 0xfe, "out dx, al with a full RDX");
    /* A wide write to two ports one byte each: the divisor latch of the serial port. */
    outb(0x3fb, 0x83);
    outw(0x3f8, 0x0201);
    u8 low = inb(0x3f8), high = inb(0x3f9);
    u16 both = inw(0x3f8);
    outw(0x3f8, 0x0001);
    outb(0x3fb, 0x03);
    check(low == 1 && high == 2, "a word reaches both ports: %x %x", low, high);
    check(both == 0x0201, "a word read from both ports: %x", both);
    others_kept();
    outb(0x21, 0xff);
}

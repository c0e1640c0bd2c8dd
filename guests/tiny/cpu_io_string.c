/* SPDX-License-Identifier: MIT */
/*
 * INS and OUTS without and with REP: count, both directions, address registers, a page boundary in
 * the middle of an element, and a page that is not there: what was done before counts.
 */
#include "guests/tiny/rt/tiny.h"

#define PORT    0x1234 /* nobody's: reads ones */
#define SCRATCH 0x3ff  /* COM1's last register: holds what was written last */

static u64 ins(u8 *at, u64 count, u64 *left)
{
    u64 rdi = (u64)at;
    *left = count;
    __asm__ volatile("rep insw" : "+D"(rdi), "+c"(*left) : "d"(PORT) : "memory");
    return rdi;
}

static void across(u8 *page)
{
    u64 left, end;
    memset(page, 0, 8192);
    end = ins(page + 4096 - 9, 8, &left);
    check(end == (u64)page + 4096 - 9 + 16 && left == 0, "end %lx left %lu", end, left);
    check(page[4096 - 10] == 0 && page[4096 + 7] == 0, "wrote beside");
    for (unsigned i = 4096 - 9; i < 4096 + 7; i++)
        check(page[i] == 0xff, "byte %u", i);

    memset(page, 0, 8192);
    __asm__ volatile("std" ::: "memory");
    end = ins(page + 4096 + 5, 4, &left);
    __asm__ volatile("cld" ::: "memory");
    check(end == (u64)page + 4096 + 5 - 8 && left == 0, "down: end %lx left %lu", end, left);
    check(page[4096 - 2] == 0 && page[4096 - 1] == 0xff && page[4096 + 6] == 0xff &&
              !page[4096 + 7],
          "down: the wrong bytes");
}

static void counts(u8 *page)
{
    u64 left = 0;
    check(ins(page, 0, &left) == (u64)page, "REP with 0 does something");
    u64 rsi = (u64)page, rcx = 3000;
    __asm__ volatile("rep outsb" : "+S"(rsi), "+c"(rcx) : "d"(PORT) : "memory");
    check(rsi == (u64)page + 3000 && rcx == 0, "outsb: %lx %lu", rsi - (u64)page, rcx);
    rsi = (u64)page;
    rcx = 77;
    __asm__ volatile("outsl" : "+S"(rsi), "+c"(rcx) : "d"(PORT) : "memory");
    check(rsi == (u64)page + 4 && rcx == 77, "outsl without REP");
    /* 32-bit addresses: EDI and ECX only, high halves of the count unseen. */
    u64 rdi = (u64)page;
    rcx = 5 | 1ull << 32;
    __asm__ volatile("addr32 rep insb" : "+D"(rdi), "+c"(rcx) : "d"(PORT) : "memory");
    check(rdi == (u64)page + 5 && (rcx & 0xffffffff) == 0, "addr32 insb: %lx %lx", rdi, rcx);
}

static void faulting(u8 *page, u64 *table)
{
    u64 rdi = (u64)page + 4096 - 6, rcx = 10;
    table[1] &= ~1ull;
    invlpg(page + 4096);
    unsigned vector = TRY("rep insl", "+D"(rdi), "+c"(rcx) : "d"(PORT) : "memory");
    check(vector == PF && (trap.error & ~4u) == 2, "vector %u error %lx", vector, trap.error);
    check(trap.cr2 == (u64)page + 4096, "cr2 %lx", trap.cr2);
    check(rcx == 9 && rdi == (u64)page + 4096 - 2, "after one element: rcx %lu", rcx);

    u64 rsi = (u64)page + 4096 - 4;
    rcx = 10;
    vector = TRY("rep outsw", "+S"(rsi), "+c"(rcx) : "d"(PORT) : "memory");
    check(vector == PF && (trap.error & ~4u) == 0, "vector %u error %lx", vector, trap.error);
    check(rcx == 8 && rsi == (u64)page + 4096, "after two elements: rcx %lu", rcx);
    table[1] |= 1;
    invlpg(page + 4096);
}

/* What went out last, of each count: over batches, the page's end and a word across it. The next
 * page is elsewhere. */
static void order(u8 *page, u64 *table)
{
    u8 *first = page + 4096 - 101;
    u64 before = table[1];

    table[1] = table[3];
    invlpg(page + 4096);

    for (unsigned i = 0; i < 200; i++)
        first[i] = (u8)(i + 1);
    for (unsigned n = 1; n <= 200; n++) {
        u64 rsi = (u64)first, rcx = n;
        __asm__ volatile("rep outsb" : "+S"(rsi), "+c"(rcx) : "d"(SCRATCH) : "memory");
        check(inb(SCRATCH) == n && rsi == (u64)first + n && !rcx, "%u bytes: %u", n, inb(SCRATCH));
        rsi = (u64)first + 199;
        rcx = n;
        __asm__ volatile("std\n rep outsb\n cld" : "+S"(rsi), "+c"(rcx) : "d"(SCRATCH) : "memory");
        check(inb(SCRATCH) == 201 - n && rsi == (u64)first + 199 - n && !rcx, "%u bytes down: %u",
              n, inb(SCRATCH));
    }
    for (unsigned n = 1; n <= 100; n++) {
        u64 rsi = (u64)first, rdi = (u64)page, rcx = n;
        __asm__ volatile("rep outsw" : "+S"(rsi), "+c"(rcx) : "d"(SCRATCH - 1) : "memory");
        check(inb(SCRATCH) == 2 * n && !rcx, "%u words: %u", n, inb(SCRATCH));
        page[2 * n] = 0;
        rcx = n;
        __asm__ volatile("rep insw" : "+D"(rdi), "+c"(rcx) : "d"(SCRATCH - 1) : "memory");
        check(page[2 * n - 1] == 2 * n && page[1] == 2 * n && !page[2 * n], "%u words in", n);
    }
    table[1] = before;
    invlpg(page + 4096);
}

TINY(cpu_io_string)
{
    u8 *page = (u8 *)0x600000;
    u64 *table = page_split(page);
    across(page);
    counts(page);
    order(page, table);
    faulting(page, table);
}

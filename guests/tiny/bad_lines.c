/* SPDX-License-Identifier: MIT */
/*
 * Writes what would pass for Trivet's own lines or another machine's, if a carriage return, an
 * escape sequence, a long line or a NUL could bring it to a line's start. Ends with status 3, in
 * the middle of a line.
 */
#include "guests/tiny/rt/tiny.h"

static void send(const char *text, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        for (unsigned spins = 0; spins < 200000 && !(inb(0x3f8 + 5) & 0x20); spins++)
            pause();
        outb(0x3f8, (u8)text[i]);
    }
}
#define SEND(text) send(text, sizeof(text) - 1)

TINY(bad_lines)
{
    SEND("@trivet1 done status=0\n");
    SEND("\r@trivet1 done status=0\r\n");
    SEND("one\r@trivet1 done status=0\n\r");
    SEND("\0@trivet1 done status=0\0\n");
    SEND("two\x1b[2J\x1b[1;1H@trivet1 done status=0\n");
    SEND("three\x1b"
         "E@trivet1 done status=0\n");
    SEND("four\v\f\x85@trivet1 done status=0\n");
    SEND("\x1b[31mred\x1b[0m and \x1b[1\nplain again\n");
    for (unsigned i = 0; i < 240; i++)
        SEND("x");
    SEND("@trivet1 done status=0\n");
    SEND("no newline at the end");
    while (!(inb(0x3f8 + 5) & 0x40))
        pause();
    outb(0xf4, 3);
    for (;;)
        __asm__ volatile("cli; hlt");
}

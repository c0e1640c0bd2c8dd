/* SPDX-License-Identifier: MIT */
/* A port that nobody decodes: reads are ones in every width, writes vanish, nothing faults. */
#include "guests/tiny/rt/tiny.h"

static const u16 ports[] = {0x1234, 0x1238, 0x5678, 0x9abc, 0xfff0};

TINY(cpu_io_unclaimed)
{
    for (unsigned i = 0; i < array_size(ports); i++) {
        u16 port = ports[i];
        for (unsigned value = 0; value < 256; value += 85) {
            outb(port, (u8)value);
            outw(port, (u16)(value * 0x101));
            outl(port, value * 0x1010101);
            check(inb(port) == 0xff, "port %x: byte %x", port, inb(port));
            check(inw(port) == 0xffff, "port %x: word %x", port, inw(port));
            check(inl(port) == 0xffffffff, "port %x: dword %x", port, inl(port));
        }
    }
    /* The last ports, and one access that would run over the end. */
    check(inb(0xffff) == 0xff, "port ffff");
    check(TRY("inl %%dx, %%eax", : "d"(0xffff) : "rax") == NO_TRAP, "a dword at port ffff faults");
}

/* SPDX-License-Identifier: MIT */
/* PCI configuration space by both ways: a host bridge at 00:00.0, ones where nobody is, and an
 * address register that only four bytes reach. */
#include "guests/tiny/rt/tiny.h"

#define ECAM ((volatile u8 *)0xe0000000)

static u32 config(u32 bdf, u32 reg)
{
    outl(0xcf8, 0x80000000u | bdf << 8 | reg);
    return inl(0xcfc);
}

static u32 ecam(u32 bdf, u32 reg)
{
    return *(volatile u32 *)(ECAM + (bdf << 12) + reg);
}

static void only_the_bridge(void)
{
    unsigned found = 0;

    for (u32 bdf = 0; bdf < 256; bdf++)
        found += config(bdf, 0) != 0xffffffff || ecam(bdf, 0) != 0xffffffff;
    check(found == 1, "%u functions on bus 0", found);
    for (u32 bdf = 256; bdf < 0x10000; bdf += 255)
        check(config(bdf, 0) == 0xffffffff, "%x is there", bdf);
    for (u32 reg = 0; reg < 256; reg += 4)
        check(config(0, reg) == ecam(0, reg), "register %x: %x, %x", reg, config(0, reg),
              ecam(0, reg));
    check(ecam(0, 0x100) == 0xffffffff, "extended: %x", ecam(0, 0x100));
    check(*(volatile u16 *)(ECAM + 0x0a) == 0x0600, "class %x", *(volatile u16 *)(ECAM + 0x0a));
    check(*(volatile u64 *)ECAM == (config(0, 0) | (u64)config(0, 4) << 32), "eight bytes");
}

TINY(pci_probe)
{
    outb(0xcfb, 1);
    outl(0xcf8, 0x80000008);
    check(inl(0xcf8) == 0x80000008, "address %x", inl(0xcf8));
    outb(0xcf9, 0x02); /* the reset control register's */
    check(inl(0xcf8) == 0x80000008, "address %x after a byte", inl(0xcf8));
    check(inw(0xcfe) == 0x0600, "class %x: no host bridge", inw(0xcfe));
    check(inb(0xcff) == 0x06, "its high byte %x", inb(0xcff));
    u32 id = config(0, 0);
    check(id != 0xffffffff && id != 0, "id %x", id);
    outl(0xcfc, ~id);
    check(inl(0xcfc) == id, "the id can be written");
    outl(0xcf8, 0);
    check(inl(0xcfc) == 0xffffffff, "an answer, though it is not enabled");
    if (on_trivet())
        only_the_bridge();
}

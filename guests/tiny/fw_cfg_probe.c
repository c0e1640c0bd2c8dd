/* SPDX-License-Identifier: MIT */
/* QEMU's fw_cfg: signature, sizes, and the memory map in its file, which ends where RAM does. */
#include "guests/tiny/rt/tiny.h"

static void choose(u16 key)
{
    outw(0x510, key);
}

static u64 number(unsigned bytes)
{
    u64 value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (u64)inb(0x511) << (8 * i);
    return value;
}

static u32 big_endian(unsigned bytes)
{
    u32 value = 0;
    while (bytes--)
        value = value << 8 | inb(0x511);
    return value;
}

/* The file's key and size; 0: there is none. */
static u16 find(const char *name, u32 *size)
{
    choose(0x19);
    for (u32 left = big_endian(4); left; left--) {
        char text[56];
        *size = big_endian(4);
        u16 key = (u16)big_endian(2);
        big_endian(2);
        for (unsigned i = 0; i < sizeof text; i++)
            text[i] = (char)inb(0x511);
        if (strcmp(text, name) == 0)
            return key;
    }
    return 0;
}

static void memory_map(u64 top)
{
    u32 size = 0;
    u16 key = find("etc/e820", &size);
    bool reaches = false, ecam = !on_trivet();

    if (!check(key && size && size % 20 == 0, "etc/e820: key %x, size %u", key, size))
        return;
    choose(key);
    for (; size; size -= 20) {
        u64 base = number(8), length = number(8), type = number(4);
        reaches |= type == 1 && base + length == top;
        ecam |= type == 2 && base == 0xe0000000 && length == 0x100000;
    }
    check(ecam, "PCI's ECAM is not reserved");
    check(reaches, "no RAM that ends at %lx", top);
    check(inb(0x511) == 0, "more than the size says");
}

TINY(fw_cfg_probe)
{
    choose(0);
    if (number(4) != 0x554d4551)
        skip("no fw_cfg");
    choose(1);
    check(number(4) & 1, "no selector and data port");
    choose(3);
    u64 ram = number(8);
    choose(5);
    check(number(2) >= 1, "no processor");
    choose(0xf);
    check(number(2) >= 1, "room for no processor");
    check(ram >= 16u << 20, "%lx bytes of RAM", ram);
    memory_map(on_trivet() ? mem_top() : ram);
    if (on_trivet())
        check(ram == mem_top(), "%lx bytes of RAM, and %lx found", ram, mem_top());
}

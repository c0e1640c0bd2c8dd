/* SPDX-License-Identifier: MIT */
/*
 * Every port, in every width: read, then written with zeros and ones; but for those that end or
 * reset a PC. Devices are left in any state; then they are set up anew and the guest says ok.
 * Skipped bare, where disks would take it seriously.
 */
#include "guests/tiny/rt/tiny.h"

/* Ranges with a purpose: keyboard and reset, A20 and reset, PCI and reset, SMI, debug exit, ACPI's
 * and emulators' power. */
static const u16 spared[][2] = {
    {0x60,   0x60  },
    {0x64,   0x64  },
    {0x8f,   0x92  },
    {0xb2,   0xb3  },
    {0xf1,   0xf7  },
    {0xcf5,  0xcff },
    {0x5fd,  0x63f },
    {0xaffd, 0xb0ff},
    {0x3fff, 0x40ff},
    {0x88fd, 0x8900},
};

static bool is_spared(u32 port)
{
    for (unsigned i = 0; i < array_size(spared); i++)
        if (port >= spared[i][0] && port <= spared[i][1])
            return true;
    return false;
}

static void write_all(u32 value)
{
    for (u32 port = 0; port < 0x10000; port++) {
        if (is_spared(port))
            continue;
        outb((u16)port, (u8)value);
        outw((u16)port, (u16)value);
        outl((u16)port, value);
    }
}

TINY(bad_port_sweep)
{
    if (!on_trivet())
        skip("real devices");
    for (u32 port = 0; port < 0x10000; port++) {
        if (is_spared(port))
            continue;
        inb((u16)port);
        inw((u16)port);
        inl((u16)port);
    }
    write_all(0);
    write_all(0xffffffff);
    for (unsigned i = 0; i < 4; i++)
        outb(0x20, 0x20);
    rt_devices();
    print("\n"); /* what the UART was sent may stand in the line */
    check(pic_in_service() == 0, "in service %x", pic_in_service());
}

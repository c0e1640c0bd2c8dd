/* SPDX-License-Identifier: MIT */
#include "drivers/host/serial.h"

#include "drivers/host/pci.h"

#define CLASS_SERIAL   0x070000
#define CLASS_MASK     0xffff00
#define INTERFACE_LAST 0x06 /* 0 to 6: 8250, 16450, 16550 and what followed, all alike to us */
#define BAR_IO         0x1u
#define BAR_TYPE       0x6u
#define BAR_64         0x4u

/* BAR 0, where a 16550 card has its registers; false if nobody gave it an address. */
static bool read_bar(u32 function, struct serial_at *at, u64 *address)
{
    u32 bar = pci_read32(function, PCI_BAR0);
    u32 high = (bar & (BAR_IO | BAR_TYPE)) == BAR_64 ? pci_read32(function, PCI_BAR0 + 4) : 0;

    *at = (struct serial_at){0};
    *address = 0;
    if (bar & BAR_IO)
        at->port = (u16)(bar & ~3u);
    else
        *address = (u64)high << 32 | (bar & ~0xfu);
    return bar & BAR_IO ? at->port : *address;
}

bool serial_find_pci(struct serial_at *at, u64 *address)
{
    u32 function = PCI_BEGIN;
    while ((function = pci_next_class(function, CLASS_SERIAL, CLASS_MASK)) != PCI_NONE) {
        if (pci_read8(function, PCI_CLASS + 1) > INTERFACE_LAST || !read_bar(function, at, address))
            continue;
        u16 command = pci_read16(function, PCI_COMMAND);
        command |= *address ? PCI_COMMAND_MEMORY : PCI_COMMAND_IO;
        pci_write16(function, PCI_COMMAND, command);
        return true;
    }
    return false;
}

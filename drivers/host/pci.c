/* SPDX-License-Identifier: MIT */
#include "drivers/host/pci.h"

#include "arch/x86/port.h"
#include "lib/lock.h"

/* PCI Local Bus Specification 3.0, 3.2.2.3.2: configuration mechanism 1. */
#define ADDRESS_PORT 0xcf8
#define DATA_PORT    0xcfc
#define ENABLE       (1u << 31)

#define NO_VENDOR     0xffff
#define MULTIFUNCTION 0x80 /* in the header type of function 0 */

static struct lock config_lock; /* address and data are two accesses */

static u16 select(u32 function, u8 reg)
{
    port_write32(ADDRESS_PORT, ENABLE | function << 8 | (reg & 0xfcu));
    return (u16)(DATA_PORT + (reg & 3));
}

u8 pci_read8(u32 function, u8 reg)
{
    return (u8)(pci_read32(function, reg & 0xfc) >> (reg & 3) * 8);
}

u16 pci_read16(u32 function, u8 reg)
{
    return (u16)(pci_read32(function, reg & 0xfc) >> (reg & 2) * 8);
}

u32 pci_read32(u32 function, u8 reg)
{
    lock_take(&config_lock);
    u32 value = port_read32(select(function, reg & 0xfc));
    lock_drop(&config_lock);
    return value;
}

void pci_write8(u32 function, u8 reg, u8 value)
{
    lock_take(&config_lock);
    port_write8(select(function, reg), value);
    lock_drop(&config_lock);
}

void pci_write16(u32 function, u8 reg, u16 value)
{
    lock_take(&config_lock);
    port_write16(select(function, reg & 0xfe), value);
    lock_drop(&config_lock);
}

void pci_write32(u32 function, u8 reg, u32 value)
{
    lock_take(&config_lock);
    port_write32(select(function, reg & 0xfc), value);
    lock_drop(&config_lock);
}

/* The address port reads back what was written, where it is one. */
static bool has_pci(void)
{
    lock_take(&config_lock);
    port_write32(ADDRESS_PORT, ENABLE);
    bool has = port_read32(ADDRESS_PORT) == ENABLE;
    lock_drop(&config_lock);
    return has;
}

static bool exists(u32 function)
{
    u16 vendor = pci_read16(function, PCI_VENDOR);
    return vendor != NO_VENDOR && vendor != 0;
}

/* Functions 1 to 7 count only where function 0 says so: else it may answer for all of them. */
static bool has_more(u32 function)
{
    return pci_read8(function, PCI_HEADER) & MULTIFUNCTION;
}

u32 pci_next(u32 function)
{
    if (function == PCI_BEGIN)
        function = has_pci() ? 0 : PCI_NONE;
    else
        function += PCI_FUNC(function) || has_more(function) ? 1 : 8;
    while (function < PCI_NONE && !exists(function))
        function += PCI_FUNC(function) ? 1 : 8;
    return function < PCI_NONE ? function : PCI_NONE;
}

u32 pci_next_class(u32 from, u32 class, u32 mask)
{
    u32 function = pci_next(from);
    while (function != PCI_NONE && (pci_read32(function, PCI_CLASS) >> 8 & mask) != class)
        function = pci_next(function);
    return function;
}

/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space through the ports 0xcf8 and 0xcfc, which every PC has
 * for the first 256 bytes of each function.
 */
#ifndef DRIVERS_HOST_PCI_H
#define DRIVERS_HOST_PCI_H

#include "lib/types.h"

/* Bus, device and function as one number, as the hardware does: bits 15:8, 7:3, 2:0. */
#define PCI_FN(bus, dev, fn) ((u32)((bus) << 8 | (dev) << 3 | (fn)))
#define PCI_BUS(f)           ((f) >> 8)
#define PCI_DEV(f)           ((f) >> 3 & 0x1f)
#define PCI_FUNC(f)          ((f)&7)
#define PCI_NONE             0x10000u
#define PCI_BEGIN            0xffffffffu /* before the first */

/* PCI Local Bus Specification 3.0, 6.1: the header. */
#define PCI_VENDOR  0x00
#define PCI_DEVICE  0x02
#define PCI_COMMAND 0x04
#define PCI_CLASS   0x08 /* class, subclass, interface in bits 31:8 */
#define PCI_HEADER  0x0e
#define PCI_BAR0    0x10

#define PCI_COMMAND_IO     (1u << 0)
#define PCI_COMMAND_MEMORY (1u << 1)

u8 pci_read8(u32 function, u8 reg);
u16 pci_read16(u32 function, u8 reg);
u32 pci_read32(u32 function, u8 reg);
void pci_write8(u32 function, u8 reg, u8 value);
void pci_write16(u32 function, u8 reg, u16 value);
void pci_write32(u32 function, u8 reg, u32 value);

/*
 * for (u32 f = pci_next(PCI_BEGIN); f != PCI_NONE; f = pci_next(f))
 * visits every function of the machine, on all 256 buses: those behind bridges, and those of
 * further root bridges too. At most 65536 steps, and none without PCI.
 */
u32 pci_next(u32 function);

/* The next one after `from` whose class code (24 bits) under `mask` is `class`, or PCI_NONE. */
u32 pci_next_class(u32 from, u32 class, u32 mask);

#endif

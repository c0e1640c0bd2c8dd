/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space: bus 0 by configuration mechanism 1 (PCI Local Bus Specification 3.0,
 * 3.2.2.3.2) and by ECAM (PCI Express Base Specification, 7.2.2), and on it the host bridge alone.
 *
 * The bridge is QEMU's generic one, 1b36:0008: the identity of no chip set. A guest that meets
 * 8086:1237, 8086:29c0 or their like goes on to registers that only those chip sets have (Linux:
 * quirks for the PIIX behind the 440FX, AGP's aperture drivers); this one it knows to have none.
 *
 * Only accesses of four bytes are mechanism 1's address register; narrower ones to its ports pass
 * the bridge by. Of those, byte 1 (0xcf9) is the reset control register's.
 */
#ifndef DRIVERS_EMU_PCI_H
#define DRIVERS_EMU_PCI_H

#include "drivers/emu/dev.h"

/* Registers: where the machine's windows begin. Four ports: 0xcf8; four: 0xcfc; memory. */
enum { PCI_ADDRESS = 0, PCI_DATA = 4, PCI_ECAM = 0x100000 };

#define PCI_ECAM_BUS  0x100000 /* bytes of ECAM a bus */
#define PCI_CONFIG    256
#define PCI_BRIDGE_ID 0x00081b36u
#define PCI_SUBSYSTEM 0x11001af4u

struct pci_function {
    u8 config[PCI_CONFIG];
    u8 writable[PCI_CONFIG]; /* the bits that a guest can change */
};

struct pci {
    struct device dev;
    struct device *below; /* its register 0 is the byte at 0xcf9 */
    u32 address;
    struct pci_function bridge;
};

void pci_init(struct pci *pci, const struct dev_host *host, struct device *below);

#endif

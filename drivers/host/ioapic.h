/* SPDX-License-Identifier: MIT */
/*
 * The I/O APICs, as far as Trivet takes interrupts of devices itself: ISA's, of which ACPI's MADT
 * says where they arrive. (82093AA data sheet, 3.0; ACPI 6.4, 5.2.12.3 and 5.2.12.5.)
 */
#ifndef DRIVERS_HOST_IOAPIC_H
#define DRIVERS_HOST_IOAPIC_H

#include "drivers/host/acpi.h"

/* Where an ISA interrupt arrives; what the MADT does not mention arrives at its own number, by its
 * rising edge. */
struct acpi_override ioapic_isa(const struct acpi_info *acpi, u8 irq);

/* Maps registers at an address; NULL: it cannot. */
typedef volatile void *(*ioapic_map)(hpa_t base, u64 size);

/* Sends the ISA interrupt to the core with this APIC id, as `vector`. False: no I/O APIC takes it.
 */
must_check bool ioapic_route(const struct acpi_info *acpi, u8 irq, u8 vector, u32 apic_id,
                             ioapic_map map);

/* Masks all that was routed. */
void ioapic_mask(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * An I/O APIC with 24 pins: Intel 82093AA data sheet (290566), with the version and the EOI
 * register of its successors (ICH and later). A device on the memory bus, offset 0 at 0xfec00000.
 *
 * A pin's level says whether it is asserted; the polarity bit is kept and changes nothing, since
 * the firmware tables and the models agree anyway. An edge on a masked pin is lost, as the data
 * sheet has it for the mask bit (Linux asks the PIC for what came before it unmasks). Messages are
 * delivered at once: the delivery status is always idle.
 */
#ifndef DRIVERS_EMU_IOAPIC_H
#define DRIVERS_EMU_IOAPIC_H

#include "drivers/emu/apic_message.h"
#include "drivers/emu/dev.h"

#define IOAPIC_PINS    24u
#define IOAPIC_SIZE    0x100u /* bytes of its window that are worth a device; the rest is empty */
#define IOAPIC_VERSION 0x20

/* Offsets in the window. */
enum { IOAPIC_SELECT = 0x00, IOAPIC_WINDOW = 0x10, IOAPIC_EOI = 0x40 };

struct ioapic {
    struct device dev;
    u8 select, id;
    u32 lines; /* bit n: pin n is asserted */
    u64 entry[IOAPIC_PINS];
    bool (*send)(void *ctx, const struct lapic_message *m);
    void *ctx;
};

/*
 * `send` says whether some APIC took the message (apic_bus_send > 0), and may not call back into
 * this device. A level that nobody takes is sent again when its line or its entry next changes.
 */
void ioapic_init(struct ioapic *ioapic, const struct dev_host *host,
                 bool (*send)(void *ctx, const struct lapic_message *m), void *ctx);

/* Pins past the last are ignored. */
void ioapic_line(struct ioapic *ioapic, unsigned pin, bool level);
void ioapic_pulse(struct ioapic *ioapic, unsigned pin); /* falls and rises at once */

/* A local APIC has ended a level-triggered interrupt with this vector. */
void ioapic_eoi(struct ioapic *ioapic, u8 vector);

#endif

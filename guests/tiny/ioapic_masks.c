/* SPDX-License-Identifier: MIT */
/*
 * The I/O APIC's registers: which bits of an entry can be written, which index is what, all pins
 * masked at the start; and a masked pin is silent whatever its line does.
 */
#include "guests/tiny/rt/apic.h"

#define PINS   24
#define WRITES 0xff0000000001afffull
#define VECTOR 0x65

static void at_start(void)
{
    check((ioapic_read(1) >> 16 & 0xff) == PINS - 1, "version %x", ioapic_read(1));
    for (unsigned pin = 0; pin < PINS; pin++)
        check(ioapic_entry(pin) & IOAPIC_MASKED, "pin %u is open at the start", pin);
}

static void bits(void)
{
    for (unsigned pin = 0; pin < PINS; pin++) {
        ioapic_set(pin, ~0ull);
        check(ioapic_entry(pin) == WRITES, "pin %u: %lx of all ones", pin, ioapic_entry(pin));
        ioapic_set(pin, IOAPIC_MASKED | VECTOR);
        check(ioapic_entry(pin) == (IOAPIC_MASKED | VECTOR), "pin %u: %lx", pin, ioapic_entry(pin));
    }
}

static void indices(void)
{
    u32 version = ioapic_read(1);

    ioapic_write(0, ~0u);
    check(ioapic_read(0) == 0x0f000000, "the id reads %x", ioapic_read(0));
    ioapic_write(0, 0);
    for (unsigned index = 0x10 + 2 * PINS; index < 0x100; index++) {
        ioapic_write((u8)index, ~0u);
        check(ioapic_read((u8)index) == 0, "index %x reads %x", index, ioapic_read((u8)index));
    }
    ioapic_write(1, 0);
    check(ioapic_read(1) == version, "the version was written");
    for (u8 index = 3; index < 0x10; index++)
        check(ioapic_read(index) == 0, "index %x reads %x", index, ioapic_read(index));
}

/* All are masked with the same vector, and both sources are busy. */
static void silent(const char *mode)
{
    apic_count(VECTOR);
    irq_enable();
    pit_set(0, 2, 1193);
    for (unsigned i = 0; i < 20; i++) {
        outb(0x3f9, 2);
        wait_us(200);
        outb(0x3f9, 0);
    }
    check(apic_seen_here(VECTOR) == 0, "%s: %u came through a mask", mode, apic_seen_here(VECTOR));
    ioapic_set(PIN_PIT, VECTOR);
    check(wait_for(apic_seen_here(VECTOR) != 0, 1000), "%s: unmasked, nothing comes", mode);
    ioapic_set(PIN_PIT, IOAPIC_MASKED | VECTOR);
    irq_disable();
    pit_set(0, 0, 0);
}

TINY(ioapic_masks)
{
    tsc_hz();
    at_start();
    bits();
    indices();
    apic_both(silent);
}

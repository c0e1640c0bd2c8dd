/* SPDX-License-Identifier: MIT */
#include "drivers/host/ioapic.h"

#include "arch/x86/mmio.h"
#include "lib/bits.h"

/* Two registers in memory reach all others. */
#define SELECT 0x00
#define WINDOW 0x10

#define REG_VERSION  1
#define PIN_LOW(pin) (0x10 + 2 * (pin)) /* the entry's upper half follows */

#define PIN_ACTIVE_LOW BIT(13)
#define PIN_LEVEL      BIT(15)
#define PIN_MASKED     BIT(16)
#define APIC_ID_MAX    254 /* what eight bits of destination say, but for all */

#define ROUTES_MAX 8

static struct route {
    volatile u8 *regs;
    u32 pin;
} routes[ROUTES_MAX];
static unsigned route_count;

static u32 reg_read(volatile u8 *regs, u32 reg)
{
    mmio_write32(regs + SELECT, reg);
    return mmio_read32(regs + WINDOW);
}

static void reg_write(volatile u8 *regs, u32 reg, u32 value)
{
    mmio_write32(regs + SELECT, reg);
    mmio_write32(regs + WINDOW, value);
}

struct acpi_override ioapic_isa(const struct acpi_info *acpi, u8 irq)
{
    for (unsigned i = 0; i < acpi->override_count; i++)
        if (acpi->override[i].irq == irq)
            return acpi->override[i];
    return (struct acpi_override){.irq = irq, .gsi = irq};
}

/* The registers of the I/O APIC that has the pin; NULL: none. */
static volatile u8 *find(const struct acpi_info *acpi, u32 gsi, ioapic_map map, u32 *pin)
{
    for (unsigned i = 0; i < acpi->ioapic_count; i++) {
        const struct acpi_ioapic *ioapic = &acpi->ioapic[i];
        volatile u8 *regs = gsi >= ioapic->gsi_base ? map(ioapic->base, PAGE_4K) : NULL;
        *pin = gsi - ioapic->gsi_base;
        if (regs && *pin <= bits_get(reg_read(regs, REG_VERSION), 23, 16))
            return regs;
    }
    return NULL;
}

/* The mask goes last: half an entry is no route. */
bool ioapic_route(const struct acpi_info *acpi, u8 irq, u8 vector, u32 apic_id, ioapic_map map)
{
    struct acpi_override isa = ioapic_isa(acpi, irq);
    u32 pin;
    volatile u8 *regs = find(acpi, isa.gsi, map, &pin);

    if (!regs || apic_id > APIC_ID_MAX || route_count == ROUTES_MAX)
        return false;
    u32 low =
        vector | (isa.active_low ? (u32)PIN_ACTIVE_LOW : 0) | (isa.level ? (u32)PIN_LEVEL : 0);
    reg_write(regs, PIN_LOW(pin), (u32)PIN_MASKED);
    reg_write(regs, PIN_LOW(pin) + 1, apic_id << 24);
    reg_write(regs, PIN_LOW(pin), low);
    routes[route_count++] = (struct route){regs, pin};
    return true;
}

void ioapic_mask(void)
{
    while (route_count) {
        struct route *route = &routes[--route_count];
        reg_write(route->regs, PIN_LOW(route->pin), (u32)PIN_MASKED);
    }
}

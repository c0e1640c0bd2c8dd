/* SPDX-License-Identifier: MIT */
/*
 * The consoles' interrupts routed to this core. Only at boot.
 */
#include "boot/input.h"

#include "arch/x86/apic.h"
#include "arch/x86/trap.h"
#include "boot/consoles.h"
#include "core/console.h"
#include "drivers/host/ioapic.h"
#include "lib/log.h"
#include "mm/frame.h"
#include "mm/hostmap.h"

static volatile void *map_register(hpa_t base, u64 size)
{
    return hostmap_device(base, size, PT_UC);
}

void input_find(const struct acpi_info *acpi)
{
    u32 irqs = consoles_irqs();
    bool by_interrupt = irqs;

    for (u8 irq = 0; irq < 16; irq++)
        if (irqs & 1u << irq && !ioapic_route(acpi, irq, VECTOR_CONSOLE, apic_id(), map_register))
            by_interrupt = false;
    console_use_room(frame_memory(CONSOLE_ROOM));
    log_debug("console: what is typed comes %s", by_interrupt ? "by interrupts" : "by looking");
    input_start(by_interrupt);
}

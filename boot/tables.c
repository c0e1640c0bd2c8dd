/* SPDX-License-Identifier: MIT */
#include "boot/tables.h"

#include "arch/x86/apic.h"
#include "arch/x86/clock.h"
#include "drivers/host/clocks.h"
#include "drivers/host/power.h"
#include "lib/log.h"
#include "mm/hostmap.h"

static const void *map_table(hpa_t base, u64 size)
{
    return hostmap_firmware(base, size);
}

static volatile void *map_register(hpa_t base, u64 size)
{
    return hostmap_device(base, size, PT_UC);
}

static const char *plural(unsigned count)
{
    return count == 1 ? "" : "s";
}

void tables_read(const struct boot_info *info, struct acpi_info *acpi)
{
    static const struct acpi_memory memory = {map_table};

    acpi_read(&memory, info->rsdp, info->rsdp_size, !info->efi, acpi);
    power_init(acpi, map_register);
    if (!acpi->present)
        log_warn("acpi: no tables found; one core, and power-off by the ways that emulators know");
    else
        log_info("acpi: %u table%s, %u broken; %u processor%s, %u IOAPIC%s", acpi->tables,
                 plural(acpi->tables), acpi->broken, acpi->cpu_count, plural(acpi->cpu_count),
                 acpi->ioapic_count, plural(acpi->ioapic_count));
}

const char *time_start(const struct acpi_info *acpi)
{
    struct ref_clock clocks[HOST_CLOCKS_MAX];
    struct host_clocks_at at = {.hpet = HPA_NONE, .pm_timer_32 = acpi->pm_timer_32};

    if (acpi->hpet_count && acpi->hpet[0].space == ACPI_MEMORY)
        at.hpet = hpa(acpi->hpet[0].address);
    if (acpi->pm_timer.space == ACPI_PORT)
        at.pm_timer = (u16)acpi->pm_timer.address;
    const char *error = clock_init(clocks, host_clocks(&at, clocks));
    if (error)
        return error;
    apic_timer_init(clock_tsc_hz());
    log_info("apic: %s, timer by %s", apic_is_x2() ? "x2APIC" : "xAPIC", apic_timer_kind());
    return NULL;
}

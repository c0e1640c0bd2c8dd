/* SPDX-License-Identifier: MIT */
/*
 * All cores up, and the engine switched on. Only at boot.
 */
#include "boot/cores.h"

#include "arch/arch.h"
#include "arch/x86/fpu.h"
#include "arch/x86/smp.h"
#include "arch/x86/preflight.h"
#include "boot/cores_private.h"
#include "lib/log.h"
#include "mm/frame.h"

static u32 usable;

bool cores_need_x2apic(const struct acpi_info *acpi)
{
    for (unsigned i = 0; i < acpi->cpu_count; i++)
        if (acpi->cpu[i].apic_id > 254)
            return true;
    return false;
}

/* What the MADT lists and Trivet leaves alone: there is no ACPI event to say that one has come. */
static void name_unstarted(const struct acpi_info *acpi, u32 count)
{
    u32 pluggable = acpi->cpu_count - count;

    if (pluggable)
        log_info("smp: %u more could be plugged in later; Trivet does not start them", pluggable);
    if (acpi->cpus_unusable)
        log_info("smp: %u more are listed and switched off by the firmware", acpi->cpus_unusable);
}

void cores_start(const struct acpi_info *acpi, u32 limit)
{
    u32 ids[ACPI_CPUS_MAX] = {0};
    u32 count = 0;

    for (unsigned i = 0; i < acpi->cpu_count; i++)
        if (acpi->cpu[i].enabled)
            ids[count++] = acpi->cpu[i].apic_id;
    smp_start(ids, count, limit ? limit : CPUS_MAX, cores_work);
    usable = arch_core_count();
    log_info("smp: %u of %u cores run%s", usable, count ? count : 1,
             limit && count > limit ? " (maxcpus)" : "");
    name_unstarted(acpi, count);
    if (count > CPUS_MAX)
        log_warn("smp: Trivet uses at most %u cores", CPUS_MAX);
}

struct switching {
    const struct engine_start *start;
    struct preflight *report; /* the sentence may stand there */
    const char *error;
};

static void switch_on(void *with)
{
    struct switching *s = with;

    fpu_enable();
    s->error = s->start->cpu_on(s->report);
}

void cores_engine_on(const struct engine_start *start)
{
    struct switching s = {.start = start, .report = frame_memory(sizeof *s.report)};

    cores.engine = start ? start->engine : NULL;
    for (u32 core = 0; start && core < arch_core_count(); core++) {
        s.error = "no memory to look at it";
        if (s.report)
            smp_call(core, switch_on, &s);
        if (s.error) {
            log_error("core %u can run no guests: %s", core, s.error);
            usable--;
        }
        cores.has_engine[core] = !s.error;
    }
    frame_memory_free(s.report, sizeof *s.report);
}

u32 cores_usable(void)
{
    return usable;
}

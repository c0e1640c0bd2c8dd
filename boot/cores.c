/* SPDX-License-Identifier: MIT */
#include "boot/cores.h"

#include "arch/arch.h"
#include "arch/x86/fpu.h"
#include "arch/x86/percpu.h"
#include "arch/x86/smp.h"
#include "arch/x86/preflight.h"
#include "core/run.h"
#include "lib/log.h"
#include "mm/frame.h"

static const struct engine *engine;
static u32 usable;
static bool has_engine[CPUS_MAX];

bool cores_need_x2apic(const struct acpi_info *acpi)
{
    for (unsigned i = 0; i < acpi->cpu_count; i++)
        if (acpi->cpu[i].apic_id > 254)
            return true;
    return false;
}

/* What every core but the first does for ever: it takes calls, runs its guests, and sleeps. */
static void work(void)
{
    for (;;) {
        smp_take_call();
        if (!run_turn())
            arch_idle();
    }
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
    smp_start(ids, count, limit ? limit : CPUS_MAX, work);
    usable = arch_core_count();
    log_info("smp: %u of %u cores run%s", usable, count ? count : 1,
             limit && count > limit ? " (maxcpus)" : "");
    name_unstarted(acpi, count);
    if (count > CPUS_MAX)
        log_warn("smp: Trivet uses at most %u cores", CPUS_MAX);
}

struct switching {
    struct preflight *report; /* the sentence may stand there */
    const char *error;
};

static void switch_on(void *with)
{
    struct switching *s = with;

    fpu_enable();
    s->error = engine->cpu_on(s->report);
}

static void switch_off(void *nothing)
{
    (void)nothing;
    engine->cpu_off();
}

void cores_engine_on(const struct engine *chosen)
{
    struct switching s = {.report = frame_memory(sizeof *s.report)};

    engine = chosen;
    for (u32 core = 0; engine && core < arch_core_count(); core++) {
        s.error = "no memory to look at it";
        if (s.report)
            smp_call(core, switch_on, &s);
        if (s.error) {
            log_error("core %u can run no guests: %s", core, s.error);
            usable--;
        }
        has_engine[core] = !s.error;
    }
    frame_memory_free(s.report, sizeof *s.report);
}

void cores_engine_off(bool here_only)
{
    if (!engine)
        return;
    for (u32 core = arch_core_count(); core-- > 0 && !here_only;)
        if (core != arch_core())
            smp_call(core, switch_off, NULL);
    engine->cpu_off();
}

u32 cores_usable(void)
{
    return usable;
}

bool cores_has_engine(u32 core)
{
    return has_engine[core];
}

/* SPDX-License-Identifier: MIT */
/*
 * The plan of the system, from the loader's hand-over to the last machine's end: a call a line, a
 * room a call. The only place that names a vendor.
 */
#include "boot/main.h"

#include "arch/arch.h"
#include "arch/x86/apic.h"
#include "arch/x86/canary.h"
#include "arch/x86/cpu.h"
#include "arch/x86/identity.h"
#include "arch/x86/preflight.h"
#include "arch/x86/smp.h"
#include "boot/bench.h"
#include "boot/consoles.h"
#include "boot/cores.h"
#include "boot/ending.h"
#include "boot/info.h"
#include "boot/machines.h"
#include "boot/memory.h"
#include "boot/options.h"
#include "boot/over.h"
#include "boot/selftest.h"
#include "boot/tables.h"
#include "lib/fmt.h"
#include "lib/log.h"
#include "mm/frame.h"
#include "svm/svm_cpu.h"
#include "vmx/vmx_cpu.h"

static struct boot_info info;

/* What is found out when there is memory. */
struct findings {
    struct acpi_info acpi;
    struct preflight report;
};
static struct findings *found;

static void run(void) no_return;

static const struct log_source log_source = {arch_now, arch_core};

static void greet(void)
{
    log_info("Trivet %s, loaded by %s", VERSION,
             info.loader[0] ? info.loader : "an unnamed loader");
    log_info("cpu: %s", cpu_brand());
    if (info.note[0])
        log_warn("boot: %s", info.note);
    for (unsigned i = 0; i < options.problem_count; i++)
        log_warn("command line: %s", options.problem[i]);
    if (options.problems_unlisted)
        log_warn("command line: %u more words like these", options.problems_unlisted);
}

/* On the loader's hand-over: one core, the boot page tables, a stack without guards. */
void hv_main(const void *tags, u64 moved)
{
    canary_seed();
    cpu_init_boot();
    const char *broken = boot_info_parse(tags, BOOT_REACH - (u64)tags, &info);
    options_parse(broken ? "" : info.cmdline, &options);
    ending_use();
    log_set_source(&log_source);
    log_set_level(options.loglevel);
    consoles_start(&options, &info.fb);
    greet();
    refuse_if("bad-boot-information", broken);
    refuse_if("no-nx", cpu_protect());
    log_info("cpu: protections: %s", cpu_protections());
    refuse_if("no-memory", memory_start(&info, moved));
    found = frame_memory(sizeof *found);
    refuse_if("no-memory", found ? NULL : "no memory for what the firmware's tables say");
    tables_read(&info, &found->acpi);
    consoles_more(&found->acpi);
    refuse_if("no-apic", apic_init(cores_need_x2apic(&found->acpi), options.x2apic));
    cpu_move_to_own_stack(run);
}

/*
 * The engine that the command line names; else the one whose bit the processor shows; else the one
 * of the processor's maker, whose negotiation then says what is missing. NULL: another maker's.
 */
static const struct engine_start *pick_engine(enum cpu_maker maker)
{
    if (options.engine != ENGINE_AUTO)
        return options.engine == ENGINE_VMX ? &vmx_engine_start : &svm_engine_start;
    if (vmx_engine_start.present())
        return &vmx_engine_start;
    if (svm_engine_start.present())
        return &svm_engine_start;
    return maker == MAKER_INTEL ? &vmx_engine_start : maker == MAKER_AMD ? &svm_engine_start : NULL;
}

/* Who names the wrong engine is told of the other one. */
static void note_other_engine(const struct engine_start *engine)
{
    const struct engine_start *other =
        engine == &vmx_engine_start ? &svm_engine_start : &vmx_engine_start;

    if (options.engine != ENGINE_AUTO && !engine->present() && other->present())
        fmt_text(found->report.note, sizeof found->report.note,
                 "engine=%s is on the command line, and this processor has %s: take it off",
                 engine->engine->name, other == &vmx_engine_start ? "VMX" : "SVM");
}

static const struct engine_start *preflight(void)
{
    struct cpu_identity identity;

    cpu_identify(&identity);
    const struct engine_start *engine = pick_engine(cpu_maker(&identity));
    if (engine) {
        engine->preflight(engine == &vmx_engine_start ? options.vmx : options.svm, &found->report);
        note_other_engine(engine);
    } else {
        preflight_neither(&found->report, &identity);
    }
    preflight_print(&found->report, !options.preflight      ? PREFLIGHT_DENIED
                                    : consoles_only_small() ? PREFLIGHT_NAMES
                                                            : PREFLIGHT_ALL);
    return preflight_ready(&found->report) ? engine : NULL;
}

/* For good: what is kept of all this has been copied. */
static void no_return leave(u64 (*next)(void))
{
    frame_memory_free(found, sizeof *found);
    const char *kept =
        smp_settle() ? memory_leave() : "a core that has not answered may yet wake up in it";
    if (!kept)
        boot_over(next);
    log_warn("boot: its memory is kept: %s", kept);
    finish(next());
}

/* On the final tables and a guarded stack. */
static void run(void)
{
    apic_enable();
    refuse_if("no-clock", time_start(&found->acpi));
    cores_start(&found->acpi, options.maxcpus);
    const struct engine_start *engine = preflight();
    cores_engine_on(engine);
    log_event("boot", "version=%s engine=%s cores=%u memory=%luM", VERSION,
              engine ? engine->engine->name : "none", cores_usable(), memory_total_mib());
    if (options.bench)
        bench_boot();
    preflight_announce(&found->report);
    selftest_fail(options.fail);
    if (options.selftest) {
        selftest_run();
        leave(selftest_rest);
    }
    if (options.preflight || !engine)
        finish(!engine);
    machines_plan(&info, engine->engine, &options, &found->acpi);
    leave(machines_run);
}

/* SPDX-License-Identifier: MIT */
/*
 * From the modules to what is to be made, with all that is done once for all machines. Only at
 * boot.
 */
#include "boot/machines.h"

#include "arch/arch.h"
#include "boot/ending.h"
#include "boot/input.h"
#include "boot/machines_private.h"
#include "boot/plan.h"
#include "core/console.h"
#include "drivers/host/cmos.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/frame.h"

static bool keep_modules(const struct boot_info *info)
{
    struct boot_modules *modules = frame_memory(boot_modules_size(info));

    if (modules)
        boot_modules_copy(info, modules);
    else
        log_error("no memory to keep what the loader says of the modules");
    machines.modules = modules;
    return modules;
}

/* A block for each machine, with what it is to be. False: there is no memory for so many. */
static bool take_machines(const struct manifest *manifest)
{
    for (u32 i = 0; i < manifest->count; i++) {
        struct machine *machine = frame_memory(sizeof *machine);
        if (!machine) {
            log_error("no memory to keep %u machines in", manifest->count);
            return false;
        }
        machine->config = manifest->vm[i];
        machines.machine[machines.count++] = machine;
    }
    return true;
}

static bool read_plan(const struct boot_info *info)
{
    const struct manifest *manifest = plan_read(info);
    bool good = manifest && keep_modules(info) && take_machines(manifest);

    plan_forget(manifest);
    if (!good)
        log_error("no machine is started");
    return good;
}

/* The machine that attach= names. */
static void wish_console(const char *name)
{
    for (u32 i = 0; i < machines.count; i++) {
        if (strcmp(machines.machine[i]->config.name, name) == 0) {
            console_wish(name);
            return;
        }
    }
    log_warn("attach=%s: no machine has this name; the first one's is %s", name,
             machines.machine[0]->config.name);
}

#define NO_CLOCK 946684800ull /* 2000-01-01 */

/* The host's clock is asked once: it takes milliseconds, and restarted guests go on by it. */
static void read_clock(void)
{
    u64 seconds = NO_CLOCK;

    if (!cmos_time(&seconds))
        log_warn("clock: the machine's own tells no time; the guests' begin with the year 2000");
    machines.wall = seconds - arch_now() / NS_PER_S;
}

void machines_plan(const struct boot_info *info, const struct engine *engine,
                   const struct options *options, const struct acpi_info *acpi)
{
    machines.engine = engine;
    machines.options = options;
    if (!info->module_count) {
        log_warn("no modules: nothing to run. Give GRUB a `module2` with a kernel, or with a %s",
                 MANIFEST_NAME);
        finish(0);
    }
    if (!read_plan(info))
        finish(1);
    read_clock();
    if (options->attach)
        wish_console(options->attach);
    input_find(acpi);
}

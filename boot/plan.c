/* SPDX-License-Identifier: MIT */
#include "boot/plan.h"

#include "arch/arch.h"
#include "boot/cores.h"
#include "lib/bits.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/frame.h"

/* In memory only as long as it takes to make machines of it. */
struct reading {
    struct manifest manifest; /* first */
    struct manifest_errors errors;
};

/* The manifest, or the single machine that the modules stand for. */
static bool read_modules(const struct boot_info *info, struct reading *reading)
{
    struct manifest *manifest = &reading->manifest;
    struct manifest_errors *errors = &reading->errors;
    const struct boot_module *text = NULL;
    const char *names[BOOT_MODULES_MAX];
    struct core_set running = {0};
    unsigned count = 0;
    bool good;

    for (unsigned i = 0; i < info->module_count; i++)
        if (!text && strcmp(info->module[i].name, MANIFEST_NAME) == 0)
            text = &info->module[i];
        else
            names[count++] = info->module[i].name;
    for (u32 core = 0; core < arch_core_count(); core++)
        if (cores_has_engine(core))
            core_set_add(&running, core);
    if (!text)
        return manifest_single(info->module[0].name, info->module[0].args,
                               info->module_count > 1 ? info->module[1].name : NULL, manifest,
                               errors);
    good = manifest_parse(hpa_ptr(text->base), text->size, manifest, errors);
    good &= manifest_check_modules(manifest, names, count, errors);
    good &= manifest_check_cores(manifest, &running, errors);
    return good;
}

static void print_errors(const struct manifest_errors *errors)
{
    for (unsigned i = 0; i < errors->count; i++)
        log_error("%s", errors->error[i].text);
    if (errors->total > errors->count)
        log_error("and %u more errors like these", errors->total - errors->count);
}

const struct manifest *plan_read(const struct boot_info *info)
{
    struct reading *reading = frame_memory(sizeof *reading);

    if (!reading) {
        log_error("no memory to read the manifest in");
        return NULL;
    }
    if (read_modules(info, reading))
        return &reading->manifest;
    print_errors(&reading->errors);
    plan_forget(&reading->manifest);
    return NULL;
}

void plan_forget(const struct manifest *manifest)
{
    frame_memory_free((void *)(uintptr_t)manifest, sizeof(struct reading));
}

/* SPDX-License-Identifier: MIT */
/* The manifest parser over any bytes: what it accepts keeps every promise, what it refuses it
 * explains. */
#include <stdlib.h>
#include <string.h>

#include "core/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct manifest manifest;
static struct manifest_errors errors;

static void require(bool good)
{
    if (!good)
        abort();
}

static bool set_is_empty(const struct core_set *set)
{
    for (unsigned i = 0; i < CORE_SET_MAX; i++)
        if (core_set_has(set, i))
            return false;
    return true;
}

static void check_machine(const struct vm_config *vm)
{
    require(strnlen(vm->name, sizeof vm->name) - 1 < VM_NAME_MAX);
    require(strnlen(vm->kernel, sizeof vm->kernel) - 1 < VM_MODULE_MAX);
    require(strnlen(vm->initrd, sizeof vm->initrd) <= VM_MODULE_MAX);
    require(strnlen(vm->cmdline, sizeof vm->cmdline) <= VM_CMDLINE_MAX);
    require(vm->memory >= VM_MEMORY_MIN && vm->memory <= VM_MEMORY_MAX && vm->memory % 4096 == 0);
    require(vm->cpus >= 1 && vm->cpus <= VM_CPUS_MAX);
    require(vm->any_core == set_is_empty(&vm->cores));
    require(vm->line > 0 && vm->kernel_line > vm->line);
    for (const struct vm_config *other = manifest.vm; other != vm; other++)
        require(strcmp(other->name, vm->name) != 0);
}

static void check_errors(void)
{
    require(errors.count <= MANIFEST_ERRORS_MAX && errors.count <= errors.total);
    for (unsigned i = 0; i < errors.count; i++) {
        const char *text = errors.error[i].text;
        require(strnlen(text, sizeof errors.error[i].text) < sizeof errors.error[i].text);
        require(strstr(text, "expected") || strstr(text, "did you mean"));
        for (; *text; text++)
            require(*text >= 0x20 && *text < 0x7f);
        require(i == 0 || errors.error[i - 1].line <= errors.error[i].line);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"a", "kernel"};
    struct core_set running = {{0xf}};
    bool good;

    memset(&manifest, 0xa5, sizeof manifest); /* what is not initialized shows */
    good = manifest_parse((const char *)data, size, &manifest, &errors);
    require(good == (errors.total == 0));
    require(manifest.count <= MANIFEST_VMS_MAX && (!good || manifest.count > 0));
    for (unsigned i = 0; good && i < manifest.count; i++)
        check_machine(&manifest.vm[i]);
    if (good) {
        good = manifest_check_modules(&manifest, names, 2, &errors);
        good &= manifest_check_cores(&manifest, &running, &errors);
        require(good == (errors.total == 0));
    }
    check_errors();
    return 0;
}

/* SPDX-License-Identifier: MIT */
#include "boot/machines.h"

#include "lib/log.h"

u64 machines_run(const struct boot_info *info, const struct engine *engine)
{
    for (unsigned i = 0; i < info->module_count; i++)
        log_info("module %s, %lu bytes", info->module[i].name, info->module[i].size);
    if (!info->module_count)
        log_warn(
            "no modules: nothing to run. Give GRUB a `module2` with a kernel, or with a trivet.conf");
    else
        log_warn("the %s engine runs no machines yet", engine->name);
    return info->module_count != 0;
}

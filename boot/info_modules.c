/* SPDX-License-Identifier: MIT */
#include "boot/info.h"

#include "lib/string.h"

u64 boot_modules_size(const struct boot_info *info)
{
    u64 size = sizeof(struct boot_modules) + info->module_count * sizeof(struct boot_module);

    for (unsigned i = 0; i < info->module_count; i++)
        size += strlen(info->module[i].name) + strlen(info->module[i].args) + 2;
    return size;
}

static const char *copy_text(char **to, const char *text)
{
    char *copy = *to;
    size_t size = strlen(text) + 1;

    memcpy(copy, text, size);
    *to += size;
    return copy;
}

void boot_modules_copy(const struct boot_info *info, struct boot_modules *modules)
{
    char *text = (char *)&modules->module[info->module_count];

    modules->count = info->module_count;
    for (unsigned i = 0; i < info->module_count; i++) {
        modules->module[i] = info->module[i];
        modules->module[i].name = copy_text(&text, info->module[i].name);
        modules->module[i].args = copy_text(&text, info->module[i].args);
    }
}

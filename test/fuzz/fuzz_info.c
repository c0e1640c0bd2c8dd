/* SPDX-License-Identifier: MIT */
/* boot/info*.c over any bytes: no read beyond them, strings that end, a sentence for every refusal.
 */
#include <stdlib.h>
#include <string.h>

#include "boot/info.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void use_string(const struct boot_info *info, const char *s)
{
    if (*s && (s < info->text || s + strlen(s) >= info->text + sizeof info->text))
        abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    static struct boot_info info;
    u8 *tags = malloc(size ? size : 1);
    memcpy(tags, data, size);
    /* Half of the inputs get the true size, or hardly any would come past the first check. */
    if (size >= 8 && tags[4] & 1) {
        u32 total = (u32)size;
        memcpy(tags, &total, 4);
    }
    const char *error = boot_info_parse(tags, size, &info);
    free(tags);
    if (error) {
        if (!*error)
            abort();
        return 0;
    }
    use_string(&info, info.cmdline);
    use_string(&info, info.loader);
    for (unsigned i = 0; i < info.module_count; i++) {
        use_string(&info, info.module[i].name);
        use_string(&info, info.module[i].args);
    }
    return 0;
}

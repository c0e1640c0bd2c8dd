/* SPDX-License-Identifier: MIT */
/* boot/options*.c over any command line: whatever it says, the struct is usable afterwards. */
#include <stdlib.h>
#include <string.h>

#include "boot/options.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void use_string(const struct options *options, const char *s)
{
    if (*s && (s < options->text || s + strlen(s) >= options->text + sizeof options->text))
        abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    static struct options options;
    char *line = malloc(size + 1);

    memcpy(line, data, size);
    line[size] = 0;
    options_parse(line, &options);
    free(line);
    use_string(&options, options.vmx);
    use_string(&options, options.svm);
    for (unsigned i = 0; i < options.problem_count; i++)
        for (const char *s = options.problem[i]; *s; s++)
            if (*s < ' ' || *s >= 0x7f)
                abort();
    if (options.console_count > OPTIONS_CONSOLES_MAX || options.loglevel > LOG_DEBUG)
        abort();
    return 0;
}

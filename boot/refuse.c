/* SPDX-License-Identifier: MIT */
/*
 * The end of a boot that finds it cannot go on. Only at boot.
 */
#include "boot/ending.h"

#include "boot/consoles.h"
#include "lib/log.h"

void refuse(const char *reason, const char *text)
{
    static char quoted[400];

    consoles_last_chance();
    log_error("%s", text);
    log_event("refuse", "reason=%s text=%s", reason, log_quote(quoted, sizeof quoted, text));
    finish(1);
}

void refuse_if(const char *reason, const char *text)
{
    if (text)
        refuse(reason, text);
}

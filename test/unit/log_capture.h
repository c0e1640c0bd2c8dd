/* SPDX-License-Identifier: MIT */
/* Stands in for the log where a test reads what was printed: lines are gathered in `logged`. */
#ifndef TEST_UNIT_LOG_CAPTURE_H
#define TEST_UNIT_LOG_CAPTURE_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/log.h"

static char logged[16384];

__attribute__((format(printf, 2, 0))) static void log_gather(const char *prefix, const char *format,
                                                             va_list args)
{
    size_t used = strlen(logged);
    used += (size_t)snprintf(logged + used, sizeof logged - used, "%s", prefix);
    used += (size_t)vsnprintf(logged + used, sizeof logged - used, format, args);
    snprintf(logged + used, sizeof logged - used, "\n");
}

void log_raw(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_gather("", format, args);
    va_end(args);
}

void log_event(const char *kind, const char *format, ...)
{
    char prefix[64];
    va_list args;
    snprintf(prefix, sizeof prefix, "@trivet1 %s ", kind);
    va_start(args, format);
    log_gather(prefix, format, args);
    va_end(args);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * printf's language, the part that a kernel uses: flags '-' and '0', width and
 * precision (also '*'), lengths hh h l ll z, conversions d i u x X p s c %. Anything else prints as
 * it stands.
 */
#ifndef LIB_FMT_H
#define LIB_FMT_H

#include <stdarg.h>
#include "lib/types.h"

/* Both write at most size bytes including the terminator (none if size is 0) and return the whole
 * text's length. */
size_t fmt_va(char *to, size_t size, const char *format, va_list args);
size_t fmt_text(char *to, size_t size, const char *format, ...) printf_like(3, 4);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * For what only a bug of ours can cause. Nothing that firmware, a file or a guest
 * contains or does may lead here. The architecture supplies hv_panic; the unit tests their own.
 */
#ifndef LIB_PANIC_H
#define LIB_PANIC_H

#include "lib/types.h"

void hv_panic(const char *format, ...) printf_like(1, 2) no_return;

#define hv_assert(condition)                                                                       \
    do {                                                                                           \
        if (unlikely(!(condition)))                                                                \
            hv_panic("%s:%d: %s does not hold", __FILE__, __LINE__, #condition);                   \
    } while (0)

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The devices that are not in the kernel, as little of each as a tiny guest needs: a serial port
 * whose text is kept till the end (writing it out would be measured), ACPI's timer, port 0xf4.
 */
#ifndef TEST_BENCH_KVM_PORTS_H
#define TEST_BENCH_KVM_PORTS_H

#include "lib/types.h"

/* `count` accesses of `size` bytes each. False: the guest has ended itself. */
bool ports_access(bool out, u16 port, u8 *data, u8 size, u32 count);

/* How it has, and what it said. */
unsigned ports_status(void);
const char *ports_text(size_t *size);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What Trivet itself costs, as event lines for `make bench`: with `bench` on its command line.
 */
#ifndef BOOT_BENCH_H
#define BOOT_BENCH_H

#include "lib/types.h"

/* The boot's ticks, and the image's sizes. */
void bench_boot(void);

/* What is resident beside `of_guests` bytes, with so many machines made. */
void bench_memory(unsigned machines, u64 of_guests);

#endif

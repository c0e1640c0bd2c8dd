/* SPDX-License-Identifier: MIT */
/*
 * What the cores do: set up in boot/cores_start.c, done in boot/cores.c.
 */
#ifndef BOOT_CORES_PRIVATE_H
#define BOOT_CORES_PRIVATE_H

#include "arch/x86/percpu.h"
#include "core/engine.h"

extern struct cores {
    const struct engine *engine; /* NULL: none is on */
    bool has_engine[CPUS_MAX];
} cores;

/* What every core but the first does for ever. */
void cores_work(void);

#endif

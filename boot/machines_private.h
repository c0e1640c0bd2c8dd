/* SPDX-License-Identifier: MIT */
/*
 * The machines: planned in boot/machines_plan.c, made and ended in boot/machines.c.
 */
#ifndef BOOT_MACHINES_PRIVATE_H
#define BOOT_MACHINES_PRIVATE_H

#include "boot/info.h"
#include "boot/options.h"
#include "core/manifest.h"
#include "core/vm.h"
#include "guests/pc.h"

/* One of the manifest's machines, through all its lives. */
struct machine {
    struct vm vm; /* first */
    struct pc pc;
    struct vm_config config;
};

extern struct machines {
    const struct boot_modules *modules;
    const struct engine *engine;
    const struct options *options;
    u64 wall; /* seconds since 1970 when the guests' time was 0 */
    struct machine *machine[MANIFEST_VMS_MAX];
    u32 count;
} machines;

#endif

/* SPDX-License-Identifier: MIT */
/*
 * This stays when boot goes, and so must all that it calls: the link sees to that (linker.ld).
 */
#include "boot/over.h"

#include "arch/arch.h"
#include "arch/x86/cpu.h"
#include "arch/x86/smp.h"
#include "boot/ending.h"
#include "lib/log.h"
#include "mm/hostmap.h"

extern const char image_start[], image_text_start[];

static u64 given;

static void forget(void *nothing)
{
    (void)nothing;
    cr3_write(cr3_read());
}

static void everywhere_forget(void)
{
    for (u32 core = 0; core < arch_core_count(); core++)
        smp_call(core, forget, NULL);
}

void boot_over(u64 (*next)(void))
{
    const char *error = hostmap_end_boot(everywhere_forget);

    if (error)
        log_error("boot: its memory is lost: %s", error);
    else
        given = (u64)(image_text_start - image_start);
    log_debug("boot: over, %lu KiB of memory given back", given / KiB);
    finish(next());
}

u64 boot_given(void)
{
    return given;
}

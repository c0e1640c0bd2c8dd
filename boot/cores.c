/* SPDX-License-Identifier: MIT */
#include "boot/cores.h"

#include "arch/arch.h"
#include "arch/x86/smp.h"
#include "boot/cores_private.h"
#include "core/run.h"

struct cores cores;

/* It takes calls, runs its guests, and sleeps. */
void cores_work(void)
{
    for (;;) {
        smp_take_call();
        if (!run_turn())
            arch_idle();
    }
}

static void switch_off(void *nothing)
{
    (void)nothing;
    cores.engine->cpu_off();
}

void cores_engine_off(bool here_only)
{
    if (!cores.engine)
        return;
    for (u32 core = arch_core_count(); core-- > 0 && !here_only;)
        if (core != arch_core())
            smp_call(core, switch_off, NULL);
    cores.engine->cpu_off();
}

bool cores_has_engine(u32 core)
{
    return cores.has_engine[core];
}

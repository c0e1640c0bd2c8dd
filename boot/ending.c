/* SPDX-License-Identifier: MIT */
#include "boot/ending.h"

#include "arch/arch.h"
#include "arch/x86/clock.h"
#include "arch/x86/cpu.h"
#include "arch/x86/desc.h"
#include "arch/x86/panic.h"
#include "boot/consoles.h"
#include "boot/cores.h"
#include "boot/monitor.h"
#include "drivers/host/power.h"
#include "lib/log.h"

/* Time to read a screen, before a power-off takes it away, where nobody is on a serial line. */
#define READING_SECONDS 30

struct options options;
static bool known; /* what they are */

static void panic_ends(void);

void ending_use(void)
{
    known = true;
    panic_set_end(panic_ends);
}

static enum on_idle wish(void)
{
    return known ? options.on_idle : IDLE_HALT;
}

/* Keys that were hit before the question do not answer it. */
static void forget_keys(void)
{
    for (unsigned n = 0; n < 1000 && consoles_read() >= 0; n++)
        ;
}

static void let_read(void)
{
    if (!consoles_only_screen() || !clock_tsc_hz())
        return;
    log_raw("Nobody listens on a serial line: %u seconds to read the screen, or press a key.",
            READING_SECONDS);
    forget_keys();
    for (u64 end = arch_now() + READING_SECONDS * NS_PER_S; arch_now() < end;) {
        log_pump();
        if (consoles_read() >= 0)
            return;
    }
}

static void power_down(enum on_idle how)
{
    log_flush();
    if (how == IDLE_POWEROFF)
        power_off();
    else
        power_reboot();
    if (how == IDLE_REBOOT)
        cpu_triple_fault();
    log_error("this machine does not power off by ACPI; it can be switched off now");
    log_flush();
}

/* The other cores are stopped by now, in whatever state: VMXOFF is for this one alone. */
static void panic_ends(void)
{
    cores_engine_off(true);
    if (wish() == IDLE_POWEROFF || wish() == IDLE_REBOOT) {
        let_read();
        power_down(wish());
    }
}

void finish(u64 status)
{
    enum on_idle how = wish();

    log_event("done", "status=%lu", status);
    if (how == IDLE_MONITOR)
        how = monitor_run();
    else if (how != IDLE_HALT)
        let_read();
    cores_engine_off(false);
    if (how != IDLE_HALT)
        power_down(how);
    log_flush();
    cpu_halt_forever();
}

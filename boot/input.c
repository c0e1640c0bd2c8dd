/* SPDX-License-Identifier: MIT */
#include "boot/input.h"

#include "arch/arch.h"
#include "arch/x86/trap.h"
#include "boot/consoles.h"
#include "core/console.h"
#include "core/run.h"
#include "drivers/host/ioapic.h"
#include "drivers/host/keyboard.h"
#include "lib/clock.h"

#define LOOK_NS     20000000ull  /* how often, where there is no interrupt or no room */
#define IDLE_NS     250000000ull /* the same while no machine is attached to: for Ctrl-t */
#define PATIENCE_NS NS_PER_S     /* so long a machine may leave what was typed */
#define BYTES_MAX   4096         /* at once; a line that always has one is broken */

static bool by_interrupt, running;
static u64 full_since; /* 0: it is not */
static u32 taken_then;

static void look(void);

static void look_again(void)
{
    run_alarm(arch_now() + (console_in_use() ? LOOK_NS : IDLE_NS), look);
}

/* The machine takes nothing: its line is held as long as it may be hoped to, for a paste must not
 * be lost, and no longer, for Ctrl-t must be heard. */
static void wait_for_room(void)
{
    u64 now = arch_now();

    if (!full_since || console_taken() != taken_then) {
        full_since = now;
        taken_then = console_taken();
    } else if (now - full_since > PATIENCE_NS) {
        console_drop();
        full_since = 0;
    }
    look_again();
}

static void take_keys(void)
{
    int c;

    for (unsigned n = 0; n < BYTES_MAX && !console_full(); n++) {
        if ((c = consoles_read()) < 0)
            return;
        console_type((u8)c);
    }
    look_again();
}

/* On core 0, from an interrupt or the alarm. */
static void look(void)
{
    if (!running)
        return;
    bool held = full_since;
    take_keys();
    if (console_full()) {
        if (!held)
            consoles_listen(false);
        wait_for_room();
        return;
    }
    full_since = 0;
    if (held)
        consoles_listen(true);
    if (!by_interrupt)
        look_again();
}

void input_start(bool interrupts)
{
    by_interrupt = interrupts;
    irq_set_handler(VECTOR_CONSOLE, look);
    running = true;
    keyboard_listen(true);
    consoles_listen(true);
    if (!by_interrupt)
        look_again();
}

void input_stop(void)
{
    running = false;
    consoles_listen(false);
    keyboard_listen(false);
    ioapic_mask();
}

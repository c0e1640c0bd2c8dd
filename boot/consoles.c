/* SPDX-License-Identifier: MIT */
#include "boot/consoles.h"

#include "boot/consoles_private.h"
#include "core/console.h"
#include "drivers/host/keyboard.h"
#include "drivers/host/term.h"
#include "lib/lock.h"
#include "lib/ring.h"

struct consoles consoles;
const struct console_names console_names = {"serial", "spcr", "pci-serial"};

bool consoles_only_screen(void)
{
    for (unsigned i = 0; i < consoles.line_count; i++)
        if (serial_listened(&consoles.lines[i]))
            return false;
    return consoles.have_screen;
}

/*
 * What the serial lines hold, into a buffer: a UART has room for 16 characters, a millisecond at
 * its fastest, and drawing on a screen may take longer.
 */
static u8 kept[1 * KiB];
static struct ring keys = RING(kept);
static struct lock reading;

static void collect(void)
{
    int c;

    for (unsigned i = 0; i < consoles.line_count; i++)
        while (ring_room(&keys) && (c = serial_read(&consoles.lines[i])) >= 0)
            ring_put(&keys, (u8)c);
}

/* On whatever core it is that draws; who has the lock collects. */
static void collect_meanwhile(void)
{
    if (!lock_try(&reading))
        return;
    collect();
    lock_drop(&reading);
}

int consoles_read(void)
{
    int c = ring_get(&keys);

    if (c >= 0)
        return c;
    lock_take(&reading);
    collect();
    lock_drop(&reading);
    c = ring_get(&keys);
    return c >= 0 ? c : keyboard_read();
}

/* COM1 and 3 share one, COM2 and 4 the other; a card's is not known. */
static u32 line_irq(const struct serial *line)
{
    for (unsigned i = 0; i < array_size(serial_com); i++)
        if (!line->at.regs && line->at.port == serial_com[i])
            return i % 2 ? 3 : 4;
    return 0;
}

u32 consoles_irqs(void)
{
    u32 irqs = 1u << 1; /* the keyboard's */

    for (unsigned i = 0; i < consoles.line_count; i++) {
        u32 irq = line_irq(&consoles.lines[i]);
        if (!irq)
            return 0;
        irqs |= 1u << irq;
    }
    return irqs;
}

void consoles_listen(bool on)
{
    console_meanwhile = term_meanwhile = on ? collect_meanwhile : NULL;
    for (unsigned i = 0; i < consoles.line_count; i++)
        serial_listen(&consoles.lines[i], on);
}

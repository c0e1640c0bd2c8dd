/* SPDX-License-Identifier: MIT */
#include "boot/consoles.h"

#include "drivers/host/fb.h"
#include "drivers/host/serial.h"
#include "drivers/host/vgatext.h"
#include "lib/string.h"
#include "mm/hostmap.h"

static const struct options *options;
static const struct boot_fb *screen;
static bool final_map, have_screen;

static struct serial lines[4];
static unsigned line_count;
static struct fb fb;
static struct vgatext vga;

static bool add_line(const char *name, const struct serial_at *at, u32 baud)
{
    if (line_count == array_size(lines) ||
        !serial_init(&lines[line_count], name, at, baud ? baud : SERIAL_CLOCK))
        return false;
    log_add_sink(&lines[line_count++].sink);
    return true;
}

static bool add_port(u16 port, u32 baud)
{
    for (unsigned i = 0; i < line_count; i++)
        if (!lines[i].at.regs && lines[i].at.port == port)
            return true;
    return add_line("serial", &(struct serial_at){.port = port}, baud);
}

static void add_spcr(const struct acpi_serial *spcr, u32 baud)
{
    struct serial_at at = {.width = (u8)(spcr->base.bits == 32 ? 4 : 1),
                           .stride = (u8)(spcr->base.bits == 32 ? 4 : 1)};

    /* 16550 and its likes: SPCR's interface types 0, 1 and 0x12. */
    if (!spcr->present || (spcr->interface > 1 && spcr->interface != 0x12))
        return;
    if (spcr->base.space == ACPI_PORT) {
        add_port((u16)spcr->base.address, baud ? baud : spcr->baud);
    } else if (spcr->base.space == ACPI_MEMORY) {
        at.regs = hostmap_device(hpa(spcr->base.address), PAGE_4K, PT_UC);
        if (at.regs)
            add_line("spcr", &at, baud ? baud : spcr->baud);
    }
}

static void add_pci(u32 baud)
{
    struct serial_at at;
    u64 address = 0;

    if (!serial_find_pci(&at, &address))
        return;
    if (address)
        at.regs = hostmap_device(hpa(address), PAGE_4K, PT_UC);
    if (!address || at.regs)
        add_line("pci-serial", &at, baud);
}

static void *screen_memory(hpa_t base, u64 size, u32 type)
{
    return final_map ? hostmap_device(base, size, type) : hpa_ptr(base);
}

static void add_framebuffer(void)
{
    const struct boot_fb *b = screen;
    struct fb_mode mode = {NULL,          b->pitch,   b->width,    b->height,
                           b->depth,      b->red_at,  b->red_bits, b->green_at,
                           b->green_bits, b->blue_at, b->blue_bits};

    mode.base = screen_memory(b->base, (u64)b->pitch * b->height, PT_WC);
    const char *unfit = mode.base ? fb_init(&fb, &mode) : "it cannot be mapped";
    if (unfit)
        log_warn("console: the framebuffer is not used: %s", unfit);
    else
        log_add_sink(&fb.term.sink);
    have_screen = !unfit;
}

static void add_text(void)
{
    void *base = screen_memory(screen->base, PAGE_4K * 2, PT_UC);
    if (base && !vgatext_init(&vga, base, screen->width, screen->height)) {
        log_add_sink(&vga.term.sink);
        have_screen = true;
    }
}

static void add_screen(void)
{
    if (have_screen)
        return;
    if (screen->kind == BOOT_FB_RGB)
        add_framebuffer();
    else if (screen->kind == BOOT_FB_TEXT)
        add_text();
}

static void add_first_com(void)
{
    for (unsigned i = 0; i < array_size(serial_com); i++)
        if (add_port(serial_com[i], 0))
            return;
}

void consoles_start(const struct options *known_options, const struct boot_fb *known_screen)
{
    options = known_options;
    screen = known_screen;
    for (unsigned i = 0; i < options->console_count; i++)
        if (options->console[i].kind == CONSOLE_PORT)
            add_port(options->console[i].port, options->console[i].baud);
    if (!options->console_count)
        add_first_com();
}

/* Without a choice of the user's: SPCR's port, or a card's if nothing else answered, and the
 * screen. */
static void add_default(const struct acpi_info *acpi)
{
    add_spcr(&acpi->serial, 0);
    if (!line_count)
        add_pci(0);
    add_screen();
}

void consoles_more(const struct acpi_info *acpi)
{
    final_map = true;
    if (!options->console_count)
        add_default(acpi);
    for (unsigned i = 0; i < options->console_count; i++) {
        const struct option_console *wanted = &options->console[i];
        if (wanted->kind == CONSOLE_SPCR)
            add_spcr(&acpi->serial, wanted->baud);
        else if (wanted->kind == CONSOLE_PCI)
            add_pci(wanted->baud);
        else if (wanted->kind == CONSOLE_FB || wanted->kind == CONSOLE_TEXT)
            add_screen();
    }
}

void consoles_last_chance(void)
{
    if (screen && options && !options->console_count)
        add_screen();
}

bool consoles_remote(void)
{
    return line_count || !have_screen;
}

int consoles_read(void)
{
    for (unsigned i = 0; i < line_count; i++) {
        int c = serial_read(&lines[i]);
        if (c >= 0)
            return c;
    }
    return -1;
}

/* SPDX-License-Identifier: MIT */
/*
 * The consoles found and opened. Only at boot.
 */
#include "boot/consoles.h"

#include "arch/x86/cpu.h"
#include "boot/consoles_private.h"
#include "boot/memory.h"
#include "mm/frame.h"
#include "mm/hostmap.h"

static const struct options *options;
static const struct boot_fb *screen;
static bool defaults; /* nothing is named, or nothing of what is */
static bool complete;

static bool add_line(const char *name, const struct serial_at *at, u32 baud)
{
    if (consoles.line_count == array_size(consoles.lines) ||
        !serial_init(&consoles.lines[consoles.line_count], name, at, baud ? baud : SERIAL_CLOCK))
        return false;
    log_add_sink(&consoles.lines[consoles.line_count++].sink);
    return true;
}

static bool add_port(u16 port, u32 baud)
{
    for (unsigned i = 0; i < consoles.line_count; i++)
        if (!consoles.lines[i].at.regs && consoles.lines[i].at.port == port)
            return true;
    return add_line(console_names.serial, &(struct serial_at){.port = port}, baud);
}

/* True if a line came of it. */
static bool add_spcr(const struct acpi_serial *spcr, u32 baud)
{
    struct serial_at at = {.width = (u8)(spcr->base.bits == 32 ? 4 : 1),
                           .stride = (u8)(spcr->base.bits == 32 ? 4 : 1)};

    /* 16550 and its likes: SPCR's interface types 0, 1 and 0x12. */
    if (!spcr->present || (spcr->interface > 1 && spcr->interface != 0x12))
        return false;
    if (spcr->base.space == ACPI_PORT)
        return add_port((u16)spcr->base.address, baud ? baud : spcr->baud);
    if (spcr->base.space == ACPI_MEMORY)
        at.regs = hostmap_device(hpa(spcr->base.address), PAGE_4K, PT_UC);
    return at.regs && add_line(console_names.spcr, &at, baud ? baud : spcr->baud);
}

static bool add_pci(u32 baud)
{
    struct serial_at at;
    u64 address = 0;

    if (!serial_find_pci(&at, &address))
        return false;
    if (address)
        at.regs = hostmap_device(hpa(address), PAGE_4K, PT_UC);
    return (!address || at.regs) && add_line(console_names.pci, &at, baud);
}

static void *screen_memory(hpa_t base, u64 size, u32 type)
{
    if (cr3_read() == hostmap_root().v)
        return hostmap_device(base, size, type);
    return boot_reaches(base, size) ? hpa_ptr(base) : NULL;
}

/* For the grid of a screen of so many cells. On a refusal before there is memory it is for few
 * rows, at the top; that room is boot's. */
static struct term_room room_for(u64 cells)
{
    static u8 few[2 * 80 * 12];
    static struct term_room room;

    if (room.bytes)
        return room;
    room.bytes = frame_memory(2 * cells);
    room.size = room.bytes ? 2 * cells : 0;
    if (!room.bytes && !complete)
        room = (struct term_room){few, sizeof few};
    return room;
}

static void add_framebuffer(void)
{
    const struct boot_fb *b = screen;
    struct fb_mode mode = {NULL,          b->pitch,   b->width,    b->height,
                           b->depth,      b->red_at,  b->red_bits, b->green_at,
                           b->green_bits, b->blue_at, b->blue_bits};

    mode.base = screen_memory(b->base, (u64)b->pitch * b->height, PT_WC);
    const char *unfit = mode.base
                            ? fb_init(&consoles.fb, &mode, room_for(fb_cells(b->width, b->height)))
                            : "it cannot be mapped";
    if (unfit)
        log_warn("console: the framebuffer is not used: %s", unfit);
    else
        log_add_sink(&consoles.fb.term.sink);
    consoles.have_screen = !unfit;
}

static void add_text(void)
{
    void *base = screen_memory(screen->base, PAGE_4K * 2, PT_UC);
    if (base && !vgatext_init(&consoles.vga, base, screen->width, screen->height,
                              room_for((u64)screen->width * screen->height))) {
        log_add_sink(&consoles.vga.term.sink);
        consoles.have_screen = true;
    }
}

static bool add_screen(void)
{
    if (!consoles.have_screen && screen->kind == BOOT_FB_RGB)
        add_framebuffer();
    else if (!consoles.have_screen && screen->kind == BOOT_FB_TEXT)
        add_text();
    return consoles.have_screen;
}

static void add_first_com(void)
{
    for (unsigned i = 0; i < array_size(serial_com); i++)
        if (add_port(serial_com[i], 0))
            return;
}

/* Whether one of the command line's consoles is of this kind. */
static bool names(enum console_kind kind)
{
    for (unsigned i = 0; i < options->console_count; i++)
        if (options->console[i].kind == kind)
            return true;
    return false;
}

static bool names_screen(void)
{
    return names(CONSOLE_FB) || names(CONSOLE_TEXT);
}

/* None is named, or none of those that are named is there: silence is only for who asks for it. */
static void choose_defaults(void)
{
    defaults |= !options->console_count;
    defaults |= !names(CONSOLE_NONE) && !consoles.line_count && !consoles.have_screen;
}

static void name_missing(const struct option_console *wanted)
{
    static const char *const what[] = {
        [CONSOLE_SPCR] = "ACPI's SPCR names no serial port that answers",
        [CONSOLE_PCI] = "no serial card on PCI answers",
        [CONSOLE_FB] = "the boot loader reports no screen",
        [CONSOLE_TEXT] = "the boot loader reports no screen",
    };
    if (wanted->kind == CONSOLE_PORT)
        log_warn("console: nothing answers at port 0x%x, which console= names", wanted->port);
    else
        log_warn("console: %s, and console= names it", what[wanted->kind]);
}

static bool add_wanted(const struct option_console *wanted, const struct acpi_info *acpi)
{
    switch (wanted->kind) {
    case CONSOLE_PORT:
        return add_port(wanted->port, wanted->baud);
    case CONSOLE_SPCR:
        return add_spcr(&acpi->serial, wanted->baud);
    case CONSOLE_PCI:
        return add_pci(wanted->baud);
    case CONSOLE_FB:
    case CONSOLE_TEXT:
        return add_screen();
    default:
        return true;
    }
}

static void add_all_wanted(bool ports, const struct acpi_info *acpi)
{
    for (unsigned i = 0; i < options->console_count; i++) {
        const struct option_console *wanted = &options->console[i];
        if ((wanted->kind == CONSOLE_PORT) == ports && !add_wanted(wanted, acpi))
            name_missing(wanted);
    }
}

void consoles_start(const struct options *known_options, const struct boot_fb *known_screen)
{
    options = known_options;
    screen = known_screen;
    add_all_wanted(true, NULL);
    if (!names_screen() && !names(CONSOLE_SPCR) && !names(CONSOLE_PCI)) /* they may yet come */
        choose_defaults();
    if (defaults)
        add_first_com();
}

/* SPCR's port, or a card's if nothing else answered, and the screen. */
static void add_default(const struct acpi_info *acpi)
{
    if (!consoles.line_count)
        add_first_com();
    add_spcr(&acpi->serial, 0);
    if (!consoles.line_count)
        add_pci(0);
    add_screen();
}

void consoles_more(const struct acpi_info *acpi)
{
    complete = true;
    add_all_wanted(false, acpi);
    choose_defaults();
    if (!defaults)
        return;
    if (options->console_count)
        log_warn("console: nothing that console= names is there; the usual consoles are used");
    add_default(acpi);
}

void consoles_last_chance(void)
{
    if (!options || complete)
        return;
    if (names_screen())
        add_screen();
    choose_defaults();
    if (defaults && !consoles.line_count)
        add_first_com();
    if (defaults)
        add_screen();
}

bool consoles_only_small(void)
{
    return !consoles.line_count && consoles.have_screen && screen->kind == BOOT_FB_TEXT;
}

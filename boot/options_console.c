/* SPDX-License-Identifier: MIT */
/*
 * The value of console=: a device, and for a serial one its rate.
 */
#include "boot/options.h"

#include "lib/string.h"

/* A rate that divides the 16550's 115200 exactly. */
static bool read_baud(const char *text, u32 *baud)
{
    u64 value;
    if (!str_number(text, strlen(text), &value) || value == 0 || value > 115200 || 115200 % value)
        return false;
    *baud = (u32)value;
    return true;
}

static bool read_port(const char *text, size_t length, u16 *port)
{
    u64 value;
    if (!str_number(text, length, &value) || value == 0 || value > 0xfff8)
        return false;
    *port = (u16)value;
    return true;
}

/* Whether [text, text + length) is `word`. */
static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

static bool read_device(const char *name, size_t length, struct option_console *console)
{
    static const struct {
        const char *name;
        struct option_console console;
    } devices[] = {
        {"com1", {CONSOLE_PORT, 0x3f8, 0}},
        {"com2", {CONSOLE_PORT, 0x2f8, 0}},
        {"com3", {CONSOLE_PORT, 0x3e8, 0}},
        {"com4", {CONSOLE_PORT, 0x2e8, 0}},
        {"spcr", {CONSOLE_SPCR, 0, 0}    },
        {"pci",  {CONSOLE_PCI, 0, 0}     },
        {"fb",   {CONSOLE_FB, 0, 0}      },
        {"text", {CONSOLE_TEXT, 0, 0}    },
        {"none", {CONSOLE_NONE, 0, 0}    },
    };
    for (unsigned i = 0; i < array_size(devices); i++) {
        if (is_word(name, length, devices[i].name)) {
            *console = devices[i].console;
            return true;
        }
    }
    *console = (struct option_console){.kind = CONSOLE_PORT};
    return length > 5 && str_starts(name, "port:") &&
           read_port(name + 5, length - 5, &console->port);
}

static bool is_serial(enum console_kind kind)
{
    return kind == CONSOLE_PORT || kind == CONSOLE_SPCR || kind == CONSOLE_PCI;
}

bool option_console_read(const char *text, struct option_console *console)
{
    const char *comma = strchr(text, ',');
    size_t length = comma ? (size_t)(comma - text) : strlen(text);

    if (!read_device(text, length, console))
        return false;
    return !comma || (is_serial(console->kind) && read_baud(comma + 1, &console->baud));
}

/* SPDX-License-Identifier: MIT */
#include "boot/monitor.h"

#include "arch/arch.h"
#include "arch/x86/percpu.h"
#include "boot/consoles.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/frame.h"

#define LOG_SHOWN (16 * KiB)

static bool leave;
static enum on_idle how;

static void show_log(void)
{
    char *tail = frame_memory(LOG_SHOWN);

    if (!tail) {
        log_raw("no memory to show it in");
        return;
    }
    log_tail(tail, LOG_SHOWN);
    for (char *line = tail, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = 0;
        log_raw("| %s", line);
    }
    frame_memory_free(tail, LOG_SHOWN);
}

static void show_memory(void)
{
    struct frame_stats stats = frame_stats();

    log_raw("%lu KiB, free %lu KiB, largest free block %lu KiB", stats.total / KiB,
            stats.free / KiB, stats.largest / KiB);
    for (unsigned order = 0; order < FRAME_ORDERS; order++)
        if (stats.taken[order])
            log_raw("%8lu blocks of %lu KiB handed out", stats.taken[order], 4ul << order);
}

static void show_cores(void)
{
    for (u32 i = 0; i < arch_core_count(); i++)
        log_raw("core %u: APIC id %u, %lu interrupts, %lu NMIs", i, cpus[i]->apic_id,
                cpus[i]->interrupts, cpus[i]->nmis);
}

static void reboot(void)
{
    leave = true;
    how = IDLE_REBOOT;
}

static void power_down(void)
{
    leave = true;
    how = IDLE_POWEROFF;
}

static void show_help(void);

static const struct {
    const char *word, *help;
    void (*run)(void);
} commands[] = {
    {"help",     "this list",                      show_help  },
    {"log",      "the log's last lines",           show_log   },
    {"memory",   "frames: total, free, taken",     show_memory},
    {"cores",    "the cores and their interrupts", show_cores },
    {"reboot",   "restart the machine",            reboot     },
    {"poweroff", "switch it off",                  power_down },
};

static void show_help(void)
{
    for (unsigned i = 0; i < array_size(commands); i++)
        log_raw("  %-10s %s", commands[i].word, commands[i].help);
}

static void obey(const char *line)
{
    for (unsigned i = 0; i < array_size(commands); i++) {
        if (strcmp(line, commands[i].word) == 0) {
            commands[i].run();
            return;
        }
    }
    if (*line)
        log_raw("\"%s\" is no command; these are:", line);
    show_help();
}

#define PROMPT "trivet> "

static size_t edit(char *line, size_t length, size_t size, int c)
{
    if ((c == 8 || c == 127) && length) {
        log_echo("\b \b");
        return length - 1;
    }
    if (c >= 32 && c < 127 && length + 1 < size) {
        log_echo((const char[]){(char)c, 0});
        line[length++] = (char)c;
    }
    return length;
}

/* Fills `line` up to the Enter key, showing what is typed; what does not fit is dropped. */
static void read_line(char *line, size_t size)
{
    size_t length = 0;
    int c;

    while (log_pump())
        spin_pause();
    log_echo(PROMPT);
    while ((c = consoles_read()) != '\r' && c != '\n') {
        length = edit(line, length, size, c);
        log_pump();
        spin_pause();
    }
    line[length] = 0;
}

/* The whole line is then written over its echo, so that the log has it too. */
enum on_idle monitor_run(void)
{
    char line[64];

    log_raw("Nothing is left to run. Type help for what can be done here.");
    for (leave = false; !leave;) {
        read_line(line, sizeof line);
        log_echo("\r");
        log_raw(PROMPT "%s", line);
        obey(line);
    }
    return how;
}

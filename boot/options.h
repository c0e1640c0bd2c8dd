/* SPDX-License-Identifier: MIT */
/*
 * Trivet's own command line as a struct. Pure. What is not understood is not ignored: each such
 * word gives a sentence with what was read and what would be right, and the default holds.
 */
#ifndef BOOT_OPTIONS_H
#define BOOT_OPTIONS_H

#include "lib/log.h"
#include "lib/types.h"

#define OPTIONS_TEXT_MAX     2048 /* the whole command line */
#define OPTIONS_CONSOLES_MAX 8
#define OPTIONS_PROBLEMS_MAX 16

enum console_kind {
    CONSOLE_NONE,
    CONSOLE_PORT, /* a 16550 at `port`; com1 to com4 are the PC's four */
    CONSOLE_SPCR, /* the one that ACPI's SPCR names */
    CONSOLE_PCI,
    CONSOLE_FB,
    CONSOLE_TEXT,
};

struct option_console {
    enum console_kind kind;
    u16 port; /* PORT */
    u32 baud; /* PORT, SPCR, PCI; 0: not said */
};

enum on_idle { IDLE_POWEROFF, IDLE_REBOOT, IDLE_HALT, IDLE_MONITOR };
enum engine_choice { ENGINE_AUTO, ENGINE_VMX, ENGINE_SVM };

struct options {
    struct option_console console[OPTIONS_CONSOLES_MAX];
    unsigned console_count; /* 0: every console that is found */
    enum log_level loglevel;
    u32 maxcpus; /* 0: all */
    enum on_idle on_idle;
    const char *attach; /* the machine whose console the person has from the start; NULL: none */
    bool preflight, selftest, bench, stats;
    bool x2apic; /* wished for, where the processor has it */
    enum engine_choice engine;
    const char *vmx, *svm;  /* lists like "-apicv,-vpid"; "" if none; the engine knows the names */
    const char *fail_entry; /* the machine whose first VM entry is to fail; NULL: none */
    const char *fail;       /* how the self-test is to fail on purpose; "" if it is not */

    char problem[OPTIONS_PROBLEMS_MAX][256];
    unsigned problem_count;
    unsigned problems_unlisted;  /* as many more that had no room */
    char text[OPTIONS_TEXT_MAX]; /* the words, each terminated */
};

/* Always leaves *options usable. Strings point into *options, so it must stay where it is. */
void options_parse(const char *cmdline, struct options *options);

/* "com1,115200" and the like; false if it is none of them. */
must_check bool option_console_read(const char *text, struct option_console *console);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What a vendor supplies. boot/main.c picks one engine, once, by CPUID; the rest of Trivet sees
 * only this.
 */
#ifndef CORE_ENGINE_H
#define CORE_ENGINE_H

#include "lib/types.h"

struct preflight;

struct engine {
    const char *name; /* as on the command line and in the event lines */

    /* True if this processor announces it at all; nothing is touched. */
    bool (*present)(void);

    /*
     * On the boot core, once: reads the capabilities, negotiates, fills the report. `wishes` is the
     * command line's list of what to leave out, "" if none. False: the report has the refusal.
     */
    bool (*preflight)(const char *wishes, struct preflight *report);

    /*
     * On each core, after a preflight that was ready. NULL, or why this core is to be left out. Off
     * undoes it, also on the way into a panic or power-off; harmless where it is not on.
     */
    const char *(*cpu_on)(void);
    void (*cpu_off)(void);
};

#endif

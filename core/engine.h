/* SPDX-License-Identifier: MIT */
/*
 * What a vendor supplies. boot/main.c picks one engine, once, by CPUID, and boot switches it on by
 * struct engine_start; the rest of Trivet sees only struct engine.
 */
#ifndef CORE_ENGINE_H
#define CORE_ENGINE_H

#include "mm/addr.h"

struct engine;
struct guest_start;
struct preflight;
struct vcpu;
struct vm;

/* Why enter came back. */
enum run_end {
    RUN_BLOCKED, /* halted, with nothing to deliver */
    RUN_LOOK,    /* attention, or the time that was given is over */
};

/* What only boot does with it; this and what it leads to goes when boot is over. */
struct engine_start {
    const struct engine *engine;

    /* True if this processor announces it at all; nothing is touched. */
    bool (*present)(void);

    /*
     * On the boot core, once: reads the capabilities, negotiates, fills the report. `wishes` is the
     * command line's list of what to leave out, "" if none. False: the report has the refusal.
     */
    bool (*preflight)(const char *wishes, struct preflight *report);

    /*
     * On each core, after a preflight that was ready. NULL, or why this core is to be left out,
     * which may stand in *scratch.
     */
    const char *(*cpu_on)(struct preflight *scratch);
};

struct engine {
    const char *name; /* as on the command line and in the event lines */

    /* Off again on this core, also on the way into a panic or power-off; harmless where it is not
     * on. */
    void (*cpu_off)(void);

    /*
     * A machine's second-level tables, from vm->piece, and its CPUID. NULL, or why not; destroy
     * undoes it, also halfway, when no vCPU is left.
     */
    const char *(*vm_create)(struct vm *vm);
    void (*vm_destroy)(struct vm *vm);

    /* Visits every host range that the guest can reach: for the proof that none of it is ours. */
    const char *(*vm_visit)(struct vm *vm, const char *(*visit)(void *with, hpa_t base, u64 size),
                            void *with);

    /* A vCPU of the machine, in the state of reset; NULL: no memory. Destroyed on the core it ran
     * on. */
    struct vcpu *(*vcpu_create)(struct vm *vm, u32 index);
    void (*vcpu_destroy)(struct vcpu *vcpu);
    /* Not while it is loaded; also once more, after its reset by another vCPU. */
    void (*vcpu_start)(struct vcpu *vcpu, const struct guest_start *start);

    /* This core goes over to a vCPU (the state that is not switched on each exit), or away from it.
     */
    void (*vcpu_load)(struct vcpu *vcpu);
    void (*vcpu_unload)(struct vcpu *vcpu);

    /*
     * Runs the loaded vCPU until `until` (ns of arch_now), or until it must look up; its devices
     * are run in between, by run_devices. Attention that was called before has been taken back:
     * enter looks for events whatever it says, and takes heed of what is called from then on.
     */
    enum run_end (*enter)(struct vcpu *vcpu, u64 until);

    /* The state of a loaded vCPU, on the log: in some forty lines, of which no two dumps mix. */
    void (*vcpu_dump)(struct vcpu *vcpu);

    const char *(*exit_name)(unsigned kind);
};

#endif

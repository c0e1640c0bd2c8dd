/* SPDX-License-Identifier: MIT */
/*
 * Bringing up cores: the boot core's own settings, then INIT-SIPI-SIPI for the others (SDM 3, 9.4).
 */
#ifndef ARCH_X86_SMP_H
#define ARCH_X86_SMP_H

#include "arch/x86/skew.h"
#include "lib/types.h"

/* First of all on the boot core, still on the loader's tables: GS, IDT, so that even early bugs are
 * explained. */
void cpu_init_boot(void);

/* The protections this processor has: WP, NXE, SMEP, SMAP, UMIP, PGE, PAT. NULL, or why Trivet
 * cannot run. */
const char *cpu_protect(void) must_check;
const char *cpu_protections(void); /* the names of those that are on */
extern bool cpu_nx_was_hidden;     /* until the boot core turned it on: on the others it still is */

/* After hostmap_init and apic_init: guarded stacks for the boot core; goes on in `next` on the new
 * stack. */
void cpu_move_to_own_stack(void (*next)(void)) no_return;

/* Starts the processors of these APIC ids (this one is skipped) until `limit` cores run; those that
 * stay silent are named and left out. Each runs `work` on its own stack and never returns from it.
 */
void smp_start(const u32 *apic_ids, u32 count, u32 limit, void (*work)(void));

/* One attempt on one id: false if it did not answer. Of the self-test's use: an id that is not
 * there. */
bool smp_start_one(u32 apic_id, void (*work)(void));

/* The end of starting cores: true if each that was called runs its work by now, so that none is, or
 * will come to be, in the code that starts cores; that code's page is given back. */
must_check bool smp_settle(void);

/*
 * Runs `what` on a core and waits until it is done; on this core at once. The others take calls
 * where they idle, by smp_take_call.
 */
void smp_call(u32 core, void (*what)(void *), void *with);
void smp_take_call(void);

/* The same in two steps, for another core: without waiting, and until it is done. */
void smp_post(u32 core, void (*what)(void *), void *with);
void smp_wait(u32 core);

/* Compares another core's TSC with the boot core's once more, here on the boot core, and corrects
 * that core's arch_now by it. Every core has had it once when it started. */
struct skew smp_compare_clock(u32 core);

#endif

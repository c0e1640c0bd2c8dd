/* SPDX-License-Identifier: MIT */
/*
 * Who runs where: the vCPUs of each core take turns. A vCPU alone on its core has it for itself: no
 * tick, no slice. A core without work sleeps until it is called.
 */
#ifndef CORE_RUN_H
#define CORE_RUN_H

#include "core/engine.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "lib/bits.h"

/* A turn, where more than one want the core; so long may a timer's interrupt be late for each
 * machine beside its own. */
#define RUN_SLICE_NS 3000000ull

/* Once: who enters guests, and what to do on the core of a machine's last vCPU when all have
 * stopped. */
void run_init(const struct engine *engine, void (*vm_over)(struct vm *vm));

/* Gives a vCPU to its core (vcpu->core), which it then keeps. From any core. */
void run_add(struct vcpu *vcpu);

/*
 * The vCPU's own time: when the devices that run on its core want to (shared ones run with vCPU 0);
 * and what runs those whose time has come `now`. For the engine, from within a run, too.
 */
static inline u64 run_device_time(const struct vcpu *vcpu)
{
    if (vcpu->index != 0)
        return vcpu->deadline;
    if (unlikely(__atomic_load_n(&vcpu->vm->input_waits, __ATOMIC_RELAXED)))
        return 0;
    return min_u64(vcpu->deadline, __atomic_load_n(&vcpu->vm->deadline, __ATOMIC_RELAXED));
}
void run_devices(struct vcpu *vcpu, u64 now);

/* This core was called, maybe not for the vCPU that runs on it: has it more to do than that? */
bool run_called(void);

/* Round the vCPUs of this core once: runs who can. False if there was nothing to do: then the core
 * may sleep until the time it armed, or a call. */
bool run_turn(void);

/* On core 0: `what` is called there at `when` (ns), once; one alarm at a time. */
void run_alarm(u64 when, void (*what)(void));

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A virtual processor as the core sees it: which machine's, on which core, and whether it can run.
 * What it is made of is the architecture's, whose struct begins with this one.
 */
#ifndef CORE_VCPU_H
#define CORE_VCPU_H

#include "core/stats.h"
#include "lib/types.h"

struct vm;

enum vcpu_state {
    VCPU_OFF,     /* waits for another vCPU to start it */
    VCPU_READY,   /* wants its core */
    VCPU_BLOCKED, /* halted until attention is called to it */
    VCPU_STOPPED, /* for good: its machine ends */
};

/* Why a running or blocked vCPU must look up. */
enum attention {
    ATTENTION_EVENT = 1 << 0,  /* an interrupt may have to be delivered, or no longer */
    ATTENTION_STOP = 1 << 1,   /* its machine ends */
    ATTENTION_TIME = 1 << 2,   /* a device of its own wants to run sooner, or later, than it did */
    ATTENTION_SIGNAL = 1 << 3, /* another vCPU resets or starts it */
    ATTENTION_TURN = 1 << 4,   /* another vCPU wants this core: its turn's end is no longer true */
};

struct vcpu {
    struct vm *vm;
    struct vcpu *next_on_core; /* a ring of those that share the core */
    u32 index;                 /* in its machine */
    u32 core;
    u32 attention; /* set from anywhere, atomically */
    u64 deadline;  /* when its own device, the interrupt controller, wants to run; DEV_NEVER */
    enum vcpu_state state;
    struct exit_stats stats;
};

/* From any core: sets the bits, and makes the vCPU look. */
void vcpu_call(struct vcpu *vcpu, u32 attention);

/* On its own core, for what its own exit or its own device does: it looks before it goes on. */
static inline void vcpu_note(struct vcpu *vcpu, u32 attention)
{
    __atomic_or_fetch(&vcpu->attention, attention, __ATOMIC_RELAXED);
}

#endif

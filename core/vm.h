/* SPDX-License-Identifier: MIT */
/*
 * A virtual machine: memory, buses, virtual processors, and how it ended. Knows no vendor and no
 * device.
 */
#ifndef CORE_VM_H
#define CORE_VM_H

#include "core/io_bus.h"
#include "core/manifest.h"
#include "core/pieces.h"
#include "core/vcpu.h"
#include "lib/lock.h"

#define VM_PIECES_MAX 64

enum vm_end {
    VM_END_NONE,
    VM_END_DEBUG_EXIT,   /* with a status */
    VM_END_POWER_OFF,    /* soft-off: status 0 */
    VM_END_RESET,        /* asked for by the guest */
    VM_END_TRIPLE_FAULT, /* shutdown, with the RIP where it was */
    VM_END_GUEST_ERROR,  /* something that no processor would go on from, in words */
};

struct guest_start;

struct vm {
    const struct vm_config *config;
    void *machine; /* the owner's: devices and wiring */
    void *engine;  /* the engine's: second-level tables, CPUID */

    struct vm_piece piece[VM_PIECES_MAX];
    unsigned piece_count;

    struct lock device_lock; /* over the buses, the devices and their host */
    struct io_bus ports, mmio;

    /* When the earliest shared device wants to run (DEV_NEVER: none), and what runs them, under the
     * device lock; and the vCPU's own. */
    u64 deadline;
    void (*expire)(struct vm *vm, u64 now);
    void (*expire_own)(struct vcpu *vcpu, u64 now);

    /* After ATTENTION_SIGNAL, on its core: what the vCPU starts from; NULL: it waits for another
     * signal. False: nothing has come of it. */
    bool (*signalled)(struct vcpu *vcpu, const struct guest_start **start);

    /* Somebody has typed for the machine, and what takes it. */
    bool input_waits;
    void (*input)(struct vm *vm);

    u64 held; /* its vCPUs wait until the consoles have taken the log up to here; 0: they do not */

    struct vcpu *vcpu[VM_CPUS_MAX];
    u32 vcpu_count;
    u32 vcpus_left; /* not stopped yet */

    u64 epoch; /* ns since 1970 when the guests' time was 0 */

    bool break_entry; /* for a test: its first vCPU's first entry is to fail */
    u64 bench_from; /* guests may print prices, and time counts from here (TSC); 0: they may not */

    enum vm_end end; /* the first that was said counts */
    u64 end_status, end_rip;
    u32 end_core; /* where it was said */
    bool shown;   /* the state of the vCPU that it was said for is on the log */
    char end_text[200];
};

/* Takes `size` bytes of zeroed memory for the machine. NULL, or why not. */
must_check const char *vm_take_memory(struct vm *vm, u64 size);
/* One more page of zeroes, where there is none. NULL, or why not. */
must_check const char *vm_take_page(struct vm *vm, gpa_t at);
void vm_give_memory(struct vm *vm);

/* Where `size` bytes of guest memory stand, if they are all in one piece; NULL. Whether any is
 * there. */
void *vm_at(const struct vm *vm, gpa_t at, u64 size);

static always_inline bool vm_has(const struct vm *vm, gpa_t at)
{
    return piece_of(vm->piece, vm->piece + vm->piece_count, at);
}

/* Across pieces. False, and nothing is done, if a byte of the range is not RAM. */
bool vm_read(const struct vm *vm, gpa_t from, void *to, u64 size);
bool vm_write(const struct vm *vm, gpa_t to, const void *from, u64 size);
bool vm_zero(const struct vm *vm, gpa_t to, u64 size);

/* The guests' time in ns: the host's. */
u64 vm_now(void);

/* Ends the machine, from any core, also from a device: its vCPUs stop as soon as they look up. */
void vm_stop(struct vm *vm, enum vm_end end, u64 status);
void vm_stop_text(struct vm *vm, const char *format, ...) printf_like(2, 3);

/* Its vCPUs run no further until log_taken() says so much. */
void vm_hold(struct vm *vm, u64 until_taken);

const char *vm_end_name(enum vm_end end);

#endif

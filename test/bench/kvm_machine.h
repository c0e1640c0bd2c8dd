/* SPDX-License-Identifier: MIT */
/*
 * A machine of KVM's, as much like Trivet's as it takes to run the guest: PIC, PIT and APICs in the
 * kernel, the rest in its devices. Whatever fails ends the program with a line that names it.
 */
#ifndef TEST_BENCH_KVM_MACHINE_H
#define TEST_BENCH_KVM_MACHINE_H

#include <linux/kvm.h>

#include "guests/load.h"
#include "test/bench/kvm_devices.h"

#define KVM_CPUS_MAX 2

struct kvm_cpu {
    unsigned index, processor; /* of its own, and of the host's that it runs on */
    int fd;
    struct kvm_run *run;
};

struct kvm_machine {
    /* To be set before it is made. */
    u64 size;    /* of its memory */
    bool ranges; /* which is, in parts, as guests/tiny/bench/devices.c wants it */
    unsigned cpus;
    const struct kvm_devices *devices;

    int kvm, vm;
    struct kvm_cpu cpu[KVM_CPUS_MAX];
    u8 *memory;
    unsigned long khz; /* of the guest's TSC */
};

no_return void fail(const char *format, ...) printf_like(1, 2);

/* An ioctl that must not fail. */
#define KVM_CALL(fd, request, argument) kvm_call(fd, #request, request, argument)
int kvm_call(int fd, const char *what, unsigned long request, void *argument);

void kvm_make(struct kvm_machine *m);

/* Loads the files as Trivet would (guests/load.h) and sets the registers so. */
void kvm_load(struct kvm_machine *m, struct guest_image kernel, struct guest_image initrd,
              const char *cmdline);

/* Until the guest ends itself. Only once a program: what other processors run goes on. */
void kvm_run(struct kvm_machine *m);

#endif

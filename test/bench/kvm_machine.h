/* SPDX-License-Identifier: MIT */
/*
 * A machine of KVM's with one processor, as much like Trivet's as it takes to run a tiny guest:
 * PIC, PIT and APICs in the kernel, the rest in test/bench/kvm_ports.c. Whatever fails ends the
 * program with a line that names it.
 */
#ifndef TEST_BENCH_KVM_MACHINE_H
#define TEST_BENCH_KVM_MACHINE_H

#include <linux/kvm.h>

#include "guests/load.h"

#define KVM_MEMORY (128 * MiB)

struct kvm_machine {
    int kvm, vm, vcpu;
    u8 *memory;
    struct kvm_run *run;
    unsigned long khz; /* of the guest's TSC */
};

no_return void fail(const char *format, ...) printf_like(1, 2);

void kvm_make(struct kvm_machine *m);

/* Loads the file as Trivet would (guests/load.h) and sets the registers so. */
void kvm_load(struct kvm_machine *m, struct guest_image kernel);

/* Until the guest ends itself; its status. */
unsigned kvm_run(struct kvm_machine *m);

#endif

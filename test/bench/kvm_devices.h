/* SPDX-License-Identifier: MIT */
/*
 * The devices that are not in the kernel. What a guest says is kept till the end: writing it out
 * would be measured.
 */
#ifndef TEST_BENCH_KVM_DEVICES_H
#define TEST_BENCH_KVM_DEVICES_H

#include "lib/types.h"

/* Both are false when the guest has ended itself. */
struct kvm_devices {
    bool (*port)(bool out, u16 port, u8 *data, u8 size, u32 count);
    bool (*memory)(bool write, u64 at, u8 *data, u32 size);
};

/* As little of each as a tiny guest needs: a serial port, ACPI's timer, port 0xf4. */
extern const struct kvm_devices tiny_devices;

/* Trivet's own models, as a PC that a Linux boots on; their lines are raised in machine `vm`. */
const struct kvm_devices *pc_devices(int vm, u64 memory);

/* What a guest said, and how it ended. */
void said_add(u8 byte);
const char *said_text(size_t *size);
void ended_set(unsigned status);
unsigned ended_status(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A machine's ports: one access each, under the device lock.
 */
#ifndef ARCH_X86_GUEST_PORT_H
#define ARCH_X86_GUEST_PORT_H

#include "core/vm.h"

static always_inline u64 port_read(struct vm *vm, u64 port, unsigned bytes)
{
    lock_take(&vm->device_lock);
    u64 value = io_bus_read(&vm->ports, port, bytes);
    lock_drop(&vm->device_lock);
    return value;
}

static always_inline void port_write(struct vm *vm, u64 port, unsigned bytes, u64 value)
{
    lock_take(&vm->device_lock);
    io_bus_write(&vm->ports, port, bytes, value);
    lock_drop(&vm->device_lock);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Stands in for arch/x86/port.h in a test that includes a driver's source: every port access
 * reaches the test's model of the machine. Include it before the source.
 */
#ifndef ARCH_X86_PORT_H
#define ARCH_X86_PORT_H

#include "lib/types.h"

static u32 model_read(u16 port, unsigned bytes);
static void model_write(u16 port, unsigned bytes, u32 value);

static inline u8 port_read8(u16 port)
{
    return (u8)model_read(port, 1);
}

static inline u16 port_read16(u16 port)
{
    return (u16)model_read(port, 2);
}

static inline u32 port_read32(u16 port)
{
    return model_read(port, 4);
}

static inline void port_write8(u16 port, u8 value)
{
    model_write(port, 1, value);
}

static inline void port_write16(u16 port, u16 value)
{
    model_write(port, 2, value);
}

static inline void port_write32(u16 port, u32 value)
{
    model_write(port, 4, value);
}

#endif

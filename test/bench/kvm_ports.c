/* SPDX-License-Identifier: MIT */
#include "test/bench/kvm_ports.h"

#include <string.h>
#include <time.h>

#define COM1       0x3f8u
#define PM_TIMER   0x608
#define DEBUG_EXIT 0xf4
#define PM_HZ      3579545ull

/* The UART's registers by offset (16550). */
enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCRATCH };
#define LCR_DLAB  0x80
#define LSR_EMPTY 0x60 /* the transmitter, always */
#define IIR_QUIET 0x01
#define MSR_LINES 0xb0
#define TEXT_ROOM 65536

static u8 registers[8];
static char text[TEXT_ROOM];
static size_t said;
static unsigned status;

static void uart_write(unsigned reg, u8 value)
{
    if (reg != DATA)
        registers[reg] = value;
    else if (!(registers[LCR] & LCR_DLAB) && said < TEXT_ROOM)
        text[said++] = (char)value;
}

static u8 uart_read(unsigned reg)
{
    switch (reg) {
    case DATA:
        return 0;
    case IIR:
        return IIR_QUIET;
    case LSR:
        return LSR_EMPTY;
    case MSR:
        return MSR_LINES;
    default:
        return registers[reg];
    }
}

static u32 pm_timer(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (u32)((u64)now.tv_sec * PM_HZ + (u64)now.tv_nsec * PM_HZ / 1000000000);
}

static void write_one(u16 port, const u8 *data)
{
    if (port - COM1 < 8)
        uart_write(port - COM1, data[0]);
}

static void read_one(u16 port, u8 *data, u8 size)
{
    u32 value = ~0u;

    if (port - COM1 < 8)
        value = uart_read(port - COM1);
    else if (port == PM_TIMER)
        value = pm_timer();
    memcpy(data, &value, size);
}

bool ports_access(bool out, u16 port, u8 *data, u8 size, u32 count)
{
    if (out && port == DEBUG_EXIT) {
        status = data[0];
        return false;
    }
    for (u32 i = 0; i < count; i++, data += size) {
        if (out)
            write_one(port, data);
        else
            read_one(port, data, size);
    }
    return true;
}

unsigned ports_status(void)
{
    return status;
}

const char *ports_text(size_t *size)
{
    *size = said;
    return text;
}

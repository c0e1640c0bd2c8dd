/* SPDX-License-Identifier: MIT */
#include "test/bench/kvm_devices.h"

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

void said_add(u8 byte)
{
    if (said < TEXT_ROOM)
        text[said++] = (char)byte;
}

const char *said_text(size_t *size)
{
    *size = said;
    return text;
}

void ended_set(unsigned value)
{
    status = value;
}

unsigned ended_status(void)
{
    return status;
}

static void uart_write(unsigned reg, u8 value)
{
    if (reg != DATA)
        registers[reg] = value;
    else if (!(registers[LCR] & LCR_DLAB))
        said_add(value);
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

static bool port(bool out, u16 number, u8 *data, u8 size, u32 count)
{
    if (out && number == DEBUG_EXIT) {
        ended_set(data[0]);
        return false;
    }
    for (u32 i = 0; i < count; i++, data += size) {
        if (out)
            write_one(number, data);
        else
            read_one(number, data, size);
    }
    return true;
}

/* Above its memory there is nothing. */
static bool memory(bool write, u64 at, u8 *data, u32 size)
{
    (void)at;
    if (!write)
        memset(data, 0xff, size);
    return true;
}

const struct kvm_devices tiny_devices = {port, memory};

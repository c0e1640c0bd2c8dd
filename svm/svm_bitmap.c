/* SPDX-License-Identifier: MIT */
#include "svm/svm_bitmap.h"

#include "arch/x86/guest.h"
#include "arch/x86/msr.h"
#include "lib/string.h"

/* 15.11: three ranges of 2000h registers, each in 2 KiB of two bits a register: read, write. */
#define RANGE_MSRS  0x2000u
#define RANGE_BYTES 0x800u

static const u32 ranges[] = {0x00000000, 0xc0000000, 0xc0010000};

/* Ports that guests use directly: only the POST code port, which old software writes to pass time.
 */
static const u16 open_ports[] = {0x80};

/*
 * What a guest may have elsewhere, but not here: EFER hides SVME, the time-stamp counter's offset
 * counts for RDTSC and RDTSCP only, and QEMU's TCG has one PAT for all.
 */
static const u32 never[] = {MSR_EFER, MSR_TSC, MSR_PAT};

static void put_bit(u8 *map, u32 bit, bool on)
{
    u8 mask = (u8)(1u << (bit % 8));
    map[bit / 8] = (u8)(on ? map[bit / 8] | mask : map[bit / 8] & ~mask);
}

void svm_bitmap_port(u8 *ports, u16 port, bool exits)
{
    put_bit(ports, port, exits);
}

/* The read's bit; the write's is the next. */
static bool msr_bit(u32 msr, u32 *bit)
{
    for (u32 i = 0; i < array_size(ranges); i++) {
        if (msr - ranges[i] < RANGE_MSRS) {
            *bit = i * RANGE_BYTES * 8 + (msr - ranges[i]) * 2;
            return true;
        }
    }
    return false;
}

bool svm_bitmap_msr(u8 *msrs, u32 msr, bool read_exits, bool write_exits)
{
    u32 bit;

    if (!msr_bit(msr, &bit))
        return false;
    put_bit(msrs, bit, read_exits);
    put_bit(msrs, bit + 1, write_exits);
    return true;
}

static void pass(void *msrs, u32 msr, bool read, bool write)
{
    for (unsigned i = 0; i < array_size(never); i++)
        if (msr == never[i])
            return;
    svm_bitmap_msr(msrs, msr, !read, !write);
}

void svm_bitmaps_fill(u8 *ports, u8 *msrs)
{
    memset(ports, 0xff, SVM_PORTS_SIZE);
    memset(msrs, 0xff, SVM_MSRS_SIZE);
    for (unsigned i = 0; i < array_size(open_ports); i++)
        svm_bitmap_port(ports, open_ports[i], false);
    guest_msr_passed(pass, msrs);
}

/* SPDX-License-Identifier: MIT */
/*
 * What a PC's firmware leaves in the clock's memory: the equipment, and RAM's size in three
 * shares, each as large as its two bytes can say. The bytes are those that Ralf Brown's CMOS
 * memory map lists for the AT, those above 4 GiB Bochs's and QEMU's.
 */
#include "drivers/emu/rtc.h"
#include "lib/bits.h"

enum {
    EQUIPMENT = 0x14,
    BASE_K = 0x15,          /* KiB below 640K */
    ABOVE_1M = 0x17,        /* KiB from 1M on */
    SUM_FIRST = 0x10,       /* the check sum's range */
    SUM_LAST = 0x2d,        /* */
    SUM = 0x2e,             /* high byte first, alone among these */
    ABOVE_1M_FOUND = 0x30,  /* as the memory test found it */
    ABOVE_16M = 0x34,       /* 64 KiB from 16M to 4G */
    ABOVE_4G = 0x5b,        /* 64 KiB, three bytes */
    EQUIPMENT_FPU = 1 << 1, /* no floppy disk, no display adapter but one with a BIOS */
};

static void put(struct rtc *rtc, unsigned at, u64 value, unsigned bytes)
{
    value = min_u64(value, MASK(8 * bytes - 1, 0));
    for (unsigned i = 0; i < bytes; i++)
        rtc->reg[at + i] = (u8)(value >> (8 * i));
}

static u64 above(u64 size, u64 from)
{
    return size > from ? size - from : 0;
}

void rtc_set_memory(struct rtc *rtc, u64 low, u64 high)
{
    u16 sum = 0;

    rtc->reg[EQUIPMENT] = EQUIPMENT_FPU;
    put(rtc, BASE_K, min_u64(low / KiB, 640), 2);
    put(rtc, ABOVE_1M, above(low, MiB) / KiB, 2);
    put(rtc, ABOVE_1M_FOUND, above(low, MiB) / KiB, 2);
    put(rtc, ABOVE_16M, above(low, 16 * MiB) / (64 * KiB), 2);
    put(rtc, ABOVE_4G, high / (64 * KiB), 3);
    for (unsigned i = SUM_FIRST; i <= SUM_LAST; i++)
        sum = (u16)(sum + rtc->reg[i]);
    rtc->reg[SUM] = (u8)(sum >> 8);
    rtc->reg[SUM + 1] = (u8)sum;
}

/* SPDX-License-Identifier: MIT */
/*
 * The PC's clock and its battery-backed memory: a Motorola MC146818A with 128 bytes behind an
 * index and a data port, the century in byte 0x32, and what a PC's firmware leaves in the memory
 * about the machine.
 *
 * Nothing ticks: each access brings the time, and the registers are brought up to it. A deadline
 * stands only while an enabled interrupt is to come, and none while the line is up: the guest
 * reads register C before it can see another. Interrupts that came due meanwhile are one.
 *
 * Of the divider's settings, 0 to 2 all run at a 32,768 Hz crystal's pace, 3 to 7 all hold it.
 * Left out: daylight saving and the square wave output.
 */
#ifndef DRIVERS_EMU_RTC_H
#define DRIVERS_EMU_RTC_H

#include "drivers/emu/dev.h"
#include "drivers/emu/rtc_time.h"

#define RTC_PORTS 2 /* index, data */

struct rtc {
    struct device dev;
    unsigned irq;
    bool line; /* as last told */
    u8 index;
    u64 phase;   /* guest ns (modulo 2^64) when the divider began its first second */
    u64 updates; /* seconds since then that the registers know of */
    u64 periods; /* periods since then that flag PF knows of */
    u8 reg[RTC_BYTES];
};

/* `wall` is the time of day in seconds since 1970, UTC, at the guest's time 0. */
void rtc_init(struct rtc *rtc, const struct dev_host *host, unsigned irq, u64 wall);

/* What a PC's firmware says about RAM: bytes from address 0 on, and from 4 GiB on. */
void rtc_set_memory(struct rtc *rtc, u64 low, u64 high);

#endif

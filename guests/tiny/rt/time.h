/* SPDX-License-Identifier: MIT */
/*
 * Time: the 8254 at 1.193182 MHz is the clock that a guest knows, the TSC the one that it reads.
 */
#ifndef TINY_TIME_H
#define TINY_TIME_H

#include "guests/tiny/rt/cpu.h"

#define PIT_HZ 1193182ull

/* TSC ticks a second, measured once against counter 2. */
u64 tsc_hz(void);

/* TSC ticks that so many PIT ticks, or so much time, take. */
u64 pit_to_tsc(u64 pit_ticks);
u64 us_to_tsc(u64 us);
void wait_us(u64 us);

/* |value - expected| within so many percent of expected. */
bool within(u64 value, u64 expected, unsigned percent);

/* Spins until the condition holds or so many milliseconds have passed; whether it holds. */
#define wait_for(condition, ms)                                                                    \
    ({                                                                                             \
        u64 end_ = rdtsc() + us_to_tsc((ms)*1000ull);                                              \
        bool held_;                                                                                \
        while (!(held_ = (condition)) && rdtsc() < end_)                                           \
            pause();                                                                               \
        held_;                                                                                     \
    })

/* A counter (0 to 2) into a mode (0 to 5), low and high byte, binary; 0 counts 65536. */
void pit_set(unsigned counter, unsigned mode, u16 count);
void pit_control(unsigned counter, unsigned mode);
void pit_count(unsigned counter, u16 count);
u16 pit_latch(unsigned counter); /* counter latch command, then both bytes */
u8 pit_status(unsigned counter); /* read-back of the status: OUT, null count, access, mode, BCD */
void pit2_gate(bool on);         /* port 0x61 bit 0 */
bool pit2_out(void);             /* port 0x61 bit 5 */

/* TSC when counter 2's output becomes this level; 0 after 200 ms without. */
u64 pit2_edge(bool level);

#endif

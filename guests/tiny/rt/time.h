/* SPDX-License-Identifier: MIT */
/*
 * Time: the 8254 at 1.193182 MHz is the clock that a guest knows, the TSC the one that it reads.
 */
#ifndef TINY_TIME_H
#define TINY_TIME_H

#include "guests/tiny/rt/cpu.h"

#define PIT_HZ 1193182ull

/* TSC ticks a second: as the hypervisor says, or measured once against counter 2. */
u64 tsc_hz(void);

/* TSC ticks that so many PIT ticks, or so much time, take. */
u64 pit_to_tsc(u64 pit_ticks);
u64 us_to_tsc(u64 us);
void wait_us(u64 us);

/*
 * A span of time that a guest cannot see the end of: it was not over after `least`, since the guest
 * ran then and saw it go on, and over after `most`.
 */
struct took {
    u64 least, most;
};
#define LOST ((struct took){~0ull, ~0ull}) /* one whose end a pause has hidden */

/*
 * Whatever pauses the guest (another machine's turn, an emulator that its host has put aside) makes
 * `most` longer and `least` no longer, which makes what is said here true of any machine, however
 * busy, and sharp on one that is not. It is measured until it is sharp, or twenty times: never may
 * `most` be shorter than so many PIT ticks, by more than one in a hundred; and once at least
 * `least` must be no more than a tenth longer.
 */
#define MEASURES 20
#define check_lasts(measure, pit_ticks, what)                                                      \
    do {                                                                                           \
        u64 due_ = pit_to_tsc(pit_ticks), tenth_ = due_ / 10;                                      \
        struct took best_ = LOST;                                                                  \
        for (unsigned i_ = 0; i_ < MEASURES && best_.most > due_ + tenth_; i_++) {                 \
            struct took took_ = (measure);                                                         \
            best_.most = took_.most < best_.most ? took_.most : best_.most;                        \
            best_.least = took_.least < best_.least ? took_.least : best_.least;                   \
        }                                                                                          \
        check(best_.most >= due_ - tenth_ / 10 && best_.least <= due_ + tenth_,                    \
              "%s: %lu to %lu ticks of TSC at best, not %lu", what, best_.least, best_.most,       \
              due_);                                                                               \
    } while (0)

/* Whether a counter can have gone by so many ticks in at least and at most so long a time. */
bool counted(u64 pit_ticks, u64 least_tsc, u64 most_tsc);

/* |value - expected| within so many percent of expected. */
bool within(u64 value, u64 expected, unsigned percent);

/* Spins until the condition holds or so many milliseconds have passed; whether it holds. */
#define wait_for(condition, ms)                                                                    \
    ({                                                                                             \
        u64 end_ = rdtsc() + us_to_tsc((ms)*1000ull);                                              \
        bool held_;                                                                                \
        while (!(held_ = (condition)) && rdtsc() < end_)                                           \
            pause();                                                                               \
        held_ || (condition); /* which a pause may have hidden */                                  \
    })

/* A counter (0 to 2) into a mode (0 to 5), low and high byte, binary; 0 counts 65536. */
void pit_set(unsigned counter, unsigned mode, u16 count);
void pit_control(unsigned counter, unsigned mode);
void pit_count(unsigned counter, u16 count);

/* Counter 0 into a mode, its count still to come: OUT may rise by that, and its interrupt is taken.
 */
void pit0_prepare(unsigned mode);
u16 pit_latch(unsigned counter); /* counter latch command, then both bytes */
u8 pit_status(unsigned counter); /* read-back of the status: OUT, null count, access, mode, BCD */
void pit2_gate(bool on);         /* port 0x61 bit 0 */
bool pit2_out(void);             /* port 0x61 bit 5 */

/*
 * Waits until counter 2's output has this level. The TSC then, 0 after very long without; or as a
 * time since `start`.
 */
u64 pit2_edge(bool level);
struct took pit2_took(bool level, u64 start);

#endif

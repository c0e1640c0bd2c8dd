/* SPDX-License-Identifier: MIT */
/*
 * Time: the 8254 at 1.193182 MHz is the clock that a guest knows, the TSC the one that it reads.
 */
#ifndef TINY_TIME_H
#define TINY_TIME_H

#include "guests/tiny/rt/cpu.h"

#define PIT_HZ 1193182ull

/* TSC ticks a second: as Trivet says, or measured once against counter 2. */
u64 tsc_hz(void);

/* TSC ticks that so many PIT ticks, or so much time, take. */
u64 pit_to_tsc(u64 pit_ticks);
u64 us_to_tsc(u64 us);
void wait_us(u64 us);

/*
 * Whatever pauses the guest (another machine's turn, an emulator that its host has put aside) can
 * only lengthen what is measured from before the cause to behind the effect. So it is measured up to
 * thirty times: none may be shorter than so many PIT ticks, by more than one in a hundred, and one
 * at least must be no more than a tenth longer.
 */
#define MEASURES 30
#define check_lasts(measure, pit_ticks, what)                                                      \
    do {                                                                                           \
        u64 due_ = pit_to_tsc(pit_ticks), least_ = ~0ull;                                          \
        for (unsigned i_ = 0; i_ < MEASURES && least_ > due_ + due_ / 10; i_++) {                  \
            u64 took_ = (measure);                                                                 \
            least_ = took_ < least_ ? took_ : least_;                                              \
        }                                                                                          \
        check(least_ >= due_ - due_ / 100 && least_ <= due_ + due_ / 10,                           \
              "%s: %lu ticks of TSC at best, not %lu", what, least_, due_);                        \
    } while (0)
#define LOST ~0ull /* a measure whose moment a pause has hidden */

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
u16 pit_latch(unsigned counter); /* counter latch command, then both bytes */
u8 pit_status(unsigned counter); /* read-back of the status: OUT, null count, access, mode, BCD */
void pit2_gate(bool on);         /* port 0x61 bit 0 */
bool pit2_out(void);             /* port 0x61 bit 5 */

/*
 * Waits until counter 2's output has this level: the TSC behind it, and in *after, which may be
 * NULL, the TSC before it was last seen otherwise. 0 after very long without.
 */
u64 pit2_edge(bool level);
u64 pit2_edge_after(bool level, u64 *after);

#endif

/* SPDX-License-Identifier: MIT */
/* The PIT's registers: latches hold, read-back of status and count, null count, byte-wise access,
 * BCD. */
#include "guests/tiny/rt/tiny.h"

/* True: no pause was so long that the count has come round. */
static bool latches(void)
{
    pit_set(2, 2, 0);
    wait_us(100);
    u64 before = rdtsc();
    outb(0x43, 0x80);
    u64 latched = rdtsc();
    wait_us(2000);
    u64 from = rdtsc();
    outb(0x43, 0x80); /* ignored: not yet read */
    u8 low = inb(0x42), high = inb(0x42);
    u16 then = (u16)(low | high << 8), now = pit_latch(2);
    u64 at = rdtsc();
    if (at - before >= pit_to_tsc(65536))
        return false;
    check(counted((u16)(then - now), from - latched, at - before), "latched %u, %lu us later %u",
          then, (at - before) * 1000000 / tsc_hz(), now);
    return true;
}

static void status(void)
{
    for (unsigned mode = 0; mode < 6; mode++) {
        pit_control(2, mode);
        u8 s = pit_status(2);
        check((s & 0x3f) == (0x30 | mode << 1), "mode %u: status %x", mode, s);
        check(s & 0x40, "mode %u: no null count before a count", mode);
        check((s >> 7 & 1) == (mode != 0), "mode %u: OUT %u", mode, s >> 7);
    }
    pit_set(2, 2, 5000);
    wait_us(100);
    check(!(pit_status(2) & 0x40), "null count while it counts");
    outb(0x43, 0xc8); /* both: status comes first */
    u8 s = inb(0x42);
    u8 low = inb(0x42), high = inb(0x42);
    check((s & 0x3f) == 0x34, "status %x", s);
    check((low | high << 8) <= 5000, "count %u", low | high << 8);
}

static void access(void)
{
    outb(0x43, 0x94); /* counter 2, low byte, mode 2 */
    outb(0x42, 200);
    wait_us(100);
    u8 least = 255, most = 0;
    for (unsigned i = 0; i < 100000 && (i < 1000 || most <= 100); i++) {
        u8 now = inb(0x42);
        least = now < least ? now : least;
        most = now > most ? now : most;
    }
    check(least >= 1 && most <= 200 && most > 100, "low byte: %u to %u", least, most);
    outb(0x43, 0xa4); /* high byte */
    outb(0x42, 0x10);
    wait_us(100);
    check(inb(0x42) <= 0x10, "high byte: %x", inb(0x42));
}

static void decimal(void)
{
    outb(0x43, 0xb5); /* low and high, mode 2, BCD */
    outb(0x42, 0x00);
    outb(0x42, 0x50);
    wait_us(500);
    bool digits = true, large = false;
    for (u64 end = rdtsc() + us_to_tsc(5000); rdtsc() < end;) {
        u16 now = pit_latch(2);
        for (unsigned shift = 0; shift < 16; shift += 4)
            digits = digits && (now >> shift & 15) < 10;
        large = large || now > 0x5000;
    }
    check(digits, "BCD counts have other digits");
    check(!large, "BCD counts above 5000");
}

TINY(pit_readback)
{
    tsc_hz();
    pit2_gate(true);
    unsigned tries = 0;
    while (tries++ < MEASURES && !latches())
        ;
    check(tries <= MEASURES, "the latch could not be watched");
    status();
    access();
    decimal();
}

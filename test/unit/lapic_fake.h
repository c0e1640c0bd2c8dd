/* SPDX-License-Identifier: MIT */
/*
 * A machine for one local APIC, in a test: time is what the test sets, the guest's TSC runs at
 * 3 GHz, and all that the APIC says is written down.
 */
#ifndef TEST_UNIT_LAPIC_FAKE_H
#define TEST_UNIT_LAPIC_FAKE_H

#include "drivers/emu/lapic.h"

struct fake_lapic {
    struct lapic l;
    struct lapic_host host;
    u8 page[4096] aligned(4096);
    u64 now, tsc_offset;
    u64 tsc_time_early; /* ns by which tsc_time is wrong */
    unsigned timer_calls, eois, nmis, sent;
    u8 eoi;                       /* the last */
    struct lapic_message message; /* the last */
};

static u64 fake_lapic_now(void *ctx)
{
    return ((struct fake_lapic *)ctx)->now;
}

static u64 fake_lapic_tsc(void *ctx)
{
    struct fake_lapic *fake = ctx;
    return fake->now * 3 + fake->tsc_offset;
}

static u64 fake_lapic_tsc_time(void *ctx, u64 tsc)
{
    struct fake_lapic *fake = ctx;
    u64 ticks = tsc > fake->tsc_offset ? tsc - fake->tsc_offset : 0;
    return ticks > 1ull << 62 ? LAPIC_NEVER : (ticks + 2) / 3 - fake->tsc_time_early;
}

static void fake_lapic_timer(void *ctx)
{
    ((struct fake_lapic *)ctx)->timer_calls++;
}

static void fake_lapic_ipi(void *ctx, const struct lapic_message *m)
{
    struct fake_lapic *fake = ctx;
    fake->message = *m;
    fake->sent++;
}

static void fake_lapic_eoi(void *ctx, u8 vector)
{
    struct fake_lapic *fake = ctx;
    fake->eoi = vector;
    fake->eois++;
}

static void fake_lapic_nmi(void *ctx)
{
    ((struct fake_lapic *)ctx)->nmis++;
}

/* After power-on: xAPIC mode, disabled by software. */
static inline void fake_lapic_init(struct fake_lapic *fake, u32 id, bool bsp)
{
    *fake = (struct fake_lapic){
        .host = {fake, fake_lapic_now, fake_lapic_tsc, fake_lapic_tsc_time, fake_lapic_timer,
                 fake_lapic_ipi, fake_lapic_eoi, fake_lapic_nmi},
        .now = 1000000,
    };
    lapic_init(&fake->l, fake->page, &fake->host, id, bsp);
}

static inline void fake_lapic_enable(struct fake_lapic *fake)
{
    lapic_write(&fake->l, LAPIC_SVR, 0x1ff);
}

/* Lets time pass as a punctual machine does: every deadline on the way is met. */
static inline void fake_lapic_run(struct fake_lapic *fake, u64 until)
{
    while (fake->l.deadline <= until) {
        if (fake->l.deadline > fake->now)
            fake->now = fake->l.deadline;
        lapic_expire(&fake->l, fake->now);
    }
    fake->now = until;
}

/* What the processor takes now, acknowledged; or -1. */
static inline int fake_lapic_take(struct fake_lapic *fake)
{
    int vector = lapic_pending(&fake->l);
    if (vector >= 0)
        lapic_ack(&fake->l, (u8)vector);
    return vector;
}

#endif

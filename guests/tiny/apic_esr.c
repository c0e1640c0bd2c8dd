/* SPDX-License-Identifier: MIT */
/*
 * The error register: illegal vectors sent and received, and registers that are none; shown by the
 * next write and not before; and one error interrupt until then (SDM 3, 11.5.3).
 */
#include "guests/tiny/rt/apic.h"

#define VECTOR       0x58
#define SEND_ILLEGAL 0x20u
#define RECV_ILLEGAL 0x40u
#define REG_ILLEGAL  0x80u

static u32 errors(void)
{
    apic_write(APIC_ESR, 0);
    return apic_read(APIC_ESR);
}

static void send_illegal(void)
{
    apic_icr(0, ICR_SELF | ICR_ASSERT | 3);
}

static void sent(const char *mode)
{
    static const u32 icr[] = {ICR_SELF, ICR_ALL, ICR_OTHERS, 0, ICR_LOGICAL, ICR_LOWEST};

    for (unsigned i = 0; i < array_size(icr); i++) {
        for (u32 vector = 0; vector < 16; vector++) {
            apic_icr(0, icr[i] | ICR_ASSERT | vector);
            check(apic_read(APIC_ESR) == 0, "%s: ESR %x before it is written", mode,
                  apic_read(APIC_ESR));
            u32 esr = errors();
            check(esr & SEND_ILLEGAL, "%s: ICR %x and vector %u: ESR %x", mode, icr[i], vector,
                  esr);
            check(errors() == 0, "%s: it stays", mode);
        }
    }
    apic_icr(0, ICR_SELF | ICR_ASSERT | VECTOR);
    check(errors() == 0, "%s: a legal one is an error", mode);
    irq_window();
    if (apic_x2()) {
        wrmsr(0x83f, 7);
        check(errors() & SEND_ILLEGAL, "SELF IPI 7 is none");
    }
}

/* An LVT entry's vector is received when it fires. */
static void received(const char *mode)
{
    apic_write(APIC_LVT_TIMER, 9);
    errors();
    apic_write(APIC_DIVIDE, TIMER_BY_1);
    apic_write(APIC_INITIAL, 1000);
    wait_us(200);
    u32 esr = errors();
    check(esr & RECV_ILLEGAL, "%s: the timer's vector 9: ESR %x", mode, esr);
    check(!apic_bit(APIC_IRR, 9), "%s: vector 9 waits", mode);
    apic_write(APIC_LVT_TIMER, LVT_MASKED);
    errors();
}

/* By MSR they are #GP. */
static void registers(void)
{
    for (u32 at = 0; at < 0x20; at += 16) {
        errors();
        *(volatile u32 *)(APIC_PAGE + at);
        check(errors() & REG_ILLEGAL, "reading %x is no error", at);
        *(volatile u32 *)(APIC_PAGE + at) = 1;
        check(errors() & REG_ILLEGAL, "writing %x is no error", at);
    }
    apic_read(APIC_VERSION);
    check(errors() == 0, "reading the version is an error");
}

static void told(const char *mode)
{
    apic_count(VECTOR);
    apic_write(APIC_LVT_ERROR, VECTOR);
    errors();
    for (unsigned round = 1; round <= 3; round++) {
        send_illegal();
        irq_window();
        send_illegal();
        irq_window();
        check(apic_seen_here(VECTOR) == round, "%s: %u error interrupts in round %u", mode,
              apic_seen_here(VECTOR), round);
        check(errors() == SEND_ILLEGAL, "%s: and no error", mode);
    }
    apic_write(APIC_LVT_ERROR, LVT_MASKED | VECTOR);
    send_illegal();
    irq_window();
    check(apic_seen_here(VECTOR) == 3, "%s: one though masked", mode);
    apic_write(APIC_LVT_ERROR, 4); /* an error in telling of an error: no end of it may come */
    errors();
    send_illegal();
    check(errors() & SEND_ILLEGAL, "%s: with an illegal vector to tell", mode);
    apic_write(APIC_LVT_ERROR, LVT_MASKED);
    errors();
}

static void all(const char *mode)
{
    apic_count(VECTOR);
    sent(mode);
    received(mode);
    if (!apic_x2())
        registers();
    told(mode);
}

TINY(apic_esr)
{
    tsc_hz();
    apic_both(all);
}

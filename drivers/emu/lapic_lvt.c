/* SPDX-License-Identifier: MIT */
/* The local vector table, the LINT pins and the error register. SDM 3, 11.5.1 and 11.5.3. */
#include "drivers/emu/lapic.h"
#include "drivers/emu/lapic_impl.h"
#include "lib/bits.h"

static enum apic_mode mode_of(u32 lvt)
{
    return lvt >> LAPIC_LVT_MODE_SHIFT & 7;
}

void lapic_lvt_reset(struct lapic *l)
{
    for (u32 at = LAPIC_LVT_TIMER; at <= LAPIC_LVT_ERROR; at += 16)
        *lapic_at(l, at) = LAPIC_LVT_MASKED;
    l->remote_irr = false;
    l->esr = 0;
    l->error_told = false;
}

/* Fixed and level-triggered, at LINT0 alone: the manual has LINT1 always edge-triggered. */
static bool by_level(unsigned pin, u32 lvt)
{
    return pin == 0 && mode_of(lvt) == APIC_FIXED && (lvt & LAPIC_LVT_LEVEL);
}

/* LINT0 asks again and again as long as it is asserted, once an EOI. */
static void poll_lint0(struct lapic *l)
{
    u32 *lvt = lapic_at(l, LAPIC_LVT_LINT0);

    if (!by_level(0, *lvt))
        l->remote_irr = false;
    else if (l->lint[0] && !l->remote_irr && !(*lvt & LAPIC_LVT_MASKED)) {
        l->remote_irr = (*lvt & 0xff) >= 16;
        lapic_request_level(l, (u8)*lvt);
    }
    *lvt = (*lvt & ~LAPIC_LVT_REMOTE_IRR) | (l->remote_irr ? LAPIC_LVT_REMOTE_IRR : 0);
}

void lapic_lint_ended(struct lapic *l, u8 vector)
{
    if (!l->remote_irr || (u8)*lapic_at(l, LAPIC_LVT_LINT0) != vector)
        return;
    l->remote_irr = false;
    poll_lint0(l);
}

static void deliver(struct lapic *l, u32 lvt)
{
    if (lvt & LAPIC_LVT_MASKED)
        return;
    if (mode_of(lvt) == APIC_FIXED)
        lapic_request(l, (u8)lvt);
    else if (mode_of(lvt) == APIC_NMI)
        l->host->nmi(l->host->ctx);
}

void lapic_lint(struct lapic *l, unsigned pin, bool level)
{
    if (pin > 1)
        return;
    u32 lvt = *lapic_at(l, LAPIC_LVT_LINT0 + pin * 16);
    bool rises = level && !l->lint[pin];

    l->lint[pin] = level;
    if (!(l->shared & LAPIC_ON)) {
        if (pin == 1 && rises)
            l->host->nmi(l->host->ctx); /* 11.4.3: the pin is the processor's */
    } else if (by_level(pin, lvt)) {
        poll_lint0(l);
    } else if (rises) {
        deliver(l, lvt);
    }
}

/* While software has the APIC disabled no mask can be cleared: 11.4.7.2. */
void lapic_lvt_write(struct lapic *l, u32 offset, u32 value)
{
    if (!(l->shared & LAPIC_SOFTWARE))
        value |= LAPIC_LVT_MASKED;
    if (offset == LAPIC_LVT_TIMER) {
        lapic_timer_set_lvt(l, value);
        return;
    }
    *lapic_at(l, offset) = value;
    if (offset == LAPIC_LVT_LINT0)
        poll_lint0(l);
}

void lapic_lvt_mask_all(struct lapic *l)
{
    for (u32 at = LAPIC_LVT_TIMER; at <= LAPIC_LVT_ERROR; at += 16)
        lapic_lvt_write(l, at, *lapic_at(l, at) | LAPIC_LVT_MASKED);
}

/* One interrupt until ESR is written again, whose vector may be an error itself. */
void lapic_error(struct lapic *l, u32 error)
{
    u32 lvt = *lapic_at(l, LAPIC_LVT_ERROR);

    l->esr |= (u8)error;
    if (l->error_told || (lvt & LAPIC_LVT_MASKED))
        return;
    l->error_told = true;
    lapic_request(l, (u8)lvt);
}

/* A write, of whatever, shows what has happened since the one before. */
void lapic_esr_write(struct lapic *l)
{
    *lapic_at(l, LAPIC_ESR) = l->esr;
    l->esr = 0;
    l->error_told = false;
}

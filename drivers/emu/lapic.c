/* SPDX-License-Identifier: MIT */
#include "drivers/emu/lapic.h"

#include "drivers/emu/lapic_impl.h"
#include "lib/bits.h"
#include "lib/fmt.h"
#include "lib/string.h"

#define MODES (LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC)

/* 11.12.10.2: sixteen ids are a cluster. */
static u32 x2_ldr(u32 id)
{
    return (id >> 4) << 16 | 1u << (id & 15);
}

/* Only the owner writes; the others must not see a half of it. */
void lapic_set_shared(struct lapic *l, u32 clear, u32 set)
{
    __atomic_store_n(&l->shared, (l->shared & ~clear) | set, __ATOMIC_RELAXED);
}

/* What differs between the modes: 11.12.5.1. Of ICR only x2APIC has the second word at 0x304. */
static void enter_mode(struct lapic *l)
{
    bool x2 = l->shared & LAPIC_X2;

    *lapic_at(l, LAPIC_ID) = x2 ? l->id : l->id << 24;
    *lapic_at(l, LAPIC_LDR) = x2 ? x2_ldr(l->id) : 0;
    *lapic_at(l, LAPIC_ICR_HIGH) = 0;
}

/* 11.4.7.1, in the mode that `shared` says; the pins' levels are the world's and stay. */
static void clear(struct lapic *l)
{
    lapic_set_shared(l, LAPIC_SOFTWARE, 0);
    memset(l->regs, 0, LAPIC_END);
    *lapic_at(l, LAPIC_VERSION) = LAPIC_VERSION_VALUE;
    *lapic_at(l, LAPIC_DFR) = ~0u;
    *lapic_at(l, LAPIC_SVR) = 0xff;
    enter_mode(l);
    lapic_forget(l);
    lapic_lvt_reset(l);
    lapic_timer_reset(l);
}

void lapic_reset(struct lapic *l)
{
    lapic_set_shared(l, LAPIC_X2, LAPIC_ON);
    clear(l);
}

/* An APIC that is off has no mode to keep and stays off. */
void lapic_init_signal(struct lapic *l)
{
    clear(l);
}

void lapic_init(struct lapic *l, void *page, const struct lapic_host *host, u32 id, bool bsp)
{
    memset(l, 0, sizeof *l);
    memset(page, 0, 4 * KiB);
    l->regs = page;
    l->host = host;
    l->id = id;
    l->bsp = bsp;
    l->has_x2apic = true;
    l->deadline = LAPIC_NEVER;
    lapic_reset(l);
}

u64 lapic_base(const struct lapic *l)
{
    return LAPIC_BASE | (l->bsp ? LAPIC_BASE_BSP : 0) |
           (l->shared & LAPIC_ON ? LAPIC_BASE_ENABLE : 0) |
           (l->shared & LAPIC_X2 ? LAPIC_BASE_X2APIC : 0);
}

/* Figure 11-27. From x2APIC mode only off, and to it only from xAPIC mode. */
static bool may_go(const struct lapic *l, u32 from, u32 to)
{
    if (to == from)
        return true;
    if (to & LAPIC_BASE_X2APIC)
        return l->has_x2apic && to == MODES && from == LAPIC_BASE_ENABLE;
    return !to || !from;
}

/* The BSP flag is what it is, whatever is written. */
bool lapic_set_base(struct lapic *l, u64 value)
{
    u32 from = (u32)lapic_base(l) & MODES, to = (u32)value & MODES;

    if ((value & ~(u64)(MODES | LAPIC_BASE_BSP)) != LAPIC_BASE || !may_go(l, from, to))
        return false;
    if (to == from)
        return true;
    lapic_set_shared(l, LAPIC_ON | LAPIC_X2,
                     (to & LAPIC_BASE_ENABLE ? LAPIC_ON : 0) |
                         (to & LAPIC_BASE_X2APIC ? LAPIC_X2 : 0));
    if (to == MODES)
        enter_mode(l);
    else
        clear(l); /* 11.4.3: what was there may be lost */
    return true;
}

/*
 * Another core's question: what is written in the meantime is in time or too late, as on a bus.
 * 11.6.2.2: flat and cluster model by DFR; in the cluster model 15 is every cluster.
 */
static bool accepts_set(const struct lapic *l, u32 dest, u32 shared)
{
    u32 ldr = __atomic_load_n(lapic_at(l, LAPIC_LDR), __ATOMIC_RELAXED) >> 24;
    u32 dfr = __atomic_load_n(lapic_at(l, LAPIC_DFR), __ATOMIC_RELAXED) >> 28;

    if (shared & LAPIC_X2) {
        ldr = x2_ldr(l->id);
        return ldr >> 16 == dest >> 16 && (ldr & dest & 0xffff);
    }
    if (dest > 0xff)
        return false;
    if (dfr == 0xf)
        return ldr & dest;
    return (ldr >> 4 == dest >> 4 || dest >> 4 == 0xf) && (ldr & dest & 0xf);
}

bool lapic_accepts(const struct lapic *l, u32 dest, bool logical)
{
    u32 shared = __atomic_load_n(&l->shared, __ATOMIC_RELAXED);

    if (!(shared & LAPIC_ON))
        return false;
    if (dest == APIC_EVERYONE)
        return true;
    return logical ? accepts_set(l, dest, shared) : dest == l->id;
}

size_t lapic_dump(const struct lapic *l, char *to, size_t size)
{
    return fmt_text(to, size,
                    "lapic %u: base %lx svr %03x tpr %02x ppr %02x irr %d isr %d esr %02x ldr %08x "
                    "lint %05x %05x timer %05x initial %u end %lu tsc %lu deadline %lu",
                    l->id, lapic_base(l), *lapic_at(l, LAPIC_SVR), lapic_tpr(l), lapic_priority(l),
                    l->irr_top, l->isr_top, l->esr, *lapic_at(l, LAPIC_LDR),
                    *lapic_at(l, LAPIC_LVT_LINT0), *lapic_at(l, LAPIC_LVT_LINT1), l->lvt_timer,
                    l->timer_initial, l->timer_end, l->tsc_deadline, l->deadline);
}

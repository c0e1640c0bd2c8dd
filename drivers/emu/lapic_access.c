/* SPDX-License-Identifier: MIT */
/*
 * A guest's reads and writes: SDM 3, table 11-1 for the page in memory, table 11-6 for the MSRs.
 * What is written is put into the page here or in the register's own file, never read from it, as
 * with APIC-register virtualization the processor has written it there already.
 */
#include "drivers/emu/lapic.h"
#include "drivers/emu/lapic_impl.h"

enum { MEM = 1, RDMSR = 2, WRMSR = 4, RO = MEM | RDMSR, WO = MEM | WRMSR, RW = RO | WRMSR };

#define LVT_MODE (7u << LAPIC_LVT_MODE_SHIFT)
#define LVT      (0xffu | LAPIC_LVT_MASKED)
#define LINT     (LVT | LVT_MODE | LAPIC_LVT_POLARITY | LAPIC_LVT_LEVEL)
#define LINT_RO  (LAPIC_LVT_STATUS | LAPIC_LVT_REMOTE_IRR)

struct access {
    u8 where;
    u32 bits, ignored;
};

#define ONE(name, where, bits, ignored) [LAPIC_##name / 16] = {where, bits, ignored}
#define EIGHT(name)                     [LAPIC_##name / 16 ... LAPIC_##name / 16 + 7] = {RO, 0, 0}

/*
 * `bits` can be written, `ignored` are read-only; the rest is reserved, which is ignored in memory
 * and #GP by MSR. APR and RRD read 0 and are no error (table 11-1, note 3). SVR bit 9, focus
 * checking, is kept for systems that set it as on older processors.
 */
static const struct access registers[LAPIC_END / 16] = {
    ONE(ID, RO, 0, 0),
    ONE(VERSION, RO, 0, 0),
    ONE(TPR, RW, 0xff, 0),
    ONE(APR, MEM, 0, 0),
    ONE(PPR, RO, 0, 0),
    ONE(EOI, WO, 0, 0),
    ONE(RRD, MEM, 0, 0),
    ONE(LDR, RO, 0xff000000, 0),
    ONE(DFR, MEM, 0xf0000000, 0),
    ONE(SVR, RW, 0x3ff, 0),
    EIGHT(ISR),
    EIGHT(TMR),
    EIGHT(IRR),
    ONE(ESR, RW, 0, 0),
    ONE(ICR, RW, 0x000ccfff, LAPIC_ICR_STATUS),
    ONE(ICR_HIGH, MEM, 0xff000000, 0),
    ONE(LVT_TIMER, RW, LVT | LAPIC_TIMER_MODE, LAPIC_LVT_STATUS),
    ONE(LVT_THERMAL, RW, LVT | LVT_MODE, LAPIC_LVT_STATUS),
    ONE(LVT_COUNTERS, RW, LVT | LVT_MODE, LAPIC_LVT_STATUS),
    ONE(LVT_LINT0, RW, LINT, LINT_RO),
    ONE(LVT_LINT1, RW, LINT, LINT_RO),
    ONE(LVT_ERROR, RW, LVT, LAPIC_LVT_STATUS),
    ONE(TIMER_INITIAL, RW, ~0u, 0),
    ONE(TIMER_CURRENT, RO, 0, 0),
    ONE(TIMER_DIVIDE, RW, 0xb, 0),
    ONE(SELF_IPI, WRMSR, 0xff, 0),
};

static bool in_memory(u32 offset)
{
    return offset < LAPIC_END && !(offset & 15) && (registers[offset / 16].where & MEM);
}

/* 11.9 and 11.4.7.2. */
static void write_svr(struct lapic *l, u32 value)
{
    bool on = value & LAPIC_SVR_ENABLE;

    *lapic_at(l, LAPIC_SVR) = value;
    lapic_set_shared(l, LAPIC_SOFTWARE, on ? LAPIC_SOFTWARE : 0);
    if (!on)
        lapic_lvt_mask_all(l);
}

static void write(struct lapic *l, u32 offset, u32 value)
{
    switch (offset) {
    case LAPIC_ID: /* not the guest's to change (11.4.6), but the processor may have done it */
        *lapic_at(l, offset) = l->id << 24;
        break;
    case LAPIC_TPR:
        lapic_set_tpr(l, (u8)value);
        break;
    case LAPIC_EOI:
        *lapic_at(l, offset) = 0;
        lapic_eoi(l);
        break;
    case LAPIC_LDR:
    case LAPIC_ICR_HIGH:
        *lapic_at(l, offset) = value;
        break;
    case LAPIC_DFR:
        *lapic_at(l, offset) = value | 0x0fffffff;
        break;
    case LAPIC_SVR:
        write_svr(l, value);
        break;
    case LAPIC_ESR:
        lapic_esr_write(l);
        break;
    case LAPIC_ICR:
        lapic_icr_write(l, value, *lapic_at(l, LAPIC_ICR_HIGH) >> 24);
        break;
    case LAPIC_LVT_TIMER:
    case LAPIC_LVT_THERMAL:
    case LAPIC_LVT_COUNTERS:
    case LAPIC_LVT_LINT0:
    case LAPIC_LVT_LINT1:
    case LAPIC_LVT_ERROR:
        lapic_lvt_write(l, offset, value);
        break;
    case LAPIC_TIMER_INITIAL:
        lapic_timer_set_initial(l, value);
        break;
    case LAPIC_TIMER_DIVIDE:
        lapic_timer_set_divide(l, value);
        break;
    case LAPIC_SELF_IPI:
        *lapic_at(l, offset) = 0;
        lapic_send_self(l, (u8)value);
        break;
    default: /* read-only */
        break;
    }
}

static u32 read(struct lapic *l, u32 offset)
{
    return offset == LAPIC_TIMER_CURRENT ? lapic_timer_current(l) : *lapic_at(l, offset);
}

/* An access sees what other processors have sent before it. */
static void catch_up(struct lapic *l)
{
    if (unlikely(lapic_has_posted(l)))
        lapic_merge(l);
}

u32 lapic_read(struct lapic *l, u32 offset)
{
    if (!lapic_in_memory(l))
        return ~0u;
    catch_up(l);
    if (in_memory(offset))
        return read(l, offset);
    lapic_error(l, LAPIC_ESR_REGISTER);
    return 0;
}

void lapic_write(struct lapic *l, u32 offset, u32 value)
{
    if (!lapic_in_memory(l))
        return;
    catch_up(l);
    if (in_memory(offset))
        write(l, offset, value & registers[offset / 16].bits);
    else
        lapic_error(l, LAPIC_ESR_REGISTER);
}

/* The offset of an MSR that may be so accessed, or LAPIC_END. */
static u32 offset_of(const struct lapic *l, u32 msr, u8 access)
{
    u32 offset = (msr - LAPIC_MSR) * 16;

    if (!(l->shared & LAPIC_X2) || msr < LAPIC_MSR || msr > LAPIC_MSR_LAST || offset >= LAPIC_END)
        return LAPIC_END;
    return registers[offset / 16].where & access ? offset : LAPIC_END;
}

bool lapic_rdmsr(struct lapic *l, u32 msr, u64 *value)
{
    u32 offset = offset_of(l, msr, RDMSR);

    if (offset == LAPIC_END)
        return false;
    catch_up(l);
    *value = read(l, offset);
    if (offset == LAPIC_ICR)
        *value |= (u64)lapic_at(l, offset)[1] << 32;
    return true;
}

bool lapic_wrmsr(struct lapic *l, u32 msr, u64 value)
{
    u32 offset = offset_of(l, msr, WRMSR);

    if (offset == LAPIC_END)
        return false;
    u32 bits = registers[offset / 16].bits, ignored = registers[offset / 16].ignored;
    if ((u32)value & ~(bits | ignored) || (offset != LAPIC_ICR && value >> 32))
        return false;
    catch_up(l);
    if (offset == LAPIC_ICR)
        lapic_icr_write(l, (u32)value & bits, (u32)(value >> 32));
    else
        write(l, offset, (u32)value & bits);
    return true;
}

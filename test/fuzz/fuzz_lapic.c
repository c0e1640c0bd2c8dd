/* SPDX-License-Identifier: MIT */
/*
 * Accesses, MSRs, posted interrupts, lines and time against one local APIC, and against a twin that
 * stands for a processor with APIC virtualization: there the page has a write before the model
 * learns of it, and EOIs take the short way where they may. Both must stay equal, and each must be
 * what the manual's rules make of its page.
 */
#include <string.h>

#include "test/unit/lapic_fake.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_trap();                                                                      \
    } while (0)

static struct fake_lapic twin[2];
static bool waits[256]; /* posted and not taken yet */

static u32 word(const struct lapic *l, u32 set, unsigned i)
{
    return l->regs[(set + i * 16) / 4];
}

static bool has(const struct lapic *l, u32 set, unsigned vector)
{
    return word(l, set, vector / 32) >> (vector & 31) & 1;
}

static int highest(const struct lapic *l, u32 set)
{
    for (int v = 255; v >= 0; v--)
        if (has(l, set, (unsigned)v))
            return v;
    return -1;
}

static void check_vectors(struct lapic *l)
{
    int pending = lapic_pending(l), irr = highest(l, LAPIC_IRR), isr = highest(l, LAPIC_ISR);
    u32 tpr = l->regs[LAPIC_TPR / 4], ppr = l->regs[LAPIC_PPR / 4];

    CHECK(!lapic_has_posted(l));
    CHECK(l->irr_top == irr && l->isr_top == isr);
    CHECK(irr < 0 || irr >= 16);
    CHECK(isr < 0 || isr >= 16);
    for (unsigned i = 0; i < 8; i++) {
        CHECK((l->irr_words >> i & 1) == !!word(l, LAPIC_IRR, i));
        CHECK((l->isr_words >> i & 1) == !!word(l, LAPIC_ISR, i));
    }
    CHECK(tpr <= 0xff && ppr <= 0xff && ppr >= (tpr & 0xf0));
    CHECK(ppr == ((int)(tpr >> 4) >= (isr < 0 ? 0 : isr >> 4) ? tpr : (u32)(isr & 0xf0)));
    CHECK(pending == (irr >= 0 && (unsigned)irr >> 4 > ppr >> 4 ? irr : -1));
    for (unsigned v = 16; v < 256; v++)
        CHECK(!waits[v] || has(l, LAPIC_IRR, v));
}

static void check_registers(const struct fake_lapic *f)
{
    const struct lapic *l = &f->l;
    bool x2 = l->shared & LAPIC_X2;

    CHECK(!x2 || (l->shared & LAPIC_ON));
    CHECK(l->regs[LAPIC_ID / 4] == (x2 ? 5u : 5u << 24));
    CHECK(l->regs[LAPIC_VERSION / 4] == LAPIC_VERSION_VALUE);
    CHECK(!!(l->regs[LAPIC_SVR / 4] & 0x100) == !!(l->shared & LAPIC_SOFTWARE));
    CHECK(!(l->regs[LAPIC_ICR / 4] & ~0xccfffu));
    CHECK(!(l->regs[LAPIC_ESR / 4] & ~0xe0u));
    for (u32 at = LAPIC_LVT_TIMER; at <= LAPIC_LVT_ERROR; at += 16)
        CHECK((l->regs[at / 4] & LAPIC_LVT_MASKED) || (l->shared & LAPIC_SOFTWARE));
    CHECK(l->regs[LAPIC_LVT_TIMER / 4] == l->lvt_timer);
    CHECK(l->regs[LAPIC_TIMER_INITIAL / 4] == l->timer_initial);
    CHECK(!(l->lvt_timer & LAPIC_LVT_MASKED) || l->deadline == LAPIC_NEVER);
    CHECK(!l->tsc_deadline || (l->lvt_timer & LAPIC_TIMER_MODE) == LAPIC_TIMER_TSC);
    CHECK(!l->tsc_deadline || l->timer_end == LAPIC_NEVER);
    for (u32 at = 0; at < LAPIC_END; at += 4) /* the reserved words stay clear */
        CHECK(!(at & 15) || (x2 && at == LAPIC_ICR + 4) || !l->regs[at / 4]);
}

static void check_equal(void)
{
    struct lapic a = twin[0].l, b = twin[1].l;

    CHECK(!memcmp(twin[0].page, twin[1].page, sizeof twin[0].page));
    a.regs = b.regs = NULL;
    a.host = b.host = NULL;
    CHECK(!memcmp(&a, &b, sizeof a));
    CHECK(twin[0].eois == twin[1].eois && twin[0].eoi == twin[1].eoi);
    CHECK(twin[0].nmis == twin[1].nmis && twin[0].sent == twin[1].sent);
    CHECK(!memcmp(&twin[0].message, &twin[1].message, sizeof twin[0].message));
    CHECK(twin[0].timer_calls == twin[1].timer_calls);
}

static void check_message(const struct fake_lapic *f)
{
    const struct lapic_message *m = &f->message;

    if (!f->sent)
        return;
    CHECK(m->mode != 3 && m->mode < APIC_EXTINT && !m->level);
    CHECK(m->mode > APIC_LOWEST || m->vector >= 16);
    CHECK(m->shorthand != APIC_SELF && (m->shorthand != APIC_ALL || m->mode == APIC_FIXED));
}

static void check(void)
{
    for (unsigned i = 0; i < 2; i++) {
        check_vectors(&twin[i].l);
        check_registers(&twin[i]);
        check_message(&twin[i]);
    }
    check_equal();
}

/* What APIC-register virtualization writes by itself, before an exit for the rest. */
static bool written_ahead(u32 offset)
{
    if (offset & 15)
        return false;
    return offset == LAPIC_ID || offset == LAPIC_LDR || offset == LAPIC_DFR ||
           offset == LAPIC_SVR || offset == LAPIC_ESR || offset == LAPIC_ICR ||
           offset == LAPIC_ICR_HIGH || (offset >= LAPIC_LVT_TIMER && offset <= LAPIC_LVT_ERROR) ||
           offset == LAPIC_TIMER_INITIAL || offset == LAPIC_TIMER_DIVIDE;
}

static void write(u32 offset, u32 value)
{
    for (unsigned i = 0; i < 2; i++) {
        struct lapic *l = &twin[i].l;
        if (i && lapic_in_memory(l) && written_ahead(offset))
            l->regs[offset / 4] = value;
        if (!i || offset != LAPIC_EOI || !lapic_in_memory(l) || !lapic_eoi_fast(l))
            lapic_write(l, offset, value);
    }
}

static void read(u32 offset)
{
    u32 a = lapic_read(&twin[0].l, offset), b = lapic_read(&twin[1].l, offset);

    CHECK(a == b);
    if (offset == LAPIC_TIMER_CURRENT && lapic_in_memory(&twin[0].l))
        CHECK(a <= twin[0].l.timer_initial);
}

static void msr(u32 number, u64 value, bool writes)
{
    u64 got[2] = {0, 0};
    bool ok[2];

    for (unsigned i = 0; i < 2; i++)
        ok[i] = writes ? lapic_wrmsr(&twin[i].l, number, value)
                       : lapic_rdmsr(&twin[i].l, number, &got[i]);
    CHECK(ok[0] == ok[1] && got[0] == got[1]);
    CHECK(!ok[0] || (twin[0].l.shared & LAPIC_X2));
}

static void base(u64 value)
{
    u64 before = lapic_base(&twin[0].l);
    bool ok = lapic_set_base(&twin[0].l, value);

    CHECK(lapic_set_base(&twin[1].l, value) == ok);
    CHECK(lapic_base(&twin[0].l) == (ok ? value | LAPIC_BASE_BSP : before));
    if (!(lapic_base(&twin[0].l) & LAPIC_BASE_ENABLE))
        memset(waits, 0, sizeof waits);
}

static void post(u8 vector, bool level)
{
    CHECK(lapic_post(&twin[0].l, vector, level) == lapic_post(&twin[1].l, vector, level));
    waits[vector] = vector >= 16 && (twin[0].l.shared & LAPIC_ON);
}

static void take(void)
{
    int vector = lapic_pending(&twin[0].l);

    CHECK(lapic_pending(&twin[1].l) == vector);
    if (vector < 0)
        return;
    for (unsigned i = 0; i < 2; i++)
        lapic_ack(&twin[i].l, (u8)vector);
    waits[vector] = false;
}

static void pass(u64 ns)
{
    for (unsigned i = 0; i < 2; i++) {
        struct fake_lapic *f = &twin[i];
        f->now += ns;
        bool due = f->now >= f->l.deadline;
        lapic_expire(&f->l, f->now);
        CHECK(!due || f->l.deadline > f->now);
    }
}

static void again(bool init)
{
    for (unsigned i = 0; i < 2; i++) {
        if (init)
            lapic_init_signal(&twin[i].l);
        else
            lapic_reset(&twin[i].l);
    }
    memset(waits, 0, sizeof waits);
}

static u64 number(const u8 *bytes, unsigned count)
{
    u64 value = 0;

    for (unsigned i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* An operation is eight bytes: which, where, and a number. */
static void step(const u8 *data)
{
    u8 where = data[1];
    u64 value = number(data + 2, 6);

    switch (data[0] % 24) {
    default:
        write((u32)(where & 63) * 16, (u32)value);
        break;
    case 0:
        write(where * 4u, (u32)value);
        break;
    case 1:
    case 2:
        read(where & 0x80 ? LAPIC_TIMER_CURRENT : where * 16u);
        break;
    case 3:
    case 4:
        msr(0x7f0 + where, where == 0x40 ? value << 24 : value & 0xffffffff, true);
        break;
    case 5:
        msr(0x7f0 + where, value, data[2] & 1);
        break;
    case 6:
        base(LAPIC_BASE | (where & 7u) << 9 | (where & 0x80 ? value : 0));
        break;
    case 7:
    case 8:
    case 9:
        post(where, data[2] & 1);
        post(data[3], data[4] & 1);
        break;
    case 10:
    case 11:
        take();
        break;
    case 12:
        pass(value >> (where & 63));
        break;
    case 13:
        pass(where);
        break;
    case 14:
        for (unsigned i = 0; i < 2; i++)
            lapic_lint(&twin[i].l, where & 3, data[2] & 1);
        break;
    case 15:
        for (unsigned i = 0; i < 2; i++)
            lapic_set_tsc_deadline(&twin[i].l, fake_lapic_tsc(&twin[i]) + (value >> (where & 63)));
        break;
    case 16:
        for (unsigned i = 0; i < 2; i++) {
            twin[i].tsc_offset = value;
            lapic_tsc_changed(&twin[i].l);
        }
        break;
    case 17:
        if (where < 8)
            again(where & 1);
        else
            CHECK(lapic_tsc_deadline(&twin[0].l) == lapic_tsc_deadline(&twin[1].l));
        break;
    case 18:
        lapic_reload(&twin[1].l);
        break;
    case 19:
        write(LAPIC_EOI, 0);
        break;
    }
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    char text[512];

    for (unsigned i = 0; i < 2; i++)
        fake_lapic_init(&twin[i], 5, true);
    memset(waits, 0, sizeof waits);
    if (size && data[size - 1] & 1)
        write(LAPIC_SVR, 0x1ff);
    for (; size >= 8; data += 8, size -= 8) {
        step(data);
        check();
    }
    lapic_dump(&twin[0].l, text, sizeof text);
    return 0;
}

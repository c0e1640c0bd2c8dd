/* SPDX-License-Identifier: MIT */
#include "arch/x86/apic.h"

#include "arch/x86/cpu.h"
#include "arch/x86/mmio.h"
#include "arch/x86/msr.h"
#include "arch/x86/port.h"
#include "arch/x86/trap.h"
#include "lib/clock.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "mm/hostmap.h"

/* Offsets in the xAPIC page; the x2APIC register is 0x800 + offset / 16. */
#define APIC_ID            0x020
#define APIC_TPR           0x080
#define APIC_EOI           0x0b0
#define APIC_LDR           0x0d0
#define APIC_SVR           0x0f0
#define APIC_ESR           0x280
#define APIC_LVT_CMCI      0x2f0
#define APIC_ICR           0x300
#define APIC_ICR_HIGH      0x310
#define APIC_LVT_TIMER     0x320
#define APIC_LVT_THERMAL   0x330
#define APIC_LVT_PMC       0x340
#define APIC_LVT_LINT0     0x350
#define APIC_LVT_LINT1     0x360
#define APIC_LVT_ERROR     0x370
#define APIC_TIMER_INITIAL 0x380
#define APIC_TIMER_CURRENT 0x390
#define APIC_TIMER_DIVIDE  0x3e0

#define SVR_ENABLE       BIT(8)
#define LVT_MASKED       BIT(16)
#define LVT_TSC_DEADLINE BIT(18)
#define DIVIDE_BY_1      0xb

#define ICR_FIXED      0x0000u
#define ICR_NMI        0x0400u
#define ICR_INIT       0x0500u
#define ICR_STARTUP    0x0600u
#define ICR_PENDING    BIT(12)
#define ICR_ASSERT     0x4000u
#define ICR_ALL_OTHERS 0xc0000u

static volatile u8 *page; /* NULL: x2APIC, or not yet known */
static bool x2;
static bool has_deadline;
static struct clock_scale tsc_to_timer;

static u32 reg_read(u32 reg)
{
    return x2 ? (u32)msr_read(MSR_X2APIC + reg / 16) : mmio_read32(page + reg);
}

static void reg_write(u32 reg, u32 value)
{
    if (x2)
        msr_write(MSR_X2APIC + reg / 16, value);
    else
        mmio_write32(page + reg, value);
}

bool apic_is_x2(void)
{
    return x2;
}

/*
 * Both 8259A moved off the exceptions' vectors and masked: the firmware may have left them
 * delivering ticks at vector 8.
 */
static void silence_pics(void)
{
    static const u8 words[] = {0x11, 0x20, 0x04, 0x01}; /* ICW1..4; the slave's differ in two */
    for (unsigned i = 0; i < array_size(words); i++) {
        port_write8(i ? 0x21 : 0x20, words[i]);
        port_write8(i ? 0xa1 : 0xa0, i == 1 ? 0x28 : i == 2 ? 2 : words[i]);
    }
    port_write8(0x21, 0xff);
    port_write8(0xa1, 0xff);
}

static u64 apic_base_of(u64 base)
{
    return base | APIC_BASE_ENABLE | (x2 ? APIC_BASE_X2APIC : 0);
}

const char *apic_init(bool need_x2apic, bool wish_x2apic)
{
    u64 base = msr_read(MSR_APIC_BASE);
    bool possible = cpuid(1, 0).ecx & BIT(21);

    silence_pics();
    x2 = base & APIC_BASE_X2APIC;
    if (!x2 && need_x2apic && !possible)
        return "the firmware lists APIC ids above 254, but the processor has no x2APIC";
    if (!x2 && wish_x2apic && !possible)
        log_warn("apic: x2apic is on the command line, but the processor has none: xAPIC");
    x2 |= possible && (need_x2apic || wish_x2apic);
    msr_write(MSR_APIC_BASE, apic_base_of(base)); /* its registers are read before apic_enable */
    if (!x2) {
        page = hostmap_device(hpa(base & MASK(51, 12)), PAGE_4K, PT_UC);
        if (!page)
            return "the local APIC's page cannot be mapped";
    }
    return NULL;
}

void apic_enable(void)
{
    msr_write(MSR_APIC_BASE, apic_base_of(msr_read(MSR_APIC_BASE)));
    reg_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
    reg_write(APIC_TPR, 0);
    reg_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
    static const u32 lvts[] = {APIC_LVT_TIMER, APIC_LVT_LINT0, APIC_LVT_LINT1, APIC_LVT_ERROR};
    for (unsigned i = 0; i < array_size(lvts); i++)
        reg_write(lvts[i], LVT_MASKED | VECTOR_SPURIOUS);
}

u32 apic_id(void)
{
    return x2 ? reg_read(APIC_ID) : reg_read(APIC_ID) >> 24;
}

void apic_eoi(void)
{
    reg_write(APIC_EOI, 0);
}

static void icr_write(u32 to, u32 command)
{
    if (x2) {
        /* An x2APIC MSR write does not order earlier stores (SDM 3, 11.12.3). */
        __asm__ volatile("mfence; lfence" : : : "memory");
        msr_write(MSR_X2APIC + APIC_ICR / 16, (u64)to << 32 | command);
        return;
    }
    mmio_write32(page + APIC_ICR_HIGH, to << 24);
    mmio_write32(page + APIC_ICR, command);
    for (int n = 0; n < 100000 && mmio_read32(page + APIC_ICR) & ICR_PENDING; n++)
        spin_pause();
}

void apic_send(u32 to, u8 vector)
{
    icr_write(to, ICR_FIXED | ICR_ASSERT | vector);
}

void apic_send_init(u32 to)
{
    icr_write(to, ICR_INIT | ICR_ASSERT);
}

void apic_send_startup(u32 to, u8 start_page)
{
    icr_write(to, ICR_STARTUP | ICR_ASSERT | start_page);
}

void apic_stop_others(void)
{
    if (x2 || page)
        icr_write(0, ICR_ALL_OTHERS | ICR_NMI | ICR_ASSERT);
}

struct timer_sample {
    u64 tsc, width; /* the count was read within `width` around this moment */
    u32 count;
};

/* Both at one moment: of several tries the one with the shortest bracket. */
static struct timer_sample sample_timer(void)
{
    struct timer_sample best = {.width = ~0ull};

    for (int i = 0; i < 4; i++) {
        u64 before = tsc_read();
        u32 count = reg_read(APIC_TIMER_CURRENT);
        u64 width = tsc_read() - before;
        if (width < best.width)
            best = (struct timer_sample){before + width / 2, width, count};
    }
    return best;
}

/*
 * Without TSC deadline, the count's speed is measured against the TSC: over a millisecond, or as
 * much longer (but no more than a tenth of a second) as it takes until the brackets, of which half
 * may be error, are 1/400 of it. An emulator's host may stop us in the middle of one.
 */
void apic_timer_init(u64 tsc_hz)
{
    has_deadline = cpuid(1, 0).ecx & BIT(24);
    if (has_deadline)
        return;
    reg_write(APIC_TIMER_INITIAL, ~0u);
    struct timer_sample start = sample_timer(), end;
    u64 span, window = tsc_hz / 1000;
    do {
        while (tsc_read() - start.tsc < window)
            spin_pause();
        end = sample_timer();
        span = end.tsc - start.tsc;
        window *= 2;
    } while ((start.width + end.width) * 200 > span && span < tsc_hz / 10);
    reg_write(APIC_TIMER_INITIAL, 0);
    tsc_to_timer = clock_scale(span, start.count - end.count);
}

const char *apic_timer_kind(void)
{
    return has_deadline ? "TSC deadline" : "one-shot count";
}

static void arm_count(u64 deadline)
{
    u64 now = tsc_read();
    u64 count = deadline > now ? clock_convert(tsc_to_timer, deadline - now) : 0;

    if (deadline == ~0ull)
        count = 0;
    else
        count = max_u64(1, min_u64(count, ~0u));
    reg_write(APIC_LVT_TIMER, VECTOR_TIMER);
    reg_write(APIC_TIMER_INITIAL, (u32)count);
}

void apic_timer_arm(u64 deadline)
{
    if (!has_deadline) {
        arm_count(deadline);
        return;
    }
    reg_write(APIC_LVT_TIMER, LVT_TSC_DEADLINE | VECTOR_TIMER);
    if (!x2) /* the LVT's store must arrive before the MSR (SDM 3, 11.5.4.1) */
        __asm__ volatile("mfence" : : : "memory");
    msr_write(MSR_TSC_DEADLINE, deadline == ~0ull ? 0 : deadline);
}

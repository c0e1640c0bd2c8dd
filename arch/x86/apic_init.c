/* SPDX-License-Identifier: MIT */
/*
 * The local APICs found and set up. Only at boot.
 */
#include "arch/x86/apic.h"

#include "arch/x86/apic_private.h"
#include "arch/x86/clock.h"
#include "arch/x86/cpu.h"
#include "arch/x86/port.h"
#include "arch/x86/trap.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "mm/hostmap.h"

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
    return base | APIC_BASE_ENABLE | (apic.x2 ? APIC_BASE_X2APIC : 0);
}

const char *apic_init(bool need_x2apic, bool wish_x2apic)
{
    u64 base = msr_read(MSR_APIC_BASE);
    bool possible = cpuid(1, 0).ecx & BIT(21);

    silence_pics();
    apic.x2 = base & APIC_BASE_X2APIC;
    if (!apic.x2 && need_x2apic && !possible)
        return "the firmware lists APIC ids above 254, but the processor has no x2APIC";
    if (!apic.x2 && wish_x2apic && !possible)
        log_warn("apic: x2apic is on the command line, but the processor has none: xAPIC");
    apic.x2 |= possible && (need_x2apic || wish_x2apic);
    msr_write(MSR_APIC_BASE, apic_base_of(base)); /* its registers are read before apic_enable */
    if (!apic.x2) {
        apic.page = hostmap_device(hpa(base & MASK(51, 12)), PAGE_4K, PT_UC);
        if (!apic.page)
            return "the local APIC's page cannot be mapped";
    }
    return NULL;
}

void apic_enable(void)
{
    msr_write(MSR_APIC_BASE, apic_base_of(msr_read(MSR_APIC_BASE)));
    apic_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
    apic_write(APIC_TPR, 0);
    apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
    static const u32 lvts[] = {APIC_LVT_TIMER, APIC_LVT_LINT0, APIC_LVT_LINT1, APIC_LVT_ERROR};
    for (unsigned i = 0; i < array_size(lvts); i++)
        apic_write(lvts[i], LVT_MASKED | VECTOR_SPURIOUS);
}

static u64 timer_count(void)
{
    return apic_read(APIC_TIMER_CURRENT);
}

static const struct ref_clock timer = {.name = "APIC timer", .read = timer_count};

/*
 * Without TSC deadline, the count's speed is measured against the TSC: over a millisecond, or as
 * much longer (but no more than a tenth of a second) as it takes until the brackets, of which half
 * may be error, are 1/400 of it. An emulator's host may stop us in the middle of one.
 */
void apic_timer_init(u64 tsc_hz)
{
    apic.has_deadline = cpuid(1, 0).ecx & BIT(24);
    if (apic.has_deadline)
        return;
    apic_write(APIC_TIMER_INITIAL, ~0u);
    struct clock_sample start = clock_sample(&timer), end;
    u64 span, window = tsc_hz / 1000;
    do {
        while (tsc_read() - start.tsc < window)
            spin_pause();
        end = clock_sample(&timer);
        span = end.tsc - start.tsc;
        window *= 2;
    } while ((start.width + end.width) * 200 > span && span < tsc_hz / 10);
    apic_write(APIC_TIMER_INITIAL, 0);
    apic.tsc_to_timer = clock_scale(span, start.value - end.value);
}

const char *apic_timer_kind(void)
{
    return apic.has_deadline ? "TSC deadline" : "one-shot count";
}

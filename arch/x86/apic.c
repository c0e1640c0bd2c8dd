/* SPDX-License-Identifier: MIT */
#include "arch/x86/apic.h"

#include "arch/x86/apic_private.h"
#include "arch/x86/cpu.h"
#include "arch/x86/trap.h"
#include "lib/lock.h"

struct apic apic;

bool apic_is_x2(void)
{
    return apic.x2;
}

u32 apic_id(void)
{
    return apic.x2 ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24;
}

void apic_eoi(void)
{
    apic_write(APIC_EOI, 0);
}

static void icr_write(u32 to, u32 command)
{
    if (apic.x2) {
        /* An x2APIC MSR write does not order earlier stores (SDM 3, 11.12.3). */
        __asm__ volatile("mfence; lfence" : : : "memory");
        msr_write(MSR_X2APIC + APIC_ICR / 16, (u64)to << 32 | command);
        return;
    }
    mmio_write32(apic.page + APIC_ICR_HIGH, to << 24);
    mmio_write32(apic.page + APIC_ICR, command);
    for (int n = 0; n < 100000 && mmio_read32(apic.page + APIC_ICR) & ICR_PENDING; n++)
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
    if (apic.x2 || apic.page)
        icr_write(0, ICR_ALL_OTHERS | ICR_NMI | ICR_ASSERT);
}

static void arm_count(u64 deadline)
{
    u64 now = tsc_read();
    u64 count = deadline > now ? clock_convert(apic.tsc_to_timer, deadline - now) : 0;

    if (deadline == ~0ull)
        count = 0;
    else
        count = max_u64(1, min_u64(count, ~0u));
    apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
    apic_write(APIC_TIMER_INITIAL, (u32)count);
}

void apic_timer_arm(u64 deadline)
{
    if (!apic.has_deadline) {
        arm_count(deadline);
        return;
    }
    apic_write(APIC_LVT_TIMER, LVT_TSC_DEADLINE | VECTOR_TIMER);
    if (!apic.x2) /* the LVT's store must arrive before the MSR (SDM 3, 11.5.4.1) */
        __asm__ volatile("mfence" : : : "memory");
    msr_write(MSR_TSC_DEADLINE, deadline == ~0ull ? 0 : deadline);
}

/* SPDX-License-Identifier: MIT */
/*
 * The PIC through LINT0 as ExtINT: its vectors, no EOI to the APIC, no part in its priorities;
 * stopped by the entry's mask and by the APIC's software switch; and past an APIC that is off.
 */
#include "guests/tiny/rt/apic.h"

#define VECTOR (IRQ_BASE + 0)

static volatile u32 ticks, in_service;

static void on_tick(struct frame *frame)
{
    (void)frame;
    ticks++;
    if (rdmsr(MSR_APIC_BASE) & BASE_ENABLE)
        in_service |= apic_bit(APIC_ISR, VECTOR);
}

static u32 seen(void)
{
    ticks = in_service = 0;
    irq_enable();
    bool came = wait_for(ticks >= 3, 1000);
    irq_disable();
    check(!in_service, "the APIC has it in service");
    return came ? ticks : 0;
}

/* None waits from before. */
static void nothing(const char *mode, const char *what)
{
    irq_window();
    ticks = 0;
    irq_enable();
    wait_us(5000);
    irq_disable();
    check(ticks == 0, "%s: %u interrupts of the PIC, %s", mode, ticks, what);
}

static void all(const char *mode)
{
    apic_write(APIC_LVT_LINT0, LVT_EXTINT);
    check(seen(), "%s: none by ExtINT", mode);
    write_cr8(15);
    check(seen(), "%s: TPR holds back an ExtINT", mode);
    write_cr8(0);
    apic_write(APIC_LVT_LINT0, LVT_MASKED | LVT_EXTINT);
    nothing(mode, "LINT0 being masked");
    apic_write(APIC_LVT_LINT0, LVT_EXTINT);
    check(seen(), "%s: none after the mask", mode);
    apic_write(APIC_SVR, VECTOR_SPURIOUS);
    check(apic_read(APIC_LVT_LINT0) & LVT_MASKED, "%s: disabled, LINT0 is open", mode);
    nothing(mode, "the APIC being disabled");
    apic_on();
    nothing(mode, "the mask that this left");
}

/* LINT0 as an interrupt of the APIC's own: the PIC's output is a line like any other. */
static void fixed(void)
{
    apic_count(0x66);
    apic_write(APIC_LVT_LINT0, 0x66);
    for (unsigned i = 0; i < 3; i++) {
        pic_eoi(0);
        pit_set(0, 0, 300);
        wait_us(1000);
        irq_window();
        outb(0x20, 0x0c); /* as the processor would: acknowledged */
        inb(0x20);
        pic_eoi(0);
    }
    check(apic_seen_here(0x66) >= 1, "LINT0, fixed: nothing comes");
    apic_write(APIC_LVT_LINT0, LVT_MASKED);
}

TINY(virtual_wire)
{
    tsc_hz();
    irq_on(0, on_tick);
    pic_unmask(0);
    check(apic_read(APIC_LVT_LINT0) == LVT_EXTINT, "LINT0 at the start: %x",
          apic_read(APIC_LVT_LINT0));
    pit_set(0, 2, 1193);
    check(seen(), "none as the firmware left it");
    apic_both(all);
    wrmsr(MSR_APIC_BASE, 0xfee00000 | BASE_BSP);
    check(seen(), "none past an APIC that is off");
    apic_to_page();
    apic_on();
    fixed();
}

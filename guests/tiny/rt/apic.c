/* SPDX-License-Identifier: MIT */
#include "guests/tiny/rt/apic.h"

static bool in_x2[CPUS_MAX];
volatile u32 apic_seen[CPUS_MAX][256];

bool apic_x2(void)
{
    return in_x2[cpu_self()];
}

void apic_to_x2(void)
{
    wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | BASE_ENABLE | BASE_X2);
    in_x2[cpu_self()] = true;
}

void apic_find_mode(void)
{
    in_x2[cpu_self()] = rdmsr(MSR_APIC_BASE) & BASE_X2;
}

void apic_to_page(void)
{
    u64 base = rdmsr(MSR_APIC_BASE) & ~(u64)(BASE_ENABLE | BASE_X2);

    wrmsr(MSR_APIC_BASE, base);
    wrmsr(MSR_APIC_BASE, base | BASE_ENABLE);
    in_x2[cpu_self()] = false;
}

u32 apic_read(u32 offset)
{
    if (apic_x2())
        return (u32)rdmsr(0x800 + offset / 16);
    return *(volatile u32 *)(APIC_PAGE + offset);
}

void apic_write(u32 offset, u32 value)
{
    if (apic_x2())
        wrmsr(0x800 + offset / 16, value);
    else
        *(volatile u32 *)(APIC_PAGE + offset) = value;
}

void apic_eoi(void)
{
    apic_write(APIC_EOI, 0);
}

bool apic_bit(u32 set, u8 vector)
{
    return apic_read(set + vector / 32 * 16) >> vector % 32 & 1;
}

void apic_icr(u32 dest, u32 low)
{
    if (apic_x2()) {
        __asm__ volatile("mfence" ::: "memory"); /* WRMSR to x2APIC does not wait for stores */
        wrmsr(0x830, (u64)dest << 32 | low);
    } else {
        apic_write(APIC_ICR_HIGH, dest << 24);
        apic_write(APIC_ICR, low);
    }
}

void apic_self(u8 vector)
{
    apic_icr(0, ICR_SELF | ICR_ASSERT | vector);
}

static void on_spurious(struct frame *frame)
{
    (void)frame;
}

void apic_on(void)
{
    trap_on(VECTOR_SPURIOUS, on_spurious);
    apic_write(APIC_SVR, 0x100 | VECTOR_SPURIOUS);
}

void apic_both(void (*fn)(const char *mode))
{
    apic_to_page();
    apic_on();
    fn("xAPIC");
    apic_to_page();
    apic_to_x2();
    apic_on();
    fn("x2APIC");
    apic_to_page();
    apic_on();
}

static void on_counted(struct frame *frame)
{
    apic_seen[cpu_self()][frame->vector]++;
    apic_eoi();
}

void apic_count(u8 vector)
{
    for (unsigned i = 0; i < CPUS_MAX; i++)
        apic_seen[i][vector] = 0;
    trap_on(vector, on_counted);
}

u32 apic_seen_here(u8 vector)
{
    return apic_seen[cpu_self()][vector];
}

volatile u32 apic_ticks;
volatile u64 apic_stamp;

void apic_on_tick(struct frame *frame)
{
    (void)frame;
    apic_stamp = rdtsc();
    apic_ticks++;
    apic_eoi();
}

struct took apic_took(u32 initial, u32 n)
{
    struct took took = {0, 0};
    u64 start = rdtsc(), end = start + us_to_tsc(1000000);

    apic_ticks = 0;
    apic_write(APIC_INITIAL, initial);
    irq_enable();
    for (;;) {
        u64 before = rdtsc();
        if (apic_ticks >= n)
            break;
        took.least = before - start;
        if (before > end)
            return LOST;
    }
    irq_disable();
    took.most = apic_stamp - start;
    return took;
}

void irq_window(void)
{
    if (cpu_is_amd()) {
        irq_enable();
        for (unsigned i = 0; i < 4; i++)
            cpuid(0, 0);
    }
    __asm__ volatile("sti; nop; nop; cli" ::: "memory");
}

/* Trivet says it as VMware does, in kHz. */
u64 apic_hz(void)
{
    return cpuid(0x40000010, 0).b * 1000ull;
}

u32 ioapic_read(u8 index)
{
    *(volatile u32 *)IOAPIC_PAGE = index;
    return *(volatile u32 *)(IOAPIC_PAGE + 0x10);
}

void ioapic_write(u8 index, u32 value)
{
    *(volatile u32 *)IOAPIC_PAGE = index;
    *(volatile u32 *)(IOAPIC_PAGE + 0x10) = value;
}

u64 ioapic_entry(unsigned pin)
{
    u8 index = (u8)(0x10 + 2 * pin);
    return ioapic_read(index) | (u64)ioapic_read(index + 1) << 32;
}

/* The half with the mask last. */
void ioapic_set(unsigned pin, u64 entry)
{
    u8 index = (u8)(0x10 + 2 * pin);
    ioapic_write(index + 1, (u32)(entry >> 32));
    ioapic_write(index, (u32)entry);
}

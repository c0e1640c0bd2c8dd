/* SPDX-License-Identifier: MIT */
/*
 * IA32_APIC_BASE: xAPIC, x2APIC, off and back; #GP for the ways that SDM 3, figure 11-27, has not;
 * and what is left in the registers after each.
 */
#include "guests/tiny/rt/apic.h"

#define OFF  0x0u
#define PAGE BASE_ENABLE
#define X2   (BASE_ENABLE | BASE_X2)
#define BAD  BASE_X2

static const char *name(u32 mode)
{
    return mode == OFF    ? "off"
           : mode == PAGE ? "xAPIC"
           : mode == X2   ? "x2APIC"
                          : "x2APIC without EN";
}

static u64 base_of(u32 mode)
{
    return 0xfee00000u | BASE_BSP | mode;
}

static unsigned write_base(u64 value)
{
    return TRY("wrmsr", : "c"(MSR_APIC_BASE), "a"((u32)value), "d"((u32)(value >> 32)));
}

static void go(u32 to)
{
    u64 value = base_of(to);

    check(write_base(value) == NO_TRAP, "to %s is #GP", name(to));
    check(rdmsr(MSR_APIC_BASE) == value, "in %s it reads %lx", name(to), rdmsr(MSR_APIC_BASE));
    apic_find_mode();
}

static void refused(u32 from, u64 value)
{
    check(write_base(value) == GP, "from %s, %lx is taken", name(from), value);
    check(rdmsr(MSR_APIC_BASE) == base_of(from), "refused, and it reads %lx", rdmsr(MSR_APIC_BASE));
}

/* What never goes, in whatever mode. */
static void reserved(u32 mode)
{
    refused(mode, base_of(mode) | 1);
    refused(mode, base_of(mode) | 1 << 9);
    refused(mode, base_of(mode) | BIT(63));
    refused(mode, base_of(mode) | BIT(52));
    refused(mode, base_of(BAD));
    go(mode); /* to itself */
}

static void registers_reset(const char *where)
{
    u32 id = apic_read(APIC_ID);

    check(id == 0, "%s: id %x", where, id);
    check(apic_read(APIC_SVR) == 0xff, "%s: SVR %x", where, apic_read(APIC_SVR));
    check(apic_read(APIC_TPR) == 0 && read_cr8() == 0, "%s: TPR %x", where, apic_read(APIC_TPR));
    for (u32 lvt = APIC_LVT_TIMER; lvt <= APIC_LVT_ERROR; lvt += 16)
        check(apic_read(lvt) == LVT_MASKED, "%s: LVT %x is %x", where, lvt, apic_read(lvt));
    check(apic_read(APIC_INITIAL) == 0, "%s: the timer's count", where);
    for (u32 at = 0; at < 0x80; at += 16)
        check(!apic_read(APIC_ISR + at) && !apic_read(APIC_IRR + at), "%s: IRR or ISR", where);
}

static bool has_apic(void)
{
    return cpuid(1, 0).d >> 9 & 1;
}

/* CPUID's bit follows EN (11.4.3); nobody answers where the page was. */
static void off(void)
{
    check(!has_apic(), "off, and CPUID has an APIC");
    check(!cpu_is_amd() || !(cpuid(0x80000001, 0).d >> 9 & 1), "off, and AMD's leaf has an APIC");
    check(*(volatile u32 *)(APIC_PAGE + APIC_VERSION) == ~0u, "off, and the page answers");
    check(TRY("rdmsr", : "c"(0x802) : "eax", "edx") == GP, "off, and MSR 802 answers");
}

static void from_page(void)
{
    check(has_apic(), "xAPIC, and CPUID has none");
    check(!cpu_is_amd() || cpuid(0x80000001, 0).d >> 9 & 1, "xAPIC, and AMD's leaf has none");
    check(*(volatile u32 *)(APIC_PAGE + APIC_VERSION) != ~0u, "xAPIC, and the page is empty");
    check(TRY("rdmsr", : "c"(0x803) : "eax", "edx") == GP, "xAPIC, and MSR 803 answers");
    apic_on();
    write_cr8(5);
    apic_self(0x51);
    apic_write(APIC_LVT_TIMER, 0x71);
}

/* 11.12.5.1: to x2APIC mode all goes along but for id and LDR's form. */
static void in_x2(void)
{
    check(read_cr8() == 5, "x2APIC: CR8 %lu", read_cr8());
    check(apic_bit(APIC_IRR, 0x51), "x2APIC: what waited is lost");
    check(apic_read(APIC_LVT_TIMER) == 0x71, "x2APIC: LVT %x", apic_read(APIC_LVT_TIMER));
    check(apic_read(APIC_SVR) == (0x100 | VECTOR_SPURIOUS), "x2APIC: SVR %x", apic_read(APIC_SVR));
    check(apic_read(APIC_LDR) == 1, "x2APIC: LDR %x", apic_read(APIC_LDR));
    check(*(volatile u32 *)(APIC_PAGE + APIC_VERSION) == ~0u, "x2APIC, and the page answers");
}

TINY(apic_modes)
{
    for (unsigned round = 0; round < 3; round++) {
        go(OFF);
        off();
        reserved(OFF);
        refused(OFF, base_of(X2));
        go(PAGE);
        registers_reset("xAPIC after off");
        reserved(PAGE);
        from_page();
        go(X2);
        in_x2();
        reserved(X2);
        refused(X2, base_of(PAGE));
        go(OFF);
        write_cr8(0);
        irq_window(); /* what waited is gone: 0x51 has no handler */
    }
    go(PAGE);
    go(OFF);
    go(PAGE);
    registers_reset("xAPIC at the end");
}

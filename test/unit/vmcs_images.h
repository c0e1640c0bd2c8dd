/* SPDX-License-Identifier: MIT */
/*
 * For the tests of the entry checks and the dump: a VMCS as an array, and five guests that any
 * processor would enter. Bits are written down from the SDM's tables. After vmx_machine.h.
 */
#ifndef TEST_UNIT_VMCS_IMAGES_H
#define TEST_UNIT_VMCS_IMAGES_H

#include "test/unit/vmx_machine.h"
#include "vmx/vmx_check.h"

#define HIGH_BASE         0xffffffff80100000ull
#define UNUSABLE          0x10000
#define VIRTUAL_APIC_PAGE 0x5000
#define LINKED_VMCS       0x7000

static u64 fields[0x7000];
static u32 vtpr, linked_word;
static unsigned wild_peeks;

static u64 read_field(const void *context, u32 field)
{
    (void)context;
    return field < array_size(fields) ? fields[field] : 0;
}

/* Memory holds two words; a look anywhere else is one that the checks should not have made. */
static bool peek_memory(const void *context, u64 physical, u32 *value)
{
    (void)context;
    *value = physical == LINKED_VMCS ? linked_word : vtpr;
    if (physical != LINKED_VMCS && physical != VIRTUAL_APIC_PAGE + 0x80)
        wild_peeks++;
    return physical == LINKED_VMCS || physical == VIRTUAL_APIC_PAGE + 0x80;
}

static const struct vmcs_image image = {read_field, peek_memory, NULL};

static void set_segment(unsigned which, u64 selector, u64 base, u64 limit, u64 access)
{
    fields[VMCS_GUEST_ES + 2 * which] = selector;
    fields[VMCS_GUEST_ES_BASE + 2 * which] = base;
    fields[VMCS_GUEST_ES_LIMIT + 2 * which] = limit;
    fields[VMCS_GUEST_ES_ACCESS + 2 * which] = access;
}

static void set_controls(void)
{
    fields[VMCS_PIN_CONTROLS] = 0x16 | BIT(0) | BIT(3) | BIT(5) | BIT(6);
    fields[VMCS_PROC_CONTROLS] =
        0x04006172 | BIT(3) | BIT(7) | BIT(21) | BIT(25) | BIT(28) | BIT(31);
    fields[VMCS_PROC2_CONTROLS] = BIT(1) | BIT(3) | BIT(5) | BIT(7);
    fields[VMCS_EXIT_CONTROLS] =
        0x36dfb | BIT(2) | BIT(9) | BIT(15) | BIT(18) | BIT(19) | BIT(20) | BIT(21);
    fields[VMCS_ENTRY_CONTROLS] = 0x11fb | BIT(2) | BIT(14) | BIT(15);
    fields[VMCS_IO_BITMAP_A] = 0x2000;
    fields[VMCS_IO_BITMAP_B] = 0x3000;
    fields[VMCS_MSR_BITMAP] = 0x4000;
    fields[VMCS_VIRTUAL_APIC] = VIRTUAL_APIC_PAGE;
    fields[VMCS_VPID] = 1;
    fields[VMCS_EPT_POINTER] = 0x600000 | 6 | 3 << 3 | BIT(6);
}

static void set_host(void)
{
    fields[VMCS_HOST_CR0] = 0x80010031;
    fields[VMCS_HOST_CR3] = 0x100000;
    fields[VMCS_HOST_CR4] = 0x2220;
    fields[VMCS_HOST_CS] = 0x08;
    fields[VMCS_HOST_SS] = fields[VMCS_HOST_DS] = fields[VMCS_HOST_ES] = 0x10;
    fields[VMCS_HOST_TR] = 0x18;
    fields[VMCS_HOST_GS_BASE] = fields[VMCS_HOST_TR_BASE] = HIGH_BASE;
    fields[VMCS_HOST_GDTR_BASE] = fields[VMCS_HOST_IDTR_BASE] = HIGH_BASE;
    fields[VMCS_HOST_RIP] = fields[VMCS_HOST_RSP] = HIGH_BASE;
    fields[VMCS_HOST_EFER] = 0xd01;
    fields[VMCS_HOST_PAT] = 0x0007040600070406;
}

/* Protected mode with paging, the start of all the others. */
static void paged32(void)
{
    memset(fields, 0, sizeof fields);
    vtpr = 0;
    linked_word = 4;
    set_controls();
    set_host();
    fields[VMCS_GUEST_CR0] = 0x80000031;
    fields[VMCS_GUEST_CR3] = 0x1000;
    fields[VMCS_GUEST_CR4] = 0x2000;
    fields[VMCS_GUEST_PAT] = 0x0007040600070406;
    fields[VMCS_GUEST_DR7] = 0x400;
    fields[VMCS_GUEST_RFLAGS] = 0x202;
    fields[VMCS_GUEST_RIP] = 0xc0100000;
    fields[VMCS_GUEST_RSP] = 0xc0200000;
    fields[VMCS_GUEST_GDTR_LIMIT] = 0x7f;
    fields[VMCS_GUEST_IDTR_LIMIT] = 0x7ff;
    fields[VMCS_LINK_POINTER] = ~0ull;
    for (unsigned i = 0; i < 6; i++)
        set_segment(i, 0x10, 0, 0xffffffff, 0xc093);
    set_segment(1, 0x08, 0, 0xffffffff, 0xc09b);
    set_segment(6, 0, 0, 0, UNUSABLE);
    set_segment(7, 0x18, 0xc0001000, 0x67, 0x8b);
}

static inline void pae32(void)
{
    paged32();
    fields[VMCS_GUEST_CR4] = 0x2020;
    for (unsigned i = 0; i < 4; i++)
        fields[VMCS_GUEST_PDPTE0 + 2 * i] = 0x2001 + 0x1000 * i;
    fields[VMCS_GUEST_PDPTE3] = ~1ull; /* not present: anything */
}

static inline void long64(void)
{
    paged32();
    fields[VMCS_ENTRY_CONTROLS] |= BIT(9);
    fields[VMCS_GUEST_CR4] = 0x2020;
    fields[VMCS_GUEST_EFER] = 0xd01;
    fields[VMCS_GUEST_RIP] = fields[VMCS_GUEST_RSP] = HIGH_BASE;
    fields[VMCS_GUEST_GDTR_BASE] = fields[VMCS_GUEST_IDTR_BASE] = HIGH_BASE;
    set_segment(1, 0x08, 0, 0xffffffff, 0xa09b);
    set_segment(4, 0, 0x7f0000000000, 0, UNUSABLE);
    set_segment(5, 0, HIGH_BASE, 0, UNUSABLE);
    set_segment(6, 0x20, HIGH_BASE, 0xf, 0x82);
    fields[VMCS_GUEST_TR_BASE] = HIGH_BASE;
}

/* As after reset; needs an unrestricted guest. */
static inline void real16(void)
{
    paged32();
    fields[VMCS_GUEST_CR0] = 0x30;
    fields[VMCS_GUEST_RFLAGS] = 2;
    fields[VMCS_GUEST_RIP] = 0xfff0;
    for (unsigned i = 0; i < 6; i++)
        set_segment(i, 0, 0, 0xffff, 0x93);
    set_segment(1, 0xf000, 0xffff0000, 0xffff, 0x9b);
    set_segment(6, 0, 0, 0xffff, 0x82);
    set_segment(7, 0, 0, 0xffff, 0x8b);
}

static inline void v8086(void)
{
    paged32();
    fields[VMCS_GUEST_RFLAGS] = 0x23202;
    fields[VMCS_GUEST_RIP] = 0x100;
    for (unsigned i = 0; i < 6; i++)
        set_segment(i, 0x1230 + i, 0x12300 + 16 * i, 0xffff, 0xf3);
}

/* 64-bit code at level 3 under a processor that knows no unrestricted guest. */
static inline void user64(void)
{
    long64();
    fields[VMCS_PROC2_CONTROLS] &= ~BIT(7);
    for (unsigned i = 0; i < 4; i++)
        set_segment(i, 0x2b, 0, 0xffffffff, 0xc0f3);
    set_segment(1, 0x33, 0, 0xffffffff, 0xa0fb);
}

#endif

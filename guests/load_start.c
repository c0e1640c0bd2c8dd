/* SPDX-License-Identifier: MIT */
/*
 * How a guest's first vCPU starts: registers, GDT, page tables, by mode.
 */
#include "guests/load_parts.h"

#define CR0_PE   BIT(0)
#define CR0_ET   BIT(4) /* always 1 on processors since the Pentium Pro */
#define CR0_PG   BIT(31)
#define CR4_PAE  BIT(5)
#define EFER_LME BIT(8)
#define EFER_LMA BIT(10)

#define PTE_PRESENT BIT(0)
#define PTE_WRITE   BIT(1)
#define PTE_LARGE   BIT(7)

/* Linux's boot protocol asks for these two selectors; nobody else cares. */
#define SEL_CODE 0x10
#define SEL_DATA 0x18
#define SEL_TSS  0x20

/* SDM volume 3, 3.4.5 and 25.4.1: present and accessed (the TSS: busy); L, D and G in the upper
 * half. */
#define ACCESS_CODE64 0xa09b
#define ACCESS_CODE32 0xc09b
#define ACCESS_DATA   0xc093
#define ACCESS_TSS    0x008b
#define ACCESS_CODE16 0x009b
#define ACCESS_DATA16 0x0093

/* SDM volume 3, 3.4.5, figure 3-8. */
static u64 descriptor(const struct start_segment *s)
{
    u64 limit = s->access & 0x8000 ? s->limit >> 12 : s->limit;
    return bits_get(limit, 15, 0) | bits_get(s->base, 23, 0) << 16 |
           bits_get(s->access, 7, 0) << 40 | bits_get(limit, 19, 16) << 48 |
           bits_get(s->access, 15, 12) << 52 | bits_get(s->base, 31, 24) << 56;
}

/* Two empty slots, code, data, and a TSS, whose descriptor has 16 bytes in long mode. */
static bool load_gdt(struct loader *l)
{
    struct guest_start *s = l->start;
    u64 gdt[6] = {0, 0, descriptor(&s->cs), descriptor(&s->data), descriptor(&s->tr), 0};
    s->gdt_base = GUEST_BOOT_GDT;
    s->gdt_limit = sizeof gdt - 1;
    return load_own(l, GUEST_BOOT_GDT, gdt, sizeof gdt);
}

static void set_flat_segments(struct guest_start *s, u16 code_access)
{
    s->cs = (struct start_segment){0, 0xffffffff, SEL_CODE, code_access};
    s->data = (struct start_segment){0, 0xffffffff, SEL_DATA, ACCESS_DATA};
    s->tr = (struct start_segment){0, 0x67, SEL_TSS, ACCESS_TSS}; /* as PVH wants it */
}

/*
 *   PML4[0] -> PDPT[0..3] -> four page directories of 512 entries of 2M: address = itself below 4G
 *
 * 1G pages would be shorter, but a guest's CPUID need not have them.
 */
static bool load_page_tables(struct loader *l)
{
    const u64 pdpt = GUEST_BOOT_TABLES + PAGE_4K, directories = GUEST_BOOT_TABLES + 2 * PAGE_4K;
    const u64 link = PTE_PRESENT | PTE_WRITE;
    u64 entries[64];

    if (!load_own_zero(l, GUEST_BOOT_TABLES, 2 * PAGE_4K))
        return false;
    entries[0] = pdpt | link;
    if (!load_own(l, GUEST_BOOT_TABLES, entries, 8))
        return false;
    for (u64 i = 0; i < 4; i++)
        entries[i] = (directories + i * PAGE_4K) | link;
    if (!load_own(l, pdpt, entries, 4 * 8))
        return false;
    for (u64 i = 0; i < 4 * 512; i++) {
        entries[i % 64] = i * PAGE_2M | link | PTE_LARGE;
        if (i % 64 == 63 && !load_own(l, directories + (i - 63) * 8, entries, sizeof entries))
            return false;
    }
    return true;
}

bool load_long_mode(struct loader *l, u64 rip)
{
    struct guest_start *s = l->start;
    s->mode = GUEST_LONG64;
    s->rip = rip;
    s->rsp = GUEST_BOOT_STACK;
    s->cr0 = CR0_PE | CR0_ET | CR0_PG;
    s->cr3 = GUEST_BOOT_TABLES;
    s->cr4 = CR4_PAE;
    s->efer = EFER_LME | EFER_LMA;
    set_flat_segments(s, ACCESS_CODE64);
    return load_gdt(l) && load_page_tables(l);
}

bool load_prot32(struct loader *l, u64 rip)
{
    struct guest_start *s = l->start;
    s->mode = GUEST_PROT32;
    s->rip = rip;
    s->rsp = GUEST_BOOT_STACK;
    s->cr0 = CR0_PE | CR0_ET;
    set_flat_segments(s, ACCESS_CODE32);
    return load_gdt(l);
}

/* Below 64K with CS 0, as a BIOS enters a boot sector; above, CS holds what IP cannot. */
void load_real(struct loader *l, u64 rip)
{
    struct guest_start *s = l->start;
    u64 base = rip < 0x10000 ? 0 : align_down(rip, 16);
    s->mode = GUEST_REAL16;
    s->rip = rip - base;
    s->rsp = rip >= 0x1000 && rip < 0x10000 ? rip : 0x7c00;
    s->cr0 = CR0_ET;
    s->cs = (struct start_segment){base, 0xffff, (u16)(base >> 4), ACCESS_CODE16};
    s->data = (struct start_segment){0, 0xffff, 0, ACCESS_DATA16};
    s->tr = (struct start_segment){0, 0xffff, 0, ACCESS_TSS};
    s->gdt_limit = 0xffff;
    s->idt_limit = 0x3ff;
}

/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_cpuid.h"

#include "arch/x86/cpuid_bits.h"
#include "arch/x86/guest.h"
#include "arch/x86/guest_xstate.h"

static const struct cpuid no_leaf;

static struct cpuid topology(const struct guest *guest, u32 sub)
{
    const struct guest_cpuid *table = guest->cpuid;
    struct cpuid regs =
        sub < array_size(table->level) ? table->level[sub] : (struct cpuid){0, 0, sub & 0xff, 0};
    regs.edx = (u32)guest->apic_id;
    return regs;
}

/* Subleaf 0 tells the size for XCR0 as it is, 1 the compact size for XCR0 and XSS. */
static struct cpuid xstate(const struct guest *guest, u32 sub)
{
    const struct guest_cpuid *table = guest->cpuid;
    struct cpuid regs = sub < GUEST_XSTATES ? table->xstate[sub] : no_leaf;

    if (table->xcr0_allowed && sub == 0)
        regs.ebx = guest_xstate_size(table, guest->xcr0);
    if (sub == 1 && (regs.eax & (XSAVEC | XSAVES)))
        regs.ebx = guest_xstate_compact_size(table, guest->xcr0 | guest->xss);
    return regs;
}

/* The leaves that mark_special names. */
static no_inline struct cpuid look_closer(const struct guest *guest, u32 leaf, u32 sub, u64 cr4)
{
    const struct guest_cpuid *table = guest->cpuid;
    struct cpuid regs = no_leaf;

    switch (leaf) {
    case 1:
        regs = table->row[guest_cpuid_row(1)];
        regs.ebx |= (u32)guest->apic_id << 24;
        regs.ecx |= cr4 & CR4_OSXSAVE ? OSXSAVE : 0;
        regs.edx &= guest->apic_off ? ~(u32)APIC : ~0u; /* SDM 3, 11.4.3 */
        break;
    case 4:
        return sub < GUEST_CACHES_MAX ? table->cache[sub] : no_leaf;
    case 7:
        if (sub < array_size(table->feature))
            regs = table->feature[sub];
        regs.ecx |= sub == 0 && (cr4 & CR4_PKE) ? OSPKE : 0;
        break;
    case 0xb:
    case 0x1f:
        return topology(guest, sub);
    case 0xd:
        return xstate(guest, sub);
    case 0x80000001: /* AMD's repeats leaf 1 (APM 3, E.4.2) */
        regs = table->row[guest_cpuid_row(leaf)];
        regs.edx &= guest->apic_off ? ~(u32)APIC : ~0u;
        break;
    case 0x8000001d:
        return sub < GUEST_CACHES_MAX ? table->cache_amd[sub] : no_leaf;
    case 0x8000001e: /* EBX: the core's number; ECX: one node */
        if (table->row[guest_cpuid_row(0x80000001)].ecx & TOPOEXT)
            regs = (struct cpuid){(u32)guest->apic_id, guest->apic_id & 0xff, 0, 0};
        break;
    }
    return regs;
}

/* An index lookup for nearly all leaves. A leaf beyond the tables is zero on both vendors'
 * machines: Intel's own answer, the highest basic leaf's, serves nobody. */
static always_inline bool find_row(const struct guest_cpuid *table, u32 leaf,
                                   const struct cpuid **row)
{
    u32 index = guest_cpuid_row(leaf);

    if (unlikely(index >= GUEST_CPUID_ROWS)) {
        *row = leaf == GUEST_HYPERVISOR_OWN ? &table->own : &no_leaf;
        return true;
    }
    *row = &table->row[index];
    return !table->special[index];
}

void guest_cpuid_leaf(const struct guest *guest, u32 leaf, u32 sub, u32 out[4])
{
    const struct cpuid *row;
    struct cpuid closer;

    if (!find_row(guest->cpuid, leaf, &row)) {
        closer = look_closer(guest, leaf, sub, 0);
        row = &closer;
    }
    out[0] = row->eax, out[1] = row->ebx, out[2] = row->ecx, out[3] = row->edx;
}

static always_inline void answer(struct guest *guest, const struct cpuid *row)
{
    guest->gpr[GPR_RAX] = row->eax;
    guest->gpr[GPR_RBX] = row->ebx;
    guest->gpr[GPR_RCX] = row->ecx;
    guest->gpr[GPR_RDX] = row->edx;
}

static no_inline enum guest_action answer_closer(struct guest *guest)
{
    struct cpuid regs = look_closer(guest, (u32)guest->gpr[GPR_RAX], (u32)guest->gpr[GPR_RCX],
                                    guest->ops->get(guest, GUEST_CR4));
    answer(guest, &regs);
    return GUEST_NEXT;
}

enum guest_action guest_cpuid(struct guest *guest)
{
    const struct cpuid *row;

    if (unlikely(!find_row(guest->cpuid, (u32)guest->gpr[GPR_RAX], &row)))
        return answer_closer(guest);
    answer(guest, row);
    return GUEST_NEXT;
}

/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_cpuid.h"

#include "arch/x86/cpuid_bits.h"
#include "arch/x86/guest_cpuid_policy.h"
#include "arch/x86/guest_pv.h"
#include "arch/x86/guest_xstate.h"

#define BASIC_LAST    0x1fu
#define EXTENDED_LAST 0x80000021u

static u32 *reg_of(struct cpuid *regs, enum cpuid_reg reg)
{
    switch (reg) {
    case EAX:
        return &regs->eax;
    case EBX:
        return &regs->ebx;
    case ECX:
        return &regs->ecx;
    default:
        return &regs->edx;
    }
}

static struct cpuid *row_of(struct guest_cpuid *table, u32 leaf)
{
    return &table->row[guest_cpuid_row(leaf)];
}

/* Where a leaf of the tables stands: leaves with subleaves have a place of their own. */
static struct cpuid *place_of(struct guest_cpuid *table, u32 leaf, u32 sub)
{
    if (leaf == 7)
        return &table->feature[sub];
    return leaf == 0xd ? &table->xstate[sub] : row_of(table, leaf);
}

/* The highest leaf of each range that is shown; 0 if the host has none of the range. */
static u32 last_of(const struct guest_cpuid *table, u32 leaf)
{
    return table->row[guest_cpuid_row(leaf & 0xc0000000)].eax;
}

/* The ends of the ranges: what the host has, as far as there are rows for it. */
static void set_ends(struct guest_cpuid *table, const struct guest_traits *traits)
{
    u32 basic = traits->host(0, 0).eax, extended = traits->host(0x80000000, 0).eax;

    table->row[guest_cpuid_row(0)].eax = basic < BASIC_LAST ? basic : BASIC_LAST;
    /* A processor without extended leaves answers anything. */
    if (extended >> 16 == 0x8000)
        table->row[guest_cpuid_row(0x80000000)].eax =
            extended < EXTENDED_LAST ? extended : EXTENDED_LAST;
}

/* "AuthenticAMD", "HygonGenuine": the rest has Intel's registers and leaves. */
static bool is_amd(struct cpuid name)
{
    return name.ebx == 0x68747541 || name.ebx == 0x6f677948;
}

static struct cpuid filter(const struct cpuid_rule *rule, struct cpuid host)
{
    return (struct cpuid){
        (host.eax & rule->pass[EAX]) | rule->set[EAX],
        (host.ebx & rule->pass[EBX]) | rule->set[EBX],
        (host.ecx & rule->pass[ECX]) | rule->set[ECX],
        (host.edx & rule->pass[EDX]) | rule->set[EDX],
    };
}

static void apply_rules(struct guest_cpuid *table, const struct guest_traits *traits,
                        enum cpuid_vendor vendor)
{
    for (unsigned i = 0; i < cpuid_rule_count; i++) {
        const struct cpuid_rule *rule = &cpuid_rules[i];
        if (!(rule->vendor & vendor))
            continue;
        for (u32 leaf = rule->leaf; leaf <= rule->last && leaf <= last_of(table, leaf); leaf++) {
            u32 end = last_of(table, leaf);
            struct cpuid *to = place_of(table, leaf, rule->sub);
            if (rule->sub == 0 || traits->host(leaf, 0).eax >= rule->sub)
                *to = filter(rule, traits->host(leaf, rule->sub));
            if ((leaf & 0x3fffffff) == 0)
                to->eax = end;
        }
    }
}

static void apply_traits(struct guest_cpuid *table, enum cpuid_vendor vendor)
{
    for (unsigned i = 0; i < cpuid_trait_count; i++) {
        const struct cpuid_trait *row = &cpuid_traits[i];
        bool have = table->have & row->trait;
        if (!(row->vendor & vendor) || row->leaf > last_of(table, row->leaf) || have != row->ours)
            continue;
        u32 *reg = reg_of(place_of(table, row->leaf, row->sub), row->reg);
        *reg = have ? *reg | row->bits : *reg & ~row->bits;
    }
}

/* Leaf D: the components that guests get, where the host keeps them (SDM volume 1, 13.2). */
static void init_xstate(struct guest_cpuid *table, const struct guest_traits *traits)
{
    struct cpuid first = traits->host(0xd, 0);

    if (!(table->row[guest_cpuid_row(1)].ecx & XSAVE) || last_of(table, 0xd) < 0xd) {
        table->row[guest_cpuid_row(1)].ecx &= ~(u32)XSAVE;
        for (u32 i = 0; i < GUEST_XSTATES; i++)
            table->xstate[i] = (struct cpuid){0};
        return;
    }
    table->xcr0_allowed = guest_xcr0_of_host((u64)first.edx << 32 | first.eax);
    for (u32 i = 2; i < GUEST_XSTATES; i++) {
        if (!(table->xcr0_allowed >> i & 1))
            continue;
        struct cpuid host = traits->host(0xd, i);
        table->xstate[i] = (struct cpuid){host.eax, host.ebx, host.ecx & 2, 0};
    }
    table->xstate[0].eax = (u32)table->xcr0_allowed;
    table->xstate[0].ecx = guest_xstate_size(table, table->xcr0_allowed);
}

static void apply_states(struct guest_cpuid *table)
{
    for (unsigned i = 0; i < cpuid_state_count; i++) {
        const struct cpuid_state *row = &cpuid_states[i];
        if (row->leaf <= last_of(table, row->leaf) &&
            (table->xcr0_allowed & row->xcr0) != row->xcr0)
            *reg_of(place_of(table, row->leaf, row->sub), row->reg) &= ~row->bits;
    }
}

/* Bits that it takes to number `count` things. */
static u32 width_of(u32 count)
{
    return count < 2 ? 0 : highest_bit(count - 1) + 1;
}

/* Leaves 4 and 8000001D: the host's caches; the first two levels are a core's, the third is the
 * package's. EAX[25:14] is the APIC ids that share one, less one. */
static void init_caches(const struct guest_traits *traits, u32 leaf, struct cpuid *to, u32 cores)
{
    u32 ids = (1u << width_of(traits->vcpus)) - 1;

    for (u32 sub = 0; sub < GUEST_CACHES_MAX; sub++) {
        struct cpuid host = traits->host(leaf, sub);
        if (!(host.eax & 0x1f))
            return;
        u32 shared = bits_get(host.eax, 7, 5) >= 3 ? ids : 0;
        to[sub] = (struct cpuid){(host.eax & 0x3ff) | shared << 14 | cores << 26, host.ebx,
                                 host.ecx, host.edx & 7};
    }
}

/* The count of cores in all the leaves that tell of it; the vCPU's own number is put in later. */
static void init_topology(struct guest_cpuid *table, const struct guest_traits *traits)
{
    u32 vcpus = traits->vcpus, width = width_of(vcpus);

    table->row[guest_cpuid_row(1)].ebx |= vcpus << 16;
    table->level[0] = (struct cpuid){0, 1, 1 << 8, 0};
    table->level[1] = (struct cpuid){width, vcpus, 1 | 2 << 8, 0};
    if (!table->amd && last_of(table, 4) >= 4)
        init_caches(traits, 4, table->cache, (1u << width) - 1);
    if (table->amd && last_of(table, 0x80000008) >= 0x80000008)
        row_of(table, 0x80000008)->ecx = (vcpus - 1) | width << 12;
    if (last_of(table, 0x80000001) < 0x8000001e)
        row_of(table, 0x80000001)->ecx &= ~(u32)TOPOEXT;
    if (row_of(table, 0x80000001)->ecx & TOPOEXT)
        init_caches(traits, 0x8000001d, table->cache_amd, 0);
}

/* How far p/q is from up/down, times q * down. */
static u64 distance(u64 up, u64 down, u64 p, u64 q)
{
    return up * q > p * down ? up * q - p * down : p * down - up * q;
}

/*
 * The fraction nearest to up/down whose numerator stays within `limit`: Euclid's algorithm gives
 * the convergents. The first that is too large is shortened, and that or the one before is nearest.
 */
static void approximate(u64 up, u64 down, u64 limit, u32 *numerator, u32 *denominator)
{
    u64 p0 = 0, q0 = 1, p = 1, q = 0;

    for (u64 a = up, b = down; b;) {
        u64 digit = a / b, rest = a % b;
        u64 room = p ? (limit - p0) / p : digit;
        u64 take = digit < room ? digit : room;
        u64 p2 = take * p + p0, q2 = take * q + q0;
        if (take < digit && distance(up, down, p2, q2) * q >= distance(up, down, p, q) * q2)
            break;
        p0 = p, q0 = q, p = p2, q = q2;
        if (take < digit)
            break;
        a = b, b = rest;
    }
    *numerator = (u32)p;
    *denominator = (u32)q;
}

/*
 * Leaves 15 and 16, where the host has them: the crystal is the APIC timer's clock, as software
 * takes it to be. Linux multiplies kHz and numerator in 32 bits.
 */
static void init_frequency(struct guest_cpuid *table, const struct guest_traits *traits)
{
    u32 last = last_of(table, 0), mhz = (u32)((traits->tsc_khz + 500) / 1000);
    struct cpuid ratio = {0, 0, GUEST_APIC_TIMER_KHZ * 1000, 0};

    if (last >= 0x15 && traits->tsc_khz) {
        approximate(traits->tsc_khz, GUEST_APIC_TIMER_KHZ, ~0u / GUEST_APIC_TIMER_KHZ, &ratio.ebx,
                    &ratio.eax);
        table->row[guest_cpuid_row(0x15)] = ratio;
    }
    if (last >= 0x16 && traits->tsc_khz)
        table->row[guest_cpuid_row(0x16)] = (struct cpuid){mhz & 0xffff, mhz & 0xffff, 100, 0};
}

static void init_hypervisor(struct guest_cpuid *table, const struct guest_traits *traits)
{
    struct cpuid *first = row_of(table, GUEST_HYPERVISOR_LEAF);

    *first = (struct cpuid){GUEST_HYPERVISOR_LAST, 0x76697254, 0x72547465, 0x74657669};
    if (table->have & TRAIT_PV) { /* "KVMKVMKVM", whose interface this is */
        table->own = *first;
        table->own.eax = GUEST_HYPERVISOR_OWN;
        *first = (struct cpuid){GUEST_HYPERVISOR_LAST, 0x4b4d564b, 0x564b4d56, 0x4d};
        row_of(table, GUEST_HYPERVISOR_LEAF + 1)->eax =
            PV_CLOCK_OLD | PV_NO_IO_DELAY | PV_CLOCK | PV_EOI | PV_CLOCK_STABLE;
    }
    *row_of(table, GUEST_HYPERVISOR_LAST) =
        (struct cpuid){(u32)traits->tsc_khz, GUEST_APIC_TIMER_KHZ, 0, 0};
}

static void init_controls(struct guest_cpuid *table)
{
    for (unsigned i = 0; i < cpuid_control_count; i++) {
        const struct cpuid_control *row = &cpuid_controls[i];
        if (row->leaf > last_of(table, row->leaf) ||
            !(*reg_of(place_of(table, row->leaf, row->sub), row->reg) & row->bit))
            continue;
        table->cr4_allowed |= row->cr4;
        table->efer_allowed |= row->efer;
    }
}

/* Widths of addresses: 36 bits if nothing tells; five levels of paging are not offered. */
static void init_widths(struct guest_cpuid *table)
{
    struct cpuid *row = row_of(table, 0x80000008);

    table->physical_bits = row->eax & 0xff ? (u8)row->eax : 36;
    if (table->physical_bits > 52)
        table->physical_bits = 52;
    if (bits_get(row->eax, 15, 8) > 48)
        row->eax = (row->eax & 0xff) | 48 << 8;
}

/* The leaves that guest_cpuid looks at more closely. */
static void mark_special(struct guest_cpuid *table)
{
    static const u32 leaves[] = {1, 4, 7, 0xb, 0xd, 0x1f, 0x8000001d, 0x8000001e};

    for (unsigned i = 0; i < array_size(leaves); i++) {
        if (leaves[i] <= last_of(table, leaves[i]))
            table->special[guest_cpuid_row(leaves[i])] = true;
    }
    if (table->amd && last_of(table, 0x80000001) >= 0x80000001)
        table->special[guest_cpuid_row(0x80000001)] = true;
}

/* What a trait promises is there only if the host, too, has what it needs. */
static void settle_traits(struct guest_cpuid *table)
{
    if (!(row_of(table, 0x80000001)->edx & RDTSCP) && !(table->feature[0].ecx & RDPID))
        table->have &= ~(u32)TRAIT_RDTSCP;
    if (!(table->feature[0].ebx & INVPCID))
        table->have &= ~(u32)TRAIT_INVPCID;
    if (!(table->xstate[1].eax & XSAVES))
        table->have &= ~(u32)TRAIT_XSAVES;
    if (!(table->feature[0].ecx & WAITPKG))
        table->have &= ~(u32)TRAIT_USER_WAIT;
    if (!(table->feature[0].edx & ARCH_CAPABILITIES))
        table->have &= ~(u32)TRAIT_WEAK;
}

void guest_cpuid_init(struct guest_cpuid *table, const struct guest_traits *traits)
{
    *table = (struct guest_cpuid){.have = traits->have, .weak = traits->weak};
    if (traits->vcpus > 1)
        table->have |= TRAIT_SMP;
    table->amd = is_amd(traits->host(0, 0));
    enum cpuid_vendor vendor = table->amd ? VENDOR_AMD : VENDOR_INTEL;

    set_ends(table, traits);
    apply_rules(table, traits, vendor);
    if (last_of(table, 7) >= 7 && traits->host(7, 0).eax)
        table->feature[0].eax = 1;
    apply_traits(table, vendor);
    init_xstate(table, traits);
    apply_states(table);
    init_topology(table, traits);
    init_frequency(table, traits);
    init_hypervisor(table, traits);
    init_widths(table);
    init_controls(table);
    mark_special(table);
    settle_traits(table);
}

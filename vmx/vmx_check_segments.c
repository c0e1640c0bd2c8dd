/* SPDX-License-Identifier: MIT */
/* Guest segment registers: SDM 3, 27.3.1.2. */
#include "vmx/vmx_check_rules.h"

enum { ES, CS, SS, DS, FS, GS, LDTR, TR };

/* One register's fields: in each group of the VMCS they stand in this order, 2 apart. */
struct segment {
    unsigned which;
    u32 selector_field, base_field, limit_field, access_field;
    u64 selector, base, limit, access;
    unsigned type, dpl, rpl;
    bool usable;
};

static struct segment segment_of(const struct vmx_check *c, unsigned which)
{
    struct segment s = {.which = which,
                        .selector_field = VMCS_GUEST_ES + 2 * which,
                        .base_field = VMCS_GUEST_ES_BASE + 2 * which,
                        .limit_field = VMCS_GUEST_ES_LIMIT + 2 * which,
                        .access_field = VMCS_GUEST_ES_ACCESS + 2 * which};
    s.selector = field(c, s.selector_field);
    s.base = field(c, s.base_field);
    s.limit = field(c, s.limit_field);
    s.access = field(c, s.access_field);
    s.type = (unsigned)(s.access & ACCESS_TYPE);
    s.dpl = (unsigned)bits_get(s.access, 6, 5);
    s.rpl = (unsigned)(s.selector & 3);
    s.usable = !(s.access & ACCESS_UNUSABLE);
    return s;
}

/* Bits that every register which counts shares: reserved bits, P, and G against the limit. */
static void check_common_access(struct vmx_check *c, const struct segment *s)
{
    must(c, s->access_field, s->access & ACCESS_P, "the segment is present");
    must(c, s->access_field, (s->access & (ACCESS_RESERVED_LOW | ACCESS_RESERVED_HIGH)) == 0,
         "bits 11:8 and 31:17 of the access rights are 0");
    must(c, s->access_field, implies(~s->limit & 0xfff, !(s->access & ACCESS_G)),
         "G is 0 where not all of the limit's bits 11:0 are 1");
    must(c, s->access_field, implies(s->limit >> 20, s->access & ACCESS_G),
         "G is 1 where any of the limit's bits 31:20 is 1");
}

/* Virtual-8086 mode leaves no choice. */
static void check_v8086(struct vmx_check *c, const struct segment *s)
{
    must(c, s->base_field, s->base == s->selector << 4,
         "in virtual-8086 mode the base is the selector times 16");
    must(c, s->limit_field, s->limit == 0xffff, "in virtual-8086 mode the limit is 0xffff");
    must(c, s->access_field, s->access == 0xf3, "in virtual-8086 mode the access rights are 0xf3");
}

static void check_cs(struct vmx_check *c, const struct segment *cs)
{
    unsigned ss_dpl = (unsigned)bits_get(c->ss_access, 6, 5);
    bool code = cs->type >= 8 && (cs->type & 1), conforming = cs->type & 4;
    must(c, cs->base_field, cs->base >> 32 == 0, "bits 63:32 of CS.base are 0");
    must(c, cs->access_field, code || (c->unrestricted && cs->type == 3),
         "CS has type 9, 11, 13 or 15, or 3 in an unrestricted guest");
    must(c, cs->access_field, implies(cs->type == 3, cs->dpl == 0),
         "CS.DPL is 0 where CS has type 3");
    must(c, cs->access_field, implies(code && !conforming, cs->dpl == ss_dpl),
         "CS.DPL is SS.DPL where CS has type 9 or 11");
    must(c, cs->access_field, implies(code && conforming, cs->dpl <= ss_dpl),
         "CS.DPL is not above SS.DPL where CS has type 13 or 15");
    must(c, cs->access_field,
         implies(c->ia32e && (cs->access & ACCESS_L), !(cs->access & ACCESS_DB)),
         "CS.D is 0 where CS.L is 1");
}

/* SS.DPL is the guest's CPL, and counts even where SS is unusable. */
static void check_ss(struct vmx_check *c, const struct segment *ss)
{
    must(c, ss->selector_field, implies(!c->unrestricted, ss->rpl == (field(c, VMCS_GUEST_CS) & 3)),
         "SS.RPL is CS.RPL");
    must(c, ss->access_field, implies(!c->unrestricted, ss->dpl == ss->rpl), "SS.DPL is SS.RPL");
    must(c, ss->access_field, implies((c->cs_access & ACCESS_TYPE) == 3, ss->dpl == 0),
         "SS.DPL is 0 where CS has type 3");
    must(c, ss->access_field, implies(!(c->cr0 & CR0_PE), ss->dpl == 0),
         "SS.DPL is 0 where CR0.PE is 0");
    must(c, ss->access_field, implies(ss->usable, ss->type == 3 || ss->type == 7),
         "SS has type 3 or 7");
}

static void check_data(struct vmx_check *c, const struct segment *s)
{
    if (!s->usable)
        return;
    must(c, s->access_field, s->type & 1, "the segment is accessed: bit 0 of its type is 1");
    must(c, s->access_field, implies(s->type & 8, s->type & 2), "a code segment is readable");
    must(c, s->access_field, implies(!c->unrestricted && s->type <= 11, s->dpl >= s->rpl),
         "DPL is not below the selector's RPL where the type is 0 to 11");
}

static void check_code_or_data(struct vmx_check *c, unsigned which)
{
    struct segment s = segment_of(c, which);
    if (c->v8086) {
        check_v8086(c, &s);
        return;
    }
    if (which == FS || which == GS)
        must(c, s.base_field, canonical(c, s.base), "FS.base and GS.base are canonical");
    else if (which != CS)
        must(c, s.base_field, implies(s.usable, s.base >> 32 == 0),
             "bits 63:32 of the bases of ES, SS and DS are 0");
    if (which == CS)
        check_cs(c, &s);
    else if (which == SS)
        check_ss(c, &s);
    else
        check_data(c, &s);
    if (which != CS && !s.usable)
        return;
    must(c, s.access_field, s.access & ACCESS_S, "the segment is code or data: S is 1");
    check_common_access(c, &s);
}

static void check_tr(struct vmx_check *c)
{
    struct segment tr = segment_of(c, TR);
    must(c, tr.selector_field, !(tr.selector & 4), "TR's selector has TI 0");
    must(c, tr.base_field, canonical(c, tr.base), "TR.base is canonical");
    must(c, tr.access_field, tr.type == 11 || (tr.type == 3 && !c->ia32e),
         "TR is a busy TSS: type 11, or 3 outside IA-32e mode");
    must(c, tr.access_field, !(tr.access & ACCESS_S), "TR is a system segment: S is 0");
    must(c, tr.access_field, tr.usable, "TR is usable");
    check_common_access(c, &tr);
}

static void check_ldtr(struct vmx_check *c)
{
    struct segment ldtr = segment_of(c, LDTR);
    if (!ldtr.usable)
        return;
    must(c, ldtr.selector_field, !(ldtr.selector & 4), "LDTR's selector has TI 0");
    must(c, ldtr.base_field, canonical(c, ldtr.base), "LDTR.base is canonical");
    must(c, ldtr.access_field, ldtr.type == 2, "LDTR has type 2");
    must(c, ldtr.access_field, !(ldtr.access & ACCESS_S), "LDTR is a system segment: S is 0");
    check_common_access(c, &ldtr);
}

void check_guest_segments(struct vmx_check *c)
{
    static const unsigned order[] = {CS, SS, DS, ES, FS, GS};
    c->section = "27.3.1.2";
    for (unsigned i = 0; i < array_size(order); i++)
        check_code_or_data(c, order[i]);
    check_tr(c);
    check_ldtr(c);
}

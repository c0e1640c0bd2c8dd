/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_load.h"

#include "arch/x86/guest_space.h"

enum { LOCAL = 4, RPL = 3, INDEX = 0xfff8 };

#define ACCESSED      BIT(40) /* in a descriptor of code or data */
#define TYPE_LDT      2
#define CONFORMING    SEGMENT_DOWN     /* of code */
#define READABLE      SEGMENT_WRITABLE /* of code */
#define CODE_OR_DATA  (SEGMENT_S | SEGMENT_CODE)
#define dpl_of(entry) ((u16)((entry) >> 45 & 3))

bool guest_selector_fault(struct guest *guest, u8 vector, u16 selector, u32 external)
{
    guest_raise_error(guest, vector, (selector & 0xfffcu) | external);
    return false;
}

bool guest_descriptor_read(struct guest *guest, u16 selector, u8 vector, u32 external,
                           struct guest_descriptor *out)
{
    struct guest_segment table;

    guest->ops->segment(guest, selector & LOCAL ? SEG_LDTR : SEG_GDTR, &table);
    if (!(selector & ~RPL) || (selector & LOCAL && table.access & SEGMENT_UNUSABLE) ||
        (selector | 7u) > table.limit)
        return guest_selector_fault(guest, vector, selector, external);
    out->selector = selector;
    out->at = (u32)(table.base + (selector & INDEX));
    return guest_system_read(guest, out->at, &out->raw, 8);
}

/* SDM 3, figure 3-8: base in three pieces, limit in two; access rights as the VMCS has them. */
struct guest_segment guest_descriptor_segment(u64 raw)
{
    u32 limit = (u32)((raw & MASK(15, 0)) | (raw >> 32 & MASK(19, 16)));
    u32 access = (u32)(raw >> 40) & 0xf0ff;

    return (struct guest_segment){
        .base = (raw >> 16 & MASK(23, 0)) | (raw >> 32 & MASK(31, 24)),
        .limit = access & SEGMENT_PAGES ? limit << 12 | 0xfff : limit,
        .access = access,
    };
}

void guest_load_selector(struct guest *guest, enum seg_reg which, u16 selector, u8 cpl)
{
    struct guest_segment segment = {.access = SEGMENT_UNUSABLE};

    if (which == SEG_SS)
        segment.access |= SEGMENT_DPL(cpl);
    if (which == SEG_CS) /* no unusable CS exists; this one lasts until the fault's handler */
        segment = (struct guest_segment){0, 0xffffffff,
                                         SEGMENT_PAGES | SEGMENT_BIG | SEGMENT_PRESENT |
                                             SEGMENT_DPL(cpl) | CODE_OR_DATA | READABLE | 1};
    guest->ops->set_segment(guest, which, selector, &segment);
}

/* 21.2.1, and what VM entry asks for (27.3.1.2). */
void guest_load_v86(struct guest *guest, enum seg_reg which, u16 selector)
{
    guest->ops->set_segment(guest, which, selector,
                            &(struct guest_segment){(u64)selector << 4, 0xffff,
                                                    SEGMENT_PRESENT | SEGMENT_DPL(3) | SEGMENT_S |
                                                        SEGMENT_WRITABLE | 1});
}

bool guest_load_ldtr(struct guest *guest, u16 selector, u32 external)
{
    struct guest_descriptor d;
    struct guest_segment segment = {.access = SEGMENT_UNUSABLE};

    if (selector & ~RPL) {
        if (selector & LOCAL)
            return guest_selector_fault(guest, VECTOR_TS, selector, external);
        if (!guest_descriptor_read(guest, selector, VECTOR_TS, external, &d))
            return false;
        segment = guest_descriptor_segment(d.raw);
        if ((segment.access & (SEGMENT_S | SEGMENT_TYPE)) != TYPE_LDT ||
            !(segment.access & SEGMENT_PRESENT))
            return guest_selector_fault(guest, VECTOR_TS, selector, external);
    }
    guest->ops->set_segment(guest, SEG_LDTR, selector, &segment);
    return true;
}

/* The new task's CPL is its CS's RPL: a conforming segment may be more privileged. */
static bool code_fits(u32 access, u16 selector, u16 dpl)
{
    if ((access & CODE_OR_DATA) != CODE_OR_DATA)
        return false;
    return access & CONFORMING ? dpl <= (selector & RPL) : dpl == (selector & RPL);
}

static bool stack_fits(u32 access, u16 selector, u16 dpl, unsigned cpl)
{
    return (access & (CODE_OR_DATA | SEGMENT_WRITABLE)) == (SEGMENT_S | SEGMENT_WRITABLE) &&
           (selector & RPL) == cpl && dpl == cpl;
}

/* Readable; and but for conforming code no more privileged than CPL and RPL. */
static bool data_fits(u32 access, u16 selector, u16 dpl, unsigned cpl)
{
    if (!(access & SEGMENT_S) || (access & SEGMENT_CODE && !(access & READABLE)))
        return false;
    return (access & SEGMENT_CODE && access & CONFORMING) ||
           (dpl >= cpl && dpl >= (selector & RPL));
}

static bool fits(struct guest *guest, enum seg_reg which, u32 access, u16 selector, u16 dpl)
{
    unsigned cpl = guest->ops->cpl(guest);

    if (which == SEG_CS)
        return code_fits(access, selector, dpl);
    if (which == SEG_SS)
        return stack_fits(access, selector, dpl, cpl);
    return data_fits(access, selector, dpl, cpl);
}

static bool mark_accessed(struct guest *guest, struct guest_descriptor *d)
{
    if (d->raw & ACCESSED)
        return true;
    d->raw |= ACCESSED;
    u8 byte = (u8)(d->raw >> 40);
    return guest_system_write(guest, (u32)(d->at + 5), &byte, 1);
}

bool guest_load_segment(struct guest *guest, enum seg_reg which, u16 selector, u32 external)
{
    struct guest_descriptor d;
    struct guest_segment segment = {.access = SEGMENT_UNUSABLE};

    if (!(selector & ~RPL) && which != SEG_CS && which != SEG_SS) {
        guest->ops->set_segment(guest, which, selector, &segment);
        return true;
    }
    if (!guest_descriptor_read(guest, selector, VECTOR_TS, external, &d))
        return false;
    segment = guest_descriptor_segment(d.raw);
    if (!fits(guest, which, segment.access, selector, dpl_of(d.raw)))
        return guest_selector_fault(guest, VECTOR_TS, selector, external);
    if (!(segment.access & SEGMENT_PRESENT))
        return guest_selector_fault(guest, which == SEG_SS ? VECTOR_SS : VECTOR_NP, selector,
                                    external);
    if (!mark_accessed(guest, &d))
        return false;
    segment.access |= 1;
    guest->ops->set_segment(guest, which, selector, &segment);
    return true;
}

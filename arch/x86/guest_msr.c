/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_msr.h"

#include "arch/x86/guest_apic.h"

/* The row of a register that this guest has; NULL. */
static const struct msr_row *find(const struct guest *guest, u32 msr)
{
    unsigned low = 0, high = msr_row_count;
    enum msr_vendor vendor = guest->cpuid->amd ? MSR_AMD : MSR_INTEL;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (msr_rows[middle].last < msr)
            low = middle + 1;
        else
            high = middle;
    }
    const struct msr_row *row = &msr_rows[low];
    if (low == msr_row_count || msr < row->first)
        return NULL;
    if (!(row->vendor & vendor)) {
        row++;
        if (low + 1 == msr_row_count || msr < row->first || !(row->vendor & vendor))
            return NULL;
    }
    return row->trait && !(guest->cpuid->have & row->trait) ? NULL : row;
}

static bool canonical(u64 value)
{
    return (u64)((s64)(value << 16) >> 16) == value;
}

static bool well_formed(enum msr_form form, u64 value)
{
    switch (form) {
    case FORM_CANONICAL:
        return canonical(value);
    case FORM_32:
        return value >> 32 == 0;
    default:
        return true;
    }
}

/* On the host there is no loaded vCPU: where it would be saved stands for the processor. */
static u64 *saved(struct guest *guest, u32 msr)
{
    switch (msr) {
    case MSR_STAR:
        return &guest->star;
    case MSR_LSTAR:
        return &guest->lstar;
    case MSR_CSTAR:
        return &guest->cstar;
    case MSR_FMASK:
        return &guest->fmask;
    case MSR_KERNEL_GS_BASE:
        return &guest->kernel_gs_base;
    default:
        return &guest->tsc_aux;
    }
}

static bool live_read(struct guest *guest, u32 msr, u64 *value)
{
    if (HOST) {
        *value = *saved(guest, msr);
        return true;
    }
    return msr_read_safe(msr, value);
}

static bool live_write(struct guest *guest, u32 msr, u64 value)
{
    if (!HOST && !msr_write_safe(msr, value))
        return false;
    *saved(guest, msr) = value;
    return true;
}

static bool read(struct guest *guest, const struct msr_row *row, u32 msr, u64 *value)
{
    switch (row->kind) {
    case MSR_CONSTANT:
    case MSR_IGNORE:
        *value = row->value;
        return true;
    case MSR_EMULATE:
        *value = row->read(guest, msr);
        return true;
    case MSR_CONTROL:
        *value = guest->ops->get(guest, row->where);
        return true;
    case MSR_LIVE:
        return live_read(guest, msr, value);
    case MSR_APIC:
        return guest_apic_msr_read(guest, msr, value);
    default:
        return false;
    }
}

static bool write(struct guest *guest, const struct msr_row *row, u32 msr, u64 value)
{
    if (!well_formed(row->form, value))
        return false;
    switch (row->kind) {
    case MSR_IGNORE:
    case MSR_SINK:
        return true;
    case MSR_EMULATE:
        return row->write(guest, msr, value);
    case MSR_CONTROL:
        guest->ops->set(guest, row->where, value);
        return true;
    case MSR_LIVE:
        return live_write(guest, msr, value);
    case MSR_APIC:
        return guest_apic_msr_write(guest, msr, value);
    default:
        return false;
    }
}

static void give(struct guest *guest, u64 value)
{
    guest->gpr[GPR_RAX] = (u32)value;
    guest->gpr[GPR_RDX] = value >> 32;
}

static no_inline enum guest_action refuse(struct guest *guest, const struct msr_row *row)
{
    if (!row)
        guest->msr_refused++;
    return guest_gp(guest);
}

static no_inline enum guest_action read_by_table(struct guest *guest, u32 msr)
{
    const struct msr_row *row = find(guest, msr);
    u64 value;

    if (unlikely(!row || !read(guest, row, msr, &value)))
        return refuse(guest, row);
    give(guest, value);
    return GUEST_NEXT;
}

static no_inline enum guest_action write_by_table(struct guest *guest, u32 msr, u64 value)
{
    const struct msr_row *row = find(guest, msr);

    if (unlikely(!row || !write(guest, row, msr, value)))
        return refuse(guest, row);
    return GUEST_NEXT;
}

/* Those that operating systems use all the time; a refusal is the table's to tell. */
static bool is_x2apic(const struct guest *guest, u32 msr)
{
    return msr - MSR_X2APIC <= MSR_X2APIC_LAST - MSR_X2APIC && guest->cpuid->have & TRAIT_X2APIC;
}

static no_inline enum guest_action read_x2apic(struct guest *guest, u32 msr)
{
    u64 value;

    if (!guest_apic_msr_read(guest, msr, &value))
        return read_by_table(guest, msr);
    give(guest, value);
    return GUEST_NEXT;
}

static no_inline enum guest_action write_x2apic(struct guest *guest, u32 msr, u64 value)
{
    bool good = msr == MSR_X2APIC_ICR ? guest->apic->send(guest, value)
                                      : guest_apic_msr_write(guest, msr, value);

    return likely(good) ? GUEST_NEXT : write_by_table(guest, msr, value);
}

/* TSC_ADJUST goes first: Linux reads it again and again, to see whether firmware has touched the
 * clock. */
enum guest_action guest_rdmsr(struct guest *guest)
{
    u32 msr = (u32)guest->gpr[GPR_RCX];

    if (unlikely(msr != MSR_TSC_ADJUST))
        return is_x2apic(guest, msr) ? read_x2apic(guest, msr) : read_by_table(guest, msr);
    give(guest, guest->tsc_adjust);
    return GUEST_NEXT;
}

/* The timer is set many times a second. */
enum guest_action guest_wrmsr(struct guest *guest)
{
    u32 msr = (u32)guest->gpr[GPR_RCX];
    u64 value = guest->gpr[GPR_RDX] << 32 | (u32)guest->gpr[GPR_RAX];

    if (msr == MSR_TSC_DEADLINE && guest->cpuid->have & TRAIT_TSC_DEADLINE)
        guest->apic->arm(guest, value);
    else if (msr == MSR_TSC_ADJUST)
        msr_tsc_adjust_write(guest, msr, value);
    else if (is_x2apic(guest, msr))
        return write_x2apic(guest, msr, value);
    else
        return write_by_table(guest, msr, value);
    return GUEST_NEXT;
}

void guest_msr_passed(void (*pass)(void *bitmap, u32 msr, bool read, bool write), void *bitmap)
{
    for (unsigned i = 0; i < msr_row_count; i++) {
        const struct msr_row *row = &msr_rows[i];
        for (u32 msr = row->first; row->passed && msr <= row->last; msr++)
            pass(bitmap, msr, row->passed & MSR_PASS_READ, row->passed & MSR_PASS_WRITE);
    }
}

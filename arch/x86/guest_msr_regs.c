/* SPDX-License-Identifier: MIT */
/*
 * The emulated MSRs one by one: how each reads, and which values it takes. SDM volume 4, table 2-2.
 */
#include "arch/x86/guest_msr.h"

#include "arch/x86/guest_apic.h"
#include "drivers/emu/dev.h"
#include "arch/x86/guest_xstate.h"

/* --- time: SDM volume 3, 18.17.3. TSC and TSC_ADJUST move together, whichever is written
 * ---------- */

static void move_tsc(struct guest *guest, u64 by)
{
    guest->ops->set(guest, GUEST_TSC_OFFSET, guest->ops->get(guest, GUEST_TSC_OFFSET) + by);
    guest->tsc_adjust += by;
    if (guest->pv_clock & 1 || guest->vcpu.deadline != DEV_NEVER)
        guest->apic->tsc_changed(guest);
}

u64 msr_tsc_read(const struct guest *guest, u32 msr)
{
    (void)msr;
    return tsc_read() + guest->ops->get((struct guest *)guest, GUEST_TSC_OFFSET);
}

bool msr_tsc_write(struct guest *guest, u32 msr, u64 value)
{
    move_tsc(guest, value - msr_tsc_read(guest, msr));
    return true;
}

u64 msr_tsc_adjust_read(const struct guest *guest, u32 msr)
{
    (void)msr;
    return guest->tsc_adjust;
}

bool msr_tsc_adjust_write(struct guest *guest, u32 msr, u64 value)
{
    (void)msr;
    move_tsc(guest, value - guest->tsc_adjust);
    return true;
}

/* --- Intel's odds and ends
 * ------------------------------------------------------------------------------ */

#define MISC_FAST_STRINGS BIT(0)
#define MISC_THERMAL      BIT(3)
#define MISC_PMU          BIT(7)
#define MISC_NO_BTS       BIT(11)
#define MISC_NO_PEBS      BIT(12)
#define MISC_SPEEDSTEP    BIT(16)
#define MISC_MONITOR      BIT(18)
#define MISC_LIMIT_CPUID  BIT(22)
#define MISC_NO_XTPR      BIT(23)
#define MISC_NO_NX        BIT(34)
#define MISC_NO_TURBO     BIT(38)
#define MISC_KEPT         MISC_FAST_STRINGS
#define MISC_KNOWN                                                                                 \
    (MISC_FAST_STRINGS | MISC_THERMAL | MISC_PMU | MISC_NO_BTS | MISC_NO_PEBS | MISC_SPEEDSTEP |   \
     MISC_MONITOR | MISC_LIMIT_CPUID | MISC_NO_XTPR | MISC_NO_NX | MISC_NO_TURBO)
#define MISC_RESET (MISC_FAST_STRINGS | MISC_NO_BTS | MISC_NO_PEBS)

u64 msr_weak_read(const struct guest *guest, u32 msr)
{
    (void)msr;
    return guest->cpuid->weak;
}

/* Read only. */
bool msr_weak_write(struct guest *guest, u32 msr, u64 value)
{
    (void)guest, (void)msr, (void)value;
    return false;
}

u64 msr_misc_enable_read(const struct guest *guest, u32 msr)
{
    (void)msr;
    return guest->misc_enable;
}

/* Switches of what the guest has not got stay as they are. */
bool msr_misc_enable_write(struct guest *guest, u32 msr, u64 value)
{
    (void)msr;
    if (value & ~MISC_KNOWN)
        return false;
    guest->misc_enable = (guest->misc_enable & ~MISC_KEPT) | (value & MISC_KEPT);
    return true;
}

u64 msr_mcg_status_read(const struct guest *guest, u32 msr)
{
    (void)msr;
    return guest->mcg_status;
}

/* RIPV, EIPV, MCIP. */
bool msr_mcg_status_write(struct guest *guest, u32 msr, u64 value)
{
    (void)msr;
    if (value & ~MASK(2, 0))
        return false;
    guest->mcg_status = value;
    return true;
}

u64 msr_debugctl_read(const struct guest *guest, u32 msr)
{
    (void)guest, (void)msr;
    return 0;
}

/* Branches are neither recorded nor stepped by; who asks for it sees that it stays off. */
bool msr_debugctl_write(struct guest *guest, u32 msr, u64 value)
{
    (void)guest, (void)msr;
    return !(value & ~(DEBUGCTL_LBR | DEBUGCTL_BTF));
}

u64 msr_umwait_read(const struct guest *guest, u32 msr)
{
    (void)msr;
    return guest->umwait_control;
}

/* Kept without effect: how deep and long a guest may wait is the core's. */
bool msr_umwait_write(struct guest *guest, u32 msr, u64 value)
{
    (void)msr;
    if (value & ~(MASK(31, 2) | BIT(0)))
        return false;
    guest->umwait_control = value;
    return true;
}

u64 msr_xss_read(const struct guest *guest, u32 msr)
{
    (void)msr;
    return guest->xss;
}

bool msr_xss_write(struct guest *guest, u32 msr, u64 value)
{
    if (value & ~guest->cpuid->xss_allowed)
        return false;
    guest->xss = value;
    return HOST || msr_write_safe(msr, value);
}

/* --- registers of the control block that need more than a look at their form
 * ---------------------------- */

u64 msr_efer_read(const struct guest *guest, u32 msr)
{
    (void)msr;
    return guest->ops->get((struct guest *)guest, GUEST_EFER);
}

/* SDM volume 3, 2.2.1 and 10.8.5; AMD APM volume 2, 3.1.7: LMA is the processor's, and LME stays as
 * it is while paging is on. */
bool msr_efer_write(struct guest *guest, u32 msr, u64 value)
{
    u64 old = guest->ops->get(guest, GUEST_EFER);
    bool paging = guest->ops->get(guest, GUEST_CR0) & CR0_PG;

    (void)msr;
    if ((value & ~guest_efer_allowed(guest)) || (paging && ((value ^ old) & EFER_LME)))
        return false;
    guest->ops->set(guest, GUEST_EFER, (value & ~EFER_LMA) | (old & EFER_LMA));
    return true;
}

u64 msr_pat_read(const struct guest *guest, u32 msr)
{
    (void)msr;
    return guest->ops->get((struct guest *)guest, GUEST_PAT);
}

bool msr_pat_write(struct guest *guest, u32 msr, u64 value)
{
    (void)msr;
    if (!pat_valid(value))
        return false;
    guest->ops->set(guest, GUEST_PAT, value);
    return true;
}

void guest_msr_reset(struct guest *guest)
{
    guest->xcr0 = XCR0_X87;
    guest->xss = 0;
    guest->tsc_adjust = 0;
    guest->misc_enable = MISC_RESET;
    guest->mcg_status = 0;
    guest->umwait_control = 0;
    guest->star = guest->lstar = guest->cstar = guest->fmask = 0;
    guest->kernel_gs_base = guest->tsc_aux = 0;
    msr_mtrr_reset(guest);
}

/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_cr.h"

#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"

/* SDM 2, MOV to control registers; APM 2, 3.1.3 and 5.5.1. */
bool guest_cr4_fits(struct guest *guest, u64 value)
{
    u64 old = guest->ops->get(guest, GUEST_CR4);
    bool long_mode = guest->ops->get(guest, GUEST_EFER) & EFER_LMA;

    if (value & ~guest_cr4_allowed(guest))
        return false;
    if (long_mode && (!(value & CR4_PAE) || (value ^ old) & CR4_LA57))
        return false;
    if (value & ~old & CR4_PCIDE)
        return long_mode && !(guest->ops->get(guest, GUEST_CR3) & MASK(11, 0));
    return true;
}

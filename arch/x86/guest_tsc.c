/* SPDX-License-Identifier: MIT */
#include "arch/arch.h"
#include "arch/x86/clock.h"
#include "arch/x86/cpu.h"
#include "arch/x86/guest_apic.h"

u64 guest_tsc_time(const struct guest *guest, u64 tsc)
{
    u64 now = guest_tsc(guest), left = tsc - now;

    if (tsc <= now)
        return arch_now();
    return left >> 62 ? ~0ull : clock_ns_of(tsc - guest->tsc_adjust) + 1;
}

/* SPDX-License-Identifier: MIT */
/*
 * The paravirtual clock and end of interrupt, by the interface that Linux's KVM has documented
 * (Documentation/virt/kvm/x86/{cpuid,msr}.rst): stock kernels read the time without an exit.
 */
#ifndef ARCH_X86_GUEST_PV_H
#define ARCH_X86_GUEST_PV_H

#include "arch/x86/guest.h"

#define MSR_PV_WALL_OLD  0x11u
#define MSR_PV_CLOCK_OLD 0x12u
#define MSR_PV_WALL      0x4b564d00u
#define MSR_PV_CLOCK     0x4b564d01u
#define MSR_PV_EOI       0x4b564d04u

/* Leaf 40000001, EAX. */
#define PV_CLOCK_OLD    BIT(0)
#define PV_NO_IO_DELAY  BIT(1)
#define PV_CLOCK        BIT(3)
#define PV_EOI          BIT(6)
#define PV_CLOCK_STABLE BIT(24)

/* In the guest's memory; nothing changes while it looks, so `version` stays even. */
struct pv_clock {
    u32 version, unused;
    u64 tsc; /* at ... */
    u64 ns;  /* ... this time, and from there on ((TSC << shift) * scale) >> 32 */
    u32 scale;
    s8 shift;
    u8 flags; /* PV_CLOCK_IS_STABLE */
    u8 unused2[2];
};
_Static_assert(sizeof(struct pv_clock) == 32, "what guests read");

#define PV_CLOCK_IS_STABLE 1

struct pv_wall {
    u32 version, seconds, ns; /* when the clock was 0 */
};
_Static_assert(sizeof(struct pv_wall) == 12, "what guests read");

/* From 2^31 up, and the shift that goes with it. */
void pv_clock_scale(u64 hz, u32 *scale, s8 *shift);

/* After the guest's TSC has been set. */
void guest_pv_tsc_changed(struct guest *guest);

u64 msr_pv_read(const struct guest *guest, u32 msr);
bool msr_pv_wall_write(struct guest *guest, u32 msr, u64 value);
bool msr_pv_clock_write(struct guest *guest, u32 msr, u64 value);

#endif

/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_pv.h"

#include "arch/x86/clock.h"

/* 10^9 / hz = scale * 2^(shift - 32), as exactly as 32 bits of scale have it. */
void pv_clock_scale(u64 hz, u32 *scale, s8 *shift)
{
    u64 up = NS_PER_S, down = hz;

    for (*shift = 0; up >= down; ++*shift)
        down *= 2;
    for (; 2 * up < down; --*shift)
        up *= 2;
    *scale = (u32)mul_div(up, 1ull << 32, down);
}

/*
 * The same line for all vCPUs of all machines, from the moment when the clock was 0: they can never
 * differ, and it never has to be written again.
 */
static void fill(const struct guest *guest, struct pv_clock *clock)
{
    struct pv_clock line = {.flags = PV_CLOCK_IS_STABLE};

    line.tsc = clock_tsc_of(0) + guest->tsc_adjust;
    pv_clock_scale(clock_tsc_hz(), &line.scale, &line.shift);
    *clock = line;
}

void guest_pv_tsc_changed(struct guest *guest)
{
    if (guest->pv_clock & 1)
        fill(guest, vm_at(guest->vcpu.vm, gpa(guest->pv_clock & ~1ull), sizeof(struct pv_clock)));
}

u64 msr_pv_read(const struct guest *guest, u32 msr)
{
    return msr == MSR_PV_CLOCK || msr == MSR_PV_CLOCK_OLD ? guest->pv_clock : guest->pv_wall;
}

bool msr_pv_wall_write(struct guest *guest, u32 msr, u64 value)
{
    struct vm *vm = guest->vcpu.vm;
    struct pv_wall wall = {0, (u32)(vm->epoch / NS_PER_S), (u32)(vm->epoch % NS_PER_S)};

    (void)msr;
    if (!vm_write(vm, gpa(value), &wall, sizeof wall))
        return false;
    guest->pv_wall = value;
    return true;
}

/* Bit 0 switches it on. */
bool msr_pv_clock_write(struct guest *guest, u32 msr, u64 value)
{
    (void)msr;
    if (value & 1 &&
        (value & 2 || !vm_at(guest->vcpu.vm, gpa(value & ~1ull), sizeof(struct pv_clock))))
        return false;
    guest->pv_clock = value;
    guest_pv_tsc_changed(guest);
    return true;
}

/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_apic.h"

#include "arch/x86/msr.h"

/* The vendor's control block may have a TPR of its own, and what it lets through has changed. */
void guest_apic_wrote(struct guest *guest)
{
    guest->ops->set(guest, GUEST_CR8, guest_cr8(guest));
    guest->apic_moved = true;
    __atomic_or_fetch(&guest->vcpu.attention, (u32)ATTENTION_EVENT, __ATOMIC_RELAXED);
}

static bool is_at(const struct guest *guest, gpa_t at)
{
    return guest_apic_is_near(at) && guest->apic->mode(guest) == GUEST_APIC_IN_MEMORY;
}

/* Registers are 32 bits wide, every 16 bytes; what else may be read is up to the model (SDM 3,
 * 11.4.1), and here it is the register's bytes, and zeroes between them. */
bool guest_apic_read(struct guest *guest, gpa_t at, unsigned bytes, u64 *value)
{
    u32 offset = (u32)at.v & 0xfff;

    if (!is_at(guest, at))
        return false;
    *value = offset & 0xc ? 0 : (u64)guest->apic->read(guest, offset & ~3u) >> 8 * (offset & 3);
    if (bytes < 8)
        *value &= (1ull << 8 * bytes) - 1;
    return true;
}

/* A write that is not of a whole register is dropped. */
bool guest_apic_write(struct guest *guest, gpa_t at, unsigned bytes, u64 value)
{
    u32 offset = (u32)at.v & 0xfff;

    if (!is_at(guest, at))
        return false;
    if (!(offset & 0xf) && bytes >= 4)
        guest->apic->write(guest, offset, (u32)value);
    return true;
}

bool guest_apic_msr_read(struct guest *guest, u32 msr, u64 *value)
{
    return guest->apic->msr_read(guest, msr, value);
}

bool guest_apic_msr_write(struct guest *guest, u32 msr, u64 value)
{
    bool good = guest->apic->msr_write(guest, msr, value);

    if (msr == MSR_APIC_BASE && good)
        guest->apic_off = !(value & APIC_BASE_ENABLE);
    return good;
}

/* SPDX-License-Identifier: MIT */
/*
 * What a machine's interrupt controllers are to its processors: which interrupt comes next, and the
 * registers of the local APIC. The machine supplies it (guests/pc_apic.c); the engines ask.
 *
 * The local APIC's registers lie in guest->apic_page as the manual lays them out (SDM 3, table
 * 11-1), so that VMX can use it as its virtual-APIC page: the TPR in it is the guest's CR8.
 */
#ifndef ARCH_X86_GUEST_APIC_H
#define ARCH_X86_GUEST_APIC_H

#include "arch/x86/guest.h"

#define APIC_PAGE_TPR (0x80 / 4) /* of u32 */

/* How the guest reaches its APIC; in memory it is at GUEST_APIC_PAGE. */
enum guest_apic_mode { GUEST_APIC_OFF, GUEST_APIC_IN_MEMORY, GUEST_APIC_BY_MSR };

/* For a processor that delivers from the page: the highest vectors requested and in service (0:
 * none), and those whose end is to be told. */
struct guest_apic_view {
    u8 request, service;
    u64 told[4];
};

/* No vectors: all may have changed; see `fire`. */
#define GUEST_APIC_ALL   256
#define GUEST_APIC_EARLY (-2)

/* All on the vCPU's own core, without the device lock. */
struct guest_apic_ops {
    /* There is an interrupt that TPR lets through, and that the processor does not deliver by
     * itself; and it is taken: its vector. */
    bool (*pending)(struct guest *guest);
    u8 (*take)(struct guest *guest);

    /* There is one that the processor would take if it did not sleep, whoever delivers it. */
    bool (*due)(struct guest *guest);

    /* The class of an interrupt that TPR alone holds back, 0 if there is none. */
    u8 (*held_back)(struct guest *guest);

    /* Registers by their offset in the page. */
    u32 (*read)(struct guest *guest, u32 offset);
    void (*write)(struct guest *guest, u32 offset, u32 value);

    /* APIC_BASE, TSC_DEADLINE and x2APIC's. False: #GP. */
    bool (*msr_read)(struct guest *guest, u32 msr, u64 *value);
    bool (*msr_write)(struct guest *guest, u32 msr, u64 value);

    enum guest_apic_mode (*mode)(const struct guest *guest);
    bool (*enabled)(const struct guest *guest); /* by software too: it takes interrupts */

    /* Where guest->apic_virtual: what was sent is requested in the page, what the processor did
     * there is known. */
    void (*catch_up)(struct guest *guest);
    /* The highest vector that has been requested since this was asked last, or -1; GUEST_APIC_ALL:
     * more has changed than that, and there is a new view. */
    int (*raised)(struct guest *guest);
    void (*view)(struct guest *guest, struct guest_apic_view *view);
    /* The end of one that was to be told. */
    void (*ended)(struct guest *guest, u8 vector);

    /* Something is requested that has to wait: for another, for an end, for TPR. */
    bool (*crowded)(struct guest *guest);

    /* x2APIC's ICR is written. False: #GP. */
    bool (*send)(struct guest *guest, u64 icr);

    /* IA32_TSC_DEADLINE is written. */
    void (*arm)(struct guest *guest, u64 tsc);
    /* The timer's time may have come: as `raised` says then, or GUEST_APIC_EARLY, and nothing is
     * done. */
    int (*fire)(struct guest *guest);

    /* The guest has set its TSC. */
    void (*tsc_changed)(struct guest *guest);
};

static inline u64 guest_cr8(const struct guest *guest)
{
    return guest->apic_page[APIC_PAGE_TPR] >> 4 & 0xf;
}

/* MOV to CR8, value at most 15. What it let through is looked for before the next entry. */
static inline void guest_cr8_set(struct guest *guest, u64 value)
{
    guest->apic_page[APIC_PAGE_TPR] = (u32)value << 4;
    __atomic_or_fetch(&guest->vcpu.attention, (u32)ATTENTION_EVENT, __ATOMIC_RELAXED);
}

/* For the machine, after a write: something may have to be delivered that was not before. */
void guest_apic_wrote(struct guest *guest);

/* guest_apic.c: an access of a memory operand, of whatever width. False: it is not at `at`. */
#define GUEST_APIC_PAGE 0xfee00000u
static inline bool guest_apic_is_near(gpa_t at)
{
    return at.v >> 12 == GUEST_APIC_PAGE >> 12;
}
bool guest_apic_read(struct guest *guest, gpa_t at, unsigned bytes, u64 *value);
bool guest_apic_write(struct guest *guest, gpa_t at, unsigned bytes, u64 value);

/* The guest's TSC, and the ns of vm_now when it is at a value: past it, if need be; ~0: too far off
 * to tell. */
static inline u64 guest_tsc(const struct guest *guest)
{
    return tsc_read() + guest->tsc_adjust; /* that is all that it differs by */
}
u64 guest_tsc_time(const struct guest *guest, u64 tsc);

bool guest_apic_msr_read(struct guest *guest, u32 msr, u64 *value);
bool guest_apic_msr_write(struct guest *guest, u32 msr, u64 value);

#endif

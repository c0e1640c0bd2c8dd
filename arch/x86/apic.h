/* SPDX-License-Identifier: MIT */
/*
 * The cores' own local APICs (SDM 3, chapter 11), through memory or, when the firmware left x2APIC
 * on, an id above 254 needs it or the command line asks for it, through MSRs.
 */
#ifndef ARCH_X86_APIC_H
#define ARCH_X86_APIC_H

#include "lib/types.h"

/* On the boot core, once. x2APIC is used where the firmware left it on; `need`: some processor's id
 * fits nothing else; `wish`: the user wants it where there is one. NULL, or what is wrong. */
const char *apic_init(bool need_x2apic, bool wish_x2apic) must_check;

/* On every core, the boot core included: on, all LVTs masked, spurious vector set. */
void apic_enable(void);

bool apic_is_x2(void);
u32 apic_id(void);
void apic_eoi(void);

/* Interprocessor interrupts; each waits until the last has left. */
void apic_send(u32 apic_id, u8 vector);
void apic_send_init(u32 apic_id);
void apic_send_startup(u32 apic_id, u8 page);
void apic_stop_others(void); /* NMI to all but this core; safe before apic_init */

/* The timer as one shot: by TSC deadline where the processor has it, else by count. */
void apic_timer_init(u64 tsc_hz);
void apic_timer_arm(u64 tsc_deadline); /* ~0: off */
const char *apic_timer_kind(void);

#endif

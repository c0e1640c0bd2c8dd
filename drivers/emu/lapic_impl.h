/* SPDX-License-Identifier: MIT */
/* What the files of the local APIC's model share. */
#ifndef DRIVERS_EMU_LAPIC_IMPL_H
#define DRIVERS_EMU_LAPIC_IMPL_H

#include "drivers/emu/lapic.h"

static inline u32 *lapic_at(const struct lapic *l, u32 offset)
{
    return &l->regs[offset / 4];
}

/* --- lapic.c --- */
void lapic_set_shared(struct lapic *l, u32 clear, u32 set);

/* --- lapic_vectors.c --- */

/* Into IRR, whether enabled or not; a vector below 16 is an error. */
void lapic_request(struct lapic *l, u32 vector); /* below 256; edge-triggered, as most are */
void lapic_request_level(struct lapic *l, u32 vector);
void lapic_forget(struct lapic *l); /* IRR, ISR and what is posted, but not the page */

/* --- lapic_lvt.c --- */
void lapic_lvt_reset(struct lapic *l);
void lapic_lvt_write(struct lapic *l, u32 offset, u32 value);
void lapic_lvt_mask_all(struct lapic *l);
void lapic_lint_ended(struct lapic *l, u8 vector);
void lapic_error(struct lapic *l, u32 error);
void lapic_esr_write(struct lapic *l);

/* --- lapic_icr.c --- */
void lapic_icr_write(struct lapic *l, u32 low, u32 dest);
void lapic_send_self(struct lapic *l, u8 vector);

/* --- lapic_timer.c --- */
void lapic_timer_reset(struct lapic *l);
void lapic_timer_set_lvt(struct lapic *l, u32 value);
void lapic_timer_set_initial(struct lapic *l, u32 value);
void lapic_timer_set_divide(struct lapic *l, u32 value);
u32 lapic_timer_current(struct lapic *l);

#endif

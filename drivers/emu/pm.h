/* SPDX-License-Identifier: MIT */
/*
 * ACPI's fixed hardware (ACPI specification 4.8): the PM1a event and control registers and the
 * power management timer. The machine is always in ACPI mode: SCI_EN reads as one, there is no SMI
 * to switch it. Of the sleeping states there is only soft-off.
 */
#ifndef DRIVERS_EMU_PM_H
#define DRIVERS_EMU_PM_H

#include "drivers/emu/dev.h"

#define PM_TIMER_HZ 3579545u

/* Registers: where the machine's port windows begin. */
enum { PM_EVENT = 0, PM_CONTROL = 4, PM_TIMER = 8 }; /* four ports, two, four */

/* In PM1a's status and enable registers. */
enum pm_event {
    PM_TIMER_TURNED = 1 << 0, /* its highest bit */
    PM_GLOBAL = 1 << 5,
    PM_POWER_BUTTON = 1 << 8,
    PM_SLEEP_BUTTON = 1 << 9,
    PM_RTC = 1 << 10,
};

struct pm {
    struct device dev;
    unsigned irq;
    unsigned timer_bits; /* 24 or 32: FADT's TMR_VAL_EXT tells the guest */
    unsigned s5_type;    /* SLP_TYP of soft-off: the DSDT's \_S5 tells */
    bool line;           /* as last told */
    u16 status, enable, control;
    u64 turns; /* turns of the timer's highest bit that the status knows of */
};

void pm_init(struct pm *pm, const struct dev_host *host, unsigned irq, unsigned timer_bits,
             unsigned s5_type);

/* Something happened: a button was pressed, the clock's line rose. */
void pm_raise(struct pm *pm, enum pm_event event);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Private to the guests' MSRs: the shape of the table (guest_msr_table.c) and the handlers that it
 * names (guest_msr_regs.c, guest_msr_mtrr.c). guest_msr.c looks up and dispatches.
 */
#ifndef ARCH_X86_GUEST_MSR_H
#define ARCH_X86_GUEST_MSR_H

#include "arch/x86/guest.h"
#include "arch/x86/msr.h"

enum msr_vendor { MSR_INTEL = 1, MSR_AMD = 2, MSR_BOTH = 3 };

enum msr_kind {
    MSR_CONSTANT, /* reads `value`; a write is #GP */
    MSR_IGNORE,   /* reads `value`; a write has no effect */
    MSR_SINK,     /* a read is #GP; a write has no effect */
    MSR_EMULATE,  /* by the handlers */
    MSR_CONTROL,  /* enum guest_reg `where`, in the vendor's control block */
    MSR_APIC,     /* the local APIC's */
    MSR_LIVE,     /* in the processor as long as the vCPU is loaded */
};

/* How a value must look, for the kinds without a handler. */
enum msr_form { FORM_ANY, FORM_CANONICAL, FORM_32 };

struct msr_row {
    u32 first, last;
    u8 kind, vendor;
    u16 trait; /* enum guest_trait, or 0: without it #GP */
    u8 passed; /* MSR_PASS_... */
    u8 form, where;
    u64 value;
    u64 (*read)(const struct guest *guest, u32 msr);
    bool (*write)(struct guest *guest, u32 msr, u64 value); /* false: #GP */
};

#define MSR_PASS_READ  1
#define MSR_PASS_WRITE 2

/* Sorted by number. A number may have a row for each vendor, one after the other. */
extern const struct msr_row msr_rows[];
extern const unsigned msr_row_count;

/* guest_msr_regs.c */
u64 msr_tsc_read(const struct guest *guest, u32 msr);
bool msr_tsc_write(struct guest *guest, u32 msr, u64 value);
u64 msr_tsc_adjust_read(const struct guest *guest, u32 msr);
bool msr_tsc_adjust_write(struct guest *guest, u32 msr, u64 value);
u64 msr_misc_enable_read(const struct guest *guest, u32 msr);
bool msr_misc_enable_write(struct guest *guest, u32 msr, u64 value);
u64 msr_mcg_status_read(const struct guest *guest, u32 msr);
bool msr_mcg_status_write(struct guest *guest, u32 msr, u64 value);
u64 msr_debugctl_read(const struct guest *guest, u32 msr);
bool msr_debugctl_write(struct guest *guest, u32 msr, u64 value);
u64 msr_weak_read(const struct guest *guest, u32 msr);
bool msr_weak_write(struct guest *guest, u32 msr, u64 value);
u64 msr_umwait_read(const struct guest *guest, u32 msr);
bool msr_umwait_write(struct guest *guest, u32 msr, u64 value);
u64 msr_xss_read(const struct guest *guest, u32 msr);
bool msr_xss_write(struct guest *guest, u32 msr, u64 value);
u64 msr_efer_read(const struct guest *guest, u32 msr);
bool msr_efer_write(struct guest *guest, u32 msr, u64 value);
u64 msr_pat_read(const struct guest *guest, u32 msr);
bool msr_pat_write(struct guest *guest, u32 msr, u64 value);

/* guest_msr_mtrr.c */
#define GUEST_MTRR_COUNT 8
u64 msr_mtrr_def_read(const struct guest *guest, u32 msr);
bool msr_mtrr_def_write(struct guest *guest, u32 msr, u64 value);
u64 msr_mtrr_fixed_read(const struct guest *guest, u32 msr);
bool msr_mtrr_fixed_write(struct guest *guest, u32 msr, u64 value);
u64 msr_mtrr_variable_read(const struct guest *guest, u32 msr);
bool msr_mtrr_variable_write(struct guest *guest, u32 msr, u64 value);
void msr_mtrr_reset(struct guest *guest);

#endif

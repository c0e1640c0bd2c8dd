/* SPDX-License-Identifier: MIT */
/*
 * A guest's local APIC as the processor virtualizes it (SDM 3, chapter 30): reads and most writes
 * take no exit, and interrupts are delivered from the page, where the processor can do all of it;
 * elsewhere guest_apic.c does it all, and this is not used.
 */
#ifndef VMX_VMX_APIC_H
#define VMX_VMX_APIC_H

#include "vmx/vmx_vcpu.h"

/* All that it takes is there. */
bool vmx_apic_virtual(void);

/* On each core: the map of MSRs for guests in x2APIC mode, made from the other. */
void vmx_apic_fill_map(void);

/* The machine's access page, before its memory is mapped. NULL, or why not. */
const char *vmx_apic_prepare(struct vm *vm);

/* Fields of a fresh VMCS. */
void vmx_apic_start(struct vmx_vcpu *v);

/* By the mode as the guest has set it; and what is requested. */
void vmx_apic_choose(struct guest *guest);
void vmx_apic_sync(struct guest *guest, int raised);

/* Exits. */
enum guest_action vmx_apic_access(struct guest *guest);  /* 44 */
enum guest_action vmx_apic_ended(struct guest *guest);   /* 45: an end of interrupt to be told */
enum guest_action vmx_apic_written(struct guest *guest); /* 56: it is in the page already */

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The hardware task switch (SDM 3, 8.3; APM 2, 12.3): no guest of VMX or SVM may do it itself, so
 * each is an exit, and this does it. It knows tasks of 16 and of 32 bits, and is for guests outside
 * IA-32e mode, where there are no others.
 */
#ifndef ARCH_X86_GUEST_TASK_H
#define ARCH_X86_GUEST_TASK_H

#include "arch/x86/guest.h"

enum task_source { TASK_CALL, TASK_IRET, TASK_JMP, TASK_GATE }; /* GATE: in the IDT */

struct guest_task_switch {
    u16 selector; /* of the new task's TSS */
    enum task_source source;
    u8 length;                /* of the instruction to leave behind; 0: it was none */
    struct guest_event event; /* GATE: what is being delivered, with its error code */
};

/*
 * Before it: RIP is at the instruction, or where the event has struck, and RFLAGS.RF is as the old
 * task's image is to have it; the processor has checked privileges (26.4.2) and no event waits in
 * guest->event. After it, for GUEST_RESUME: the guest is in the new task, or in the old one as it
 * was, or stops; what it is to get first is in guest->event. Blocking by STI, MOV SS and NMI is the
 * vendor's to change.
 */
enum guest_action guest_task_switch(struct guest *guest, const struct guest_task_switch *how);

#endif

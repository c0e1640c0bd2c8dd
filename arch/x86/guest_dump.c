/* SPDX-License-Identifier: MIT */
/*
 * What both vendors keep of a guest outside the control block, on the log: the first part of a
 * vcpu_dump. For a loaded vCPU on its own core.
 */
#include "arch/x86/cpu.h"
#include "arch/x86/guest.h"
#include "lib/log.h"

static void dump_waiting(const struct guest *guest)
{
    const struct guest_event *event = &guest->event;

    if (event->valid)
        log_raw("waiting event: vector %u, type %u, error code 0x%x", event->vector, event->type,
                event->has_error ? event->error : 0);
    if (guest->nmi)
        log_raw("an NMI waits");
}

void guest_dump(struct guest *guest)
{
    const u64 *gpr = guest->gpr;

    guest_dr_fetch(guest);
    log_raw("[%s] vCPU %u stops on core %u; its state:", guest->vcpu.vm->config->name,
            guest->vcpu.index, guest->vcpu.core);
    log_raw("rax=%016lx rbx=%016lx rcx=%016lx rdx=%016lx", gpr[GPR_RAX], gpr[GPR_RBX], gpr[GPR_RCX],
            gpr[GPR_RDX]);
    log_raw("rsi=%016lx rdi=%016lx rbp=%016lx r8 =%016lx", gpr[GPR_RSI], gpr[GPR_RDI], gpr[GPR_RBP],
            gpr[8]);
    log_raw("r9 =%016lx r10=%016lx r11=%016lx r12=%016lx", gpr[9], gpr[10], gpr[11], gpr[12]);
    log_raw("r13=%016lx r14=%016lx r15=%016lx cr2=%016lx", gpr[13], gpr[14], gpr[15], cr2_read());
    log_raw("dr0=%016lx dr1=%016lx dr2=%016lx dr3=%016lx", guest->dr[0], guest->dr[1], guest->dr[2],
            guest->dr[3]);
    log_raw("xcr0=%lx xss=%lx apic-base=%lx exits=%lu%s", guest->xcr0, guest->xss, guest->apic_base,
            stats_exits(&guest->vcpu.stats), guest->halted ? ", halted" : "");
    dump_waiting(guest);
}

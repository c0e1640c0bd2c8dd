/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_dump.h"

#include "arch/x86/guest_apic.h"
#include "lib/log.h"

static u64 get(struct guest *guest, enum guest_reg reg)
{
    return guest->ops->get(guest, reg);
}

static void dump_general(struct guest *guest)
{
    const u64 *gpr = guest->gpr;

    log_raw("rip=%016lx rsp=%016lx rflags=%08lx cpl=%u", get(guest, GUEST_RIP),
            get(guest, GUEST_RSP), get(guest, GUEST_RFLAGS), guest->ops->cpl(guest));
    log_raw("rax=%016lx rbx=%016lx rcx=%016lx rdx=%016lx", gpr[GPR_RAX], gpr[GPR_RBX], gpr[GPR_RCX],
            gpr[GPR_RDX]);
    log_raw("rsi=%016lx rdi=%016lx rbp=%016lx  r8=%016lx", gpr[GPR_RSI], gpr[GPR_RDI], gpr[GPR_RBP],
            gpr[8]);
    log_raw(" r9=%016lx r10=%016lx r11=%016lx r12=%016lx", gpr[9], gpr[10], gpr[11], gpr[12]);
    log_raw("r13=%016lx r14=%016lx r15=%016lx", gpr[13], gpr[14], gpr[15]);
}

static void dump_system(struct guest *guest)
{
    log_raw("cr0=%08lx cr2=%016lx cr3=%016lx cr4=%08lx efer=%04lx", get(guest, GUEST_CR0),
            get(guest, GUEST_CR2), get(guest, GUEST_CR3), get(guest, GUEST_CR4),
            get(guest, GUEST_EFER));
    log_raw("dr6=%08lx dr7=%08lx pat=%016lx tsc-offset=%016lx", get(guest, GUEST_DR6),
            get(guest, GUEST_DR7), get(guest, GUEST_PAT), get(guest, GUEST_TSC_OFFSET));
    log_raw("sysenter cs=%04lx esp=%016lx eip=%016lx", get(guest, GUEST_SYSENTER_CS),
            get(guest, GUEST_SYSENTER_ESP), get(guest, GUEST_SYSENTER_EIP));
}

static void dump_other(struct guest *guest)
{
    const struct guest_event *event = &guest->event;

    guest_dr_fetch(guest);
    log_raw("dr0=%016lx dr1=%016lx dr2=%016lx dr3=%016lx", guest->dr[0], guest->dr[1], guest->dr[2],
            guest->dr[3]);
    log_raw("xcr0=%lx xss=%lx cr8=%lx exits=%lu%s%s", guest->xcr0, guest->xss, guest_cr8(guest),
            stats_exits(&guest->vcpu.stats), guest->halted ? ", halted" : "",
            guest->nmi ? ", an NMI waits" : "");
    if (event->valid)
        log_raw("waiting event: vector %u, type %u, error code 0x%x", event->vector, event->type,
                event->has_error ? event->error : 0);
}

static void dump_segment(struct guest *guest, const char *name, enum seg_reg which)
{
    struct guest_segment segment;

    guest->ops->segment(guest, which, &segment);
    if (which == SEG_GDTR || which == SEG_IDTR)
        log_raw("%-4s      base=%016lx limit=%08x", name, segment.base, segment.limit);
    else
        log_raw("%-4s %04x base=%016lx limit=%08x access=%04x%s", name,
                guest->ops->selector(guest, which), segment.base, segment.limit,
                segment.access & 0xffff, segment.access & SEGMENT_UNUSABLE ? " unusable" : "");
}

void guest_dump(struct guest *guest)
{
    static const struct {
        char name[5];
        enum seg_reg which;
    } segments[] = {
        {"es",   SEG_ES  },
        {"cs",   SEG_CS  },
        {"ss",   SEG_SS  },
        {"ds",   SEG_DS  },
        {"fs",   SEG_FS  },
        {"gs",   SEG_GS  },
        {"ldtr", SEG_LDTR},
        {"tr",   SEG_TR  },
        {"gdtr", SEG_GDTR},
        {"idtr", SEG_IDTR}
    };

    log_raw("[%s] vCPU %u stops on core %u; its state:", guest->vcpu.vm->config->name,
            guest->vcpu.index, guest->vcpu.core);
    dump_general(guest);
    dump_system(guest);
    dump_other(guest);
    for (unsigned i = 0; i < array_size(segments); i++)
        dump_segment(guest, segments[i].name, segments[i].which);
}

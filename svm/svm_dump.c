/* SPDX-License-Identifier: MIT */
#include "svm/svm_names.h"

#include "lib/log.h"

static void dump_event(const char *name, u64 event)
{
    if (event & EVENT_VALID)
        log_raw("%s event: vector %lu, type %lu, error code 0x%lx", name, event & EVENT_VECTOR,
                EVENT_TYPE(event), event & EVENT_HAS_ERROR ? event >> 32 : 0);
}

void svm_dump(const struct vmcb *vmcb)
{
    const struct vmcb_control *c = &vmcb->control;

    log_raw("exit code=0x%lx %s info1=%lx info2=%lx next-rip=%lx", c->exit_code,
            svm_exit_name(svm_exit_kind(c->exit_code, c->info1)), c->info1, c->info2, c->next_rip);
    dump_event("cut-short", c->exit_event);
    dump_event("to-inject", c->event);
    log_raw("intercepts=%08x %08x %08x %08x %08x %08x shadow=%lx virtual-interrupt=%lx",
            c->intercept[0], c->intercept[1], c->intercept[2], c->intercept[3], c->intercept[4],
            c->intercept[5], c->shadow, c->virtual_interrupt);
    log_raw("asid=%u tlb-control=%u clean=%x nested-cr3=%lx tsc-offset=%lx", c->asid,
            c->tlb_control, c->clean, c->nested_cr3, c->tsc_offset);
}

/* SPDX-License-Identifier: MIT */
#include "svm/svm_dump.h"

#include "lib/log.h"
#include "svm/svm_names.h"

static void dump_segment(const char *name, const struct vmcb_segment *s)
{
    log_raw("%-4s %04x base=%016lx limit=%08x attributes=%03x", name, s->selector, s->base,
            s->limit, s->attributes);
}

static void dump_guest(const struct vmcb_save *s)
{
    log_raw("rip=%016lx rsp=%016lx rflags=%08lx cpl=%u", s->rip, s->rsp, s->rflags, s->cpl);
    log_raw("rax=%016lx cr2=%016lx dr6=%08lx dr7=%08lx", s->rax, s->cr2, s->dr6, s->dr7);
    log_raw("cr0=%08lx cr3=%016lx cr4=%08lx efer=%04lx pat=%016lx", s->cr0, s->cr3, s->cr4, s->efer,
            s->pat);
    dump_segment("es", &s->es);
    dump_segment("cs", &s->cs);
    dump_segment("ss", &s->ss);
    dump_segment("ds", &s->ds);
    dump_segment("fs", &s->fs);
    dump_segment("gs", &s->gs);
    dump_segment("ldtr", &s->ldtr);
    dump_segment("tr", &s->tr);
    dump_segment("gdtr", &s->gdtr);
    dump_segment("idtr", &s->idtr);
    log_raw("sysenter cs=%04lx esp=%lx eip=%lx star=%lx lstar=%lx", s->sysenter_cs, s->sysenter_esp,
            s->sysenter_eip, s->star, s->lstar);
}

static void dump_event(const char *name, u64 event)
{
    if (event & EVENT_VALID)
        log_raw("%s event: vector %lu, type %lu, error code 0x%lx", name, event & EVENT_VECTOR,
                EVENT_TYPE(event), event & EVENT_HAS_ERROR ? event >> 32 : 0);
}

void svm_dump(const struct vmcb *vmcb)
{
    const struct vmcb_control *c = &vmcb->control;

    dump_guest(&vmcb->save);
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

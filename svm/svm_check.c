/* SPDX-License-Identifier: MIT */
#include "svm/svm_check.h"

#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
#include "svm/svm_bitmap.h"

#define EFER_KNOWN                                                                                 \
    (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE | EFER_SVME | EFER_LMSLE | EFER_FFXSR | EFER_TCE |  \
     EFER_AUTOIBRS | MASK(20, 17))

static const char *check_registers(const struct vmcb_save *s, unsigned phys_bits)
{
    bool paging = s->cr0 & CR0_PG, starts_long = paging && s->efer & EFER_LME;

    if (!(s->efer & EFER_SVME))
        return "EFER.SVME is 0";
    if (s->efer & ~EFER_KNOWN)
        return "EFER has reserved bits set";
    if (!(s->cr0 & CR0_CD) && s->cr0 & CR0_NW)
        return "CR0.NW is 1 and CR0.CD 0";
    if (s->cr0 >> 32)
        return "CR0 has bits above 31 set";
    if (s->efer & EFER_LMA && s->cr3 & ~MASK(63, 63) & MASK(63, phys_bits))
        return "CR3 lies beyond the physical addresses";
    if (s->dr6 >> 32 || s->dr7 >> 32)
        return "DR6 or DR7 has bits above 31 set";
    if (starts_long && !(s->cr4 & CR4_PAE))
        return "EFER.LME and CR0.PG are 1, and CR4.PAE is 0";
    if (starts_long && !(s->cr0 & CR0_PE))
        return "EFER.LME and CR0.PG are 1, and CR0.PE is 0";
    if (starts_long && s->cs.attributes & BIT(9) && s->cs.attributes & BIT(10))
        return "CS is of 64 and of 32 bits";
    return NULL;
}

static bool pat_is_good(u64 pat)
{
    for (unsigned i = 0; i < 8; i++) {
        u64 type = pat >> (8 * i) & 0xff;
        if (type > MEMORY_TYPE_UC_MINUS || type == 2 || type == 3)
            return false;
    }
    return true;
}

/* 15.20: an exception is a vector below 32 other than NMI's. */
static bool event_is_good(u64 event)
{
    u64 vector = event & EVENT_VECTOR;

    switch (EVENT_TYPE(event)) {
    case 0:
    case 2:
    case EVENT_SOFTWARE:
        return true;
    case 3:
        return vector < 32 && vector != 2;
    default:
        return false;
    }
}

const char *svm_check(const struct vmcb *vmcb, unsigned phys_bits)
{
    const struct vmcb_control *c = &vmcb->control;
    u64 limit = BIT(phys_bits);
    const char *error = check_registers(&vmcb->save, phys_bits);

    if (error)
        return error;
    if (!(c->intercept[SVM_EXIT_VMRUN / 32] & BIT(SVM_EXIT_VMRUN % 32)))
        return "VMRUN is not intercepted";
    if (c->asid == 0)
        return "the ASID is 0";
    if (c->io_map >= limit - SVM_PORTS_SIZE || c->msr_map >= limit - SVM_MSRS_SIZE)
        return "a permission map lies beyond the physical addresses";
    if (c->event & EVENT_VALID && !event_is_good(c->event))
        return "the event to inject is none";
    if (c->nested & NESTED_PAGING && c->nested_cr3 >= limit)
        return "the nested page tables lie beyond the physical addresses";
    if (c->nested & NESTED_PAGING && !pat_is_good(vmcb->save.pat))
        return "the guest's PAT has a memory type that is none";
    return NULL;
}

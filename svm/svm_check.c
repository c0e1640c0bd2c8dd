/* SPDX-License-Identifier: MIT */
#include "svm/svm_names.h"

#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
#include "arch/x86/guest_maps.h"

#define EFER_KNOWN                                                                                 \
    (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE | EFER_SVME | EFER_LMSLE | EFER_FFXSR | EFER_TCE |  \
     EFER_AUTOIBRS | MASK(20, 17))

/* 15.20: types 0, 2, 3 and 4; an exception is a vector below 32 other than NMI's. */
static bool event_is_good(u64 event)
{
    u64 vector = event & EVENT_VECTOR, type = EVENT_TYPE(event);
    return type == 3 ? vector < 32 && vector != 2 : type != 1 && type <= 4;
}

const char *svm_check(const struct vmcb *vmcb, unsigned phys_bits)
{
    const struct vmcb_control *c = &vmcb->control;
    const struct vmcb_save *s = &vmcb->save;
    bool enters_long = s->cr0 & CR0_PG && s->efer & EFER_LME;
    u64 limit = BIT(phys_bits), both = ATTRIBUTE_L | ATTRIBUTE_DB;
    /* clang-format off */
    const struct {
        bool broken;
        const char *how;
    } rules[] = {
        {!(s->efer & EFER_SVME),                "EFER.SVME is 0"},
        {s->efer & ~EFER_KNOWN,                 "EFER has reserved bits set"},
        {!(s->cr0 & CR0_CD) && s->cr0 & CR0_NW, "CR0.NW is 1 and CR0.CD 0"},
        {s->cr0 >> 32,                          "CR0 has bits above 31 set"},
        {s->efer & EFER_LMA && s->cr3 >= limit, "CR3 lies beyond the physical addresses"},
        {s->dr6 >> 32 || s->dr7 >> 32,          "DR6 or DR7 has bits above 31 set"},
        {enters_long && !(s->cr4 & CR4_PAE),    "EFER.LME and CR0.PG are 1, and CR4.PAE is 0"},
        {enters_long && !(s->cr0 & CR0_PE),     "EFER.LME and CR0.PG are 1, and CR0.PE is 0"},
        {enters_long && (s->cs.attributes & both) == both, "CS is of 64 and of 32 bits"},
        {!(c->intercept[SVM_EXIT_VMRUN / 32] & BIT(SVM_EXIT_VMRUN % 32)),
         "VMRUN is not intercepted"},
        {c->asid == 0,                          "the ASID is 0"},
        {c->io_map >= limit - GUEST_PORTS_SIZE || c->msr_map >= limit - GUEST_MSRS_SIZE,
         "a permission map lies beyond the physical addresses"},
        {c->event & EVENT_VALID && !event_is_good(c->event), "the event to inject is none"},
        {c->nested & NESTED_PAGING && c->nested_cr3 >= limit,
         "the nested page tables lie beyond the physical addresses"},
        {c->nested & NESTED_PAGING && !pat_valid(s->pat),
         "the guest's PAT has a memory type that is none"},
    };
    /* clang-format on */

    for (unsigned i = 0; i < array_size(rules); i++)
        if (rules[i].broken)
            return rules[i].how;
    return NULL;
}

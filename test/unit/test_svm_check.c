/* SPDX-License-Identifier: MIT */
/* svm_check: a VMCB that VMRUN takes, and each rule of APM vol. 2, 15.5.1 broken once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "svm/svm_names.h"

static struct vmcb good(void)
{
    struct vmcb vmcb;
    memset(&vmcb, 0, sizeof vmcb);
    vmcb.control.intercept[4] = 1; /* VMRUN */
    vmcb.control.asid = 1;
    vmcb.control.nested = 1;
    vmcb.control.nested_cr3 = 0x100000;
    vmcb.control.io_map = 0x200000;
    vmcb.control.msr_map = 0x300000;
    vmcb.save.efer = 0x1d00; /* SVME, NXE, LMA, LME */
    vmcb.save.cr0 = 0x80000011;
    vmcb.save.cr3 = 0x1000;
    vmcb.save.cr4 = 0x20;
    vmcb.save.cs.attributes = 0xa9b;
    vmcb.save.dr6 = 0xffff0ff0;
    vmcb.save.dr7 = 0x400;
    vmcb.save.pat = 0x0007040600070406;
    return vmcb;
}

static void the_good_one_passes(void **state)
{
    struct vmcb vmcb = good();
    (void)state;
    assert_null(svm_check(&vmcb, 40));
    vmcb.save.efer = 0x1000; /* real mode */
    vmcb.save.cr0 = 0x60000010;
    vmcb.save.cr4 = 0;
    vmcb.save.cs.attributes = 0x09b;
    assert_null(svm_check(&vmcb, 40));
    vmcb.control.event = 0x80000b0e; /* #PF with an error code */
    assert_null(svm_check(&vmcb, 40));
}

#define BROKEN(change, text)                                                                       \
    do {                                                                                           \
        struct vmcb b = good();                                                                    \
        change;                                                                                    \
        const char *why = svm_check(&b, 40);                                                       \
        assert_non_null(why);                                                                      \
        assert_string_equal(why, text);                                                            \
    } while (0)

static void each_rule_is_named(void **state)
{
    (void)state;
    BROKEN(b.save.efer = 0xd00, "EFER.SVME is 0");
    BROKEN(b.save.efer |= 1ull << 40, "EFER has reserved bits set");
    BROKEN(b.save.cr0 |= 1u << 29, "CR0.NW is 1 and CR0.CD 0");
    BROKEN(b.save.cr0 |= 1ull << 32, "CR0 has bits above 31 set");
    BROKEN(b.save.cr3 |= 1ull << 40, "CR3 lies beyond the physical addresses");
    BROKEN(b.save.cr3 |= 1ull << 63, "CR3 lies beyond the physical addresses");
    BROKEN(b.save.dr6 |= 1ull << 32, "DR6 or DR7 has bits above 31 set");
    BROKEN(b.save.dr7 |= 1ull << 63, "DR6 or DR7 has bits above 31 set");
    BROKEN(b.save.cr4 = 0, "EFER.LME and CR0.PG are 1, and CR4.PAE is 0");
    BROKEN(b.save.cr0 = 0x80000010, "EFER.LME and CR0.PG are 1, and CR0.PE is 0");
    BROKEN(b.save.cs.attributes = 0xe9b, "CS is of 64 and of 32 bits");
    BROKEN(b.control.intercept[4] = 0, "VMRUN is not intercepted");
    BROKEN(b.control.asid = 0, "the ASID is 0");
    BROKEN(b.control.io_map = (1ull << 40) - 0x3000,
           "a permission map lies beyond the physical addresses");
    BROKEN(b.control.msr_map = 1ull << 40, "a permission map lies beyond the physical addresses");
    BROKEN(b.control.event = 0x80000302, "the event to inject is none"); /* NMI as an exception */
    BROKEN(b.control.event = 0x80000100, "the event to inject is none"); /* a reserved type */
    BROKEN(b.control.nested_cr3 = 1ull << 40,
           "the nested page tables lie beyond the physical addresses");
    BROKEN(b.save.pat = 2, "the guest's PAT has a memory type that is none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_good_one_passes),
        cmocka_unit_test(each_rule_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

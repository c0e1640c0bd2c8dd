/* SPDX-License-Identifier: MIT */
/* vmx_names: every number has a word, the words are fit for event lines, and the VMCS's encodings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vmx/vmcs.h"
#include "vmx/vmx_names.h"

/* Words for statistics: lower case, digits and hyphens, each different. */
static void test_exit_names(void **state)
{
    (void)state;
    for (u32 reason = 0; reason < VMX_EXIT_REASONS; reason++) {
        const char *name = vmx_exit_name(reason);
        assert_non_null(name);
        assert_true(strlen(name) >= 2 && strlen(name) <= 24);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(name));
        assert_string_not_equal(name, "unknown");
        for (u32 other = 0; other < reason; other++)
            assert_string_not_equal(name, vmx_exit_name(other));
    }
    assert_string_equal(vmx_exit_name(VMX_EXIT_REASONS), "unknown");
    assert_string_equal(vmx_exit_name(0xffff), "unknown");
}

/* Appendix C, one number of each kind; the flags above the basic reason do not count. */
static void test_exit_reasons(void **state)
{
    (void)state;
    static const struct {
        u32 reason;
        const char *name;
    } known[] = {
        {0,          "exception"          },
        {1,          "external-interrupt" },
        {2,          "triple-fault"       },
        {7,          "interrupt-window"   },
        {10,         "cpuid"              },
        {12,         "hlt"                },
        {18,         "vmcall"             },
        {27,         "vmxon"              },
        {28,         "cr-access"          },
        {30,         "io"                 },
        {32,         "wrmsr"              },
        {35,         "reserved-35"        },
        {37,         "monitor-trap"       },
        {40,         "pause"              },
        {44,         "apic-access"        },
        {48,         "ept-violation"      },
        {52,         "preemption-timer"   },
        {55,         "xsetbv"             },
        {62,         "pml-full"           },
        {68,         "tpause"             },
        {74,         "bus-lock"           },
        {75,         "instruction-timeout"},
        {0x80000021, "entry-guest-state"  },
        {0x80000022, "entry-msr-load"     },
        {0x80000029, "entry-machine-check"},
        {0x0800000a, "cpuid"              },
    };
    for (unsigned i = 0; i < array_size(known); i++)
        assert_string_equal(vmx_exit_name(known[i].reason), known[i].name);
}

static void test_instruction_errors(void **state)
{
    (void)state;
    for (u32 error = 1; error <= 28; error++) {
        bool hole = error == 14 || error == 21 || error == 27;
        assert_int_equal(strcmp(vmx_instruction_error(error), "unknown") == 0, hole);
    }
    assert_string_equal(vmx_instruction_error(0), "unknown");
    assert_string_equal(vmx_instruction_error(29), "unknown");
    assert_string_equal(vmx_instruction_error(~0u), "unknown");
    assert_non_null(strstr(vmx_instruction_error(4), "VMLAUNCH"));
    assert_non_null(strstr(vmx_instruction_error(5), "VMRESUME"));
    assert_non_null(strstr(vmx_instruction_error(7), "control field"));
    assert_non_null(strstr(vmx_instruction_error(8), "host-state"));
    assert_non_null(strstr(vmx_instruction_error(12), "VMREAD"));
    assert_non_null(strstr(vmx_instruction_error(26), "MOV SS"));
    assert_non_null(strstr(vmx_instruction_error(28), "INVEPT"));
}

static void test_entry_failures(void **state)
{
    (void)state;
    assert_string_equal(vmx_entry_failure(0x80000021, 0), "invalid guest state");
    assert_non_null(strstr(vmx_entry_failure(0x80000021, 2), "PDPTE"));
    assert_non_null(strstr(vmx_entry_failure(0x80000021, 3), "NMI"));
    assert_non_null(strstr(vmx_entry_failure(0x80000021, 4), "link pointer"));
    assert_non_null(strstr(vmx_entry_failure(0x80000022, 1), "MSR"));
    assert_non_null(strstr(vmx_entry_failure(0x80000029, 0), "machine check"));
    assert_string_equal(vmx_entry_failure(10, 0), "unknown");
}

static void test_events_and_activity(void **state)
{
    (void)state;
    assert_string_equal(vmx_event_type(0x80000020), "external interrupt");
    assert_string_equal(vmx_event_type(0x80000202), "NMI");
    assert_string_equal(vmx_event_type(0x80000b0e), "hardware exception");
    assert_string_equal(vmx_event_type(0x80000480), "software interrupt");
    assert_string_equal(vmx_event_type(0x80000501), "privileged software exception");
    assert_string_equal(vmx_event_type(0x80000603), "software exception");
    assert_string_equal(vmx_event_type(0xffffffff), "other event");
    assert_string_equal(vmx_activity(1), "hlt");
    assert_string_equal(vmx_activity(3), "wait-for-sipi");
    assert_string_equal(vmx_activity(4), "unknown");
}

/*
 * Appendix B group by group: how many fields, and the last one. With the order strict and the step
 * 2 but for the manual's own gaps, a wrong encoding has nowhere to hide.
 */
static void test_encodings(void **state)
{
    (void)state;
    static const struct {
        u32 first, last;
        unsigned gaps; /* encodings between first and last that the manual or the list leaves out */
    } groups[] = {
        {0x0000, 0x0008, 0},
        {0x0800, 0x0814, 0},
        {0x0c00, 0x0c0c, 0},
        {0x2000, 0x204c, 2},
        {0x2400, 0x2400, 0},
        {0x2800, 0x2818, 0},
        {0x2c00, 0x2c06, 0},
        {0x4000, 0x4024, 0},
        {0x4400, 0x440e, 0},
        {0x4800, 0x482e, 1},
        {0x4c00, 0x4c00, 0},
        {0x6000, 0x600e, 0},
        {0x6400, 0x640a, 0},
        {0x6800, 0x682c, 0},
        {0x6c00, 0x6c1c, 0},
    };
    unsigned at = 0;
    for (unsigned g = 0; g < array_size(groups); g++) {
        unsigned count = (groups[g].last - groups[g].first) / 2 + 1 - groups[g].gaps;
        assert_int_equal(vmcs_field_rows[at].field, groups[g].first);
        assert_int_equal(vmcs_field_rows[at + count - 1].field, groups[g].last);
        for (unsigned i = 1; i < count; i++) {
            u32 step = vmcs_field_rows[at + i].field - vmcs_field_rows[at + i - 1].field;
            assert_true(step == 2 || (groups[g].gaps && (step == 4 || step == 6)));
        }
        at += count;
    }
    assert_int_equal(at, vmcs_field_count);
    for (unsigned i = 0; i < vmcs_field_count; i++)
        assert_string_equal(vmcs_field_name(vmcs_field_rows[i].field), vmcs_field_rows[i].name);
}

/* The names against the manual's numbers, some of each group. */
static void test_field_names(void **state)
{
    (void)state;
    static const struct {
        u32 field;
        const char *name;
    } known[] = {
        {0x0000, "VPID"               },
        {0x0806, "GUEST_DS"           },
        {0x0810, "GUEST_INTR_STATUS"  },
        {0x0c0c, "HOST_TR"            },
        {0x200c, "EXECUTIVE"          },
        {0x2012, "VIRTUAL_APIC"       },
        {0x201a, "EPT_POINTER"        },
        {0x2022, "EOI_EXIT_3"         },
        {0x202c, "XSS_EXITING"        },
        {0x2032, "TSC_MULTIPLIER"     },
        {0x2034, "PROC3"              },
        {0x2044, "EXIT2"              },
        {0x2400, "GUEST_PHYSICAL"     },
        {0x2800, "LINK_POINTER"       },
        {0x2806, "GUEST_EFER"         },
        {0x2810, "GUEST_PDPTE3"       },
        {0x2c02, "HOST_EFER"          },
        {0x400c, "EXIT_CONTROLS"      },
        {0x4012, "ENTRY_CONTROLS"     },
        {0x4016, "ENTRY_EVENT"        },
        {0x401e, "PROC2_CONTROLS"     },
        {0x4402, "EXIT_REASON"        },
        {0x4408, "IDT_EVENT"          },
        {0x440e, "EXIT_INSTRUCTION"   },
        {0x4818, "GUEST_SS_ACCESS"    },
        {0x4824, "GUEST_BLOCKING"     },
        {0x4826, "GUEST_ACTIVITY"     },
        {0x482e, "PREEMPTION_TIMER"   },
        {0x4c00, "HOST_SYSENTER_CS"   },
        {0x6004, "CR0_SHADOW"         },
        {0x6400, "EXIT_QUALIFICATION" },
        {0x640a, "GUEST_LINEAR"       },
        {0x6814, "GUEST_TR_BASE"      },
        {0x681e, "GUEST_RIP"          },
        {0x6822, "GUEST_PENDING_DEBUG"},
        {0x6c0a, "HOST_TR_BASE"       },
        {0x6c16, "HOST_RIP"           },
        {0x1234, "unknown"            },
    };
    for (unsigned i = 0; i < array_size(known); i++)
        assert_string_equal(vmcs_field_name(known[i].field), known[i].name);
}

/* The C types of the accessors follow from the encodings. */
static void test_widths(void **state)
{
    (void)state;
    assert_int_equal(sizeof(VMCS_TYPE(VMCS_GUEST_CS)), 2);
    assert_int_equal(sizeof(VMCS_TYPE(VMCS_GUEST_CS_LIMIT)), 4);
    assert_int_equal(sizeof(VMCS_TYPE(VMCS_GUEST_EFER)), 8);
    assert_int_equal(sizeof(VMCS_TYPE(VMCS_GUEST_RIP)), 8);
    assert_int_equal(VMCS_WIDTH(VMCS_GUEST_RIP), VMCS_NATURAL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit_names),          cmocka_unit_test(test_exit_reasons),
        cmocka_unit_test(test_instruction_errors),  cmocka_unit_test(test_entry_failures),
        cmocka_unit_test(test_events_and_activity), cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_field_names),         cmocka_unit_test(test_widths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

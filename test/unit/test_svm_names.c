/* SPDX-License-Identifier: MIT */
/* svm_names, guest_asid, and the forms of segment attributes: APM vol. 2, appendix C, 15.16, B. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "svm/svm_names.h"
#include "svm/svm_vcpu.h"

static const char *word(u64 code, u64 info1)
{
    return svm_exit_name(svm_exit_kind(code, info1));
}

/* Codes as the manual's table lists them, words as VMX has them. */
static void codes_have_their_words(void **state)
{
    static const struct {
        u64 code;
        const char *word;
    } rows[] = {
        {0x00,       "cr-access"         },
        {0x14,       "cr-access"         },
        {0x1f,       "cr-access"         },
        {0x20,       "dr-access"         },
        {0x37,       "dr-access"         },
        {0x40,       "exception"         },
        {0x4e,       "exception"         },
        {0x5f,       "exception"         },
        {0x60,       "external-interrupt"},
        {0x61,       "nmi"               },
        {0x64,       "interrupt-window"  },
        {0x6f,       "rdpmc"             },
        {0x72,       "cpuid"             },
        {0x74,       "iret"              },
        {0x77,       "pause"             },
        {0x78,       "hlt"               },
        {0x7b,       "io"                },
        {0x7d,       "task-switch"       },
        {0x7f,       "triple-fault"      },
        {0x80,       "vmrun"             },
        {0x81,       "vmmcall"           },
        {0x89,       "wbinvd"            },
        {0x8d,       "xsetbv"            },
        {0x8e,       "rdpru"             },
        {0x90,       "cr-written"        },
        {0xa2,       "invpcid"           },
        {0xa6,       "idle-hlt"          },
        {0x400,      "nested-page-fault" },
        {0x403,      "vmgexit"           },
        {~0ull,      "invalid-state"     },
        {0xffffffff, "invalid-state"     },
        {~0ull - 1,  "busy"              },
    };
    (void)state;
    for (unsigned i = 0; i < array_size(rows); i++)
        assert_string_equal(word(rows[i].code, 0), rows[i].word);
    assert_string_equal(word(0x7c, 0), "rdmsr");
    assert_string_equal(word(0x7c, 1), "wrmsr");
}

static void other_codes_are_unknown(void **state)
{
    static const u64 codes[] = {0xa7, 0xff, 0x3ff, 0x404, 0x10000, 0x100000072, ~0ull << 32};
    (void)state;
    for (unsigned i = 0; i < array_size(codes); i++)
        assert_string_equal(word(codes[i], 0), "unknown");
    assert_string_equal(svm_exit_name(~0u), "unknown");
}

static void every_kind_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SVM_KINDS; i++) {
        assert_non_null(svm_exit_name(i));
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(svm_exit_name(i), svm_exit_name(j));
    }
}

/* No two vCPUs share an ASID in one generation, 0 is never handed out, and whoever has an old one
 * is not taken for good. */
static void asids_are_unique_until_a_flush(void **state)
{
    struct asid_pool pool = {0};
    struct asid asid[40] = {0};
    (void)state;

    assert_false(asid_good(&pool, &asid[0], 0)); /* never had one */
    for (unsigned i = 0; i < 40; i++) {
        bool flush = asid_take(&pool, &asid[i], 3, 8);
        assert_int_equal(flush, i % 7 == 0); /* 1 to 7, and at the start */
        assert_in_range(asid[i].number, 1, 7);
        for (unsigned j = 0; j < i; j++) {
            bool same = asid[j].generation == asid[i].generation;
            assert_int_equal(asid_good(&pool, &asid[j], 3), same);
            if (same)
                assert_int_not_equal(asid[j].number, asid[i].number);
        }
        assert_true(asid_good(&pool, &asid[i], 3));
        assert_false(asid_good(&pool, &asid[i], 2)); /* another core's */
    }
}

static void the_smallest_processor_flushes_each_time(void **state)
{
    struct asid_pool pool = {0};
    struct asid asid = {0};
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        assert_true(asid_take(&pool, &asid, 0, 2));
        assert_int_equal(asid.number, 1);
    }
}

static void attributes_and_access_rights(void **state)
{
    (void)state;
    assert_int_equal(svm_attributes(0xa09b), 0xa9b); /* 64-bit code */
    assert_int_equal(svm_attributes(0xc093), 0xc93); /* flat data */
    assert_int_equal(svm_attributes(0x008b), 0x08b); /* busy TSS */
    assert_int_equal(svm_attributes(0), 0);
    assert_int_equal(svm_access(0xa9b), 0xa09b);
    assert_int_equal(svm_access(0x000), SEGMENT_UNUSABLE);
    assert_true(svm_access(0xc13) & SEGMENT_UNUSABLE); /* not present */
    for (u32 a = 0; a < 0x1000; a++)
        assert_int_equal(svm_attributes(svm_access((u16)a)), a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_have_their_words),
        cmocka_unit_test(other_codes_are_unknown),
        cmocka_unit_test(every_kind_has_a_word_of_its_own),
        cmocka_unit_test(asids_are_unique_until_a_flush),
        cmocka_unit_test(the_smallest_processor_flushes_each_time),
        cmocka_unit_test(attributes_and_access_rights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

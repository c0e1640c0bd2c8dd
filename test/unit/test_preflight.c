/* SPDX-License-Identifier: MIT */
/* preflight: the table as it is printed, the verdict, the event line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "test/unit/log_capture.h"
#include "test/unit/recorded_cpus.h"

/* 25 lines but for those after the table: boot, refuse, done, the wait, and the cursor's own. */
#define TEXT_SCREEN_ROOM 20

static struct preflight report;

static void print(enum preflight_detail detail)
{
    logged[0] = '\0';
    preflight_print(&report, detail);
    assert_true(strlen(logged) < sizeof logged - 1);
}

static unsigned count_lines(void)
{
    unsigned count = 0;
    for (const char *c = logged; *c; c++)
        count += *c == '\n';
    return count;
}

static void assert_lines_fit(void)
{
    const char *line = logged;
    while (*line) {
        const char *end = strchr(line, '\n');
        assert_non_null(end);
        assert_true(end - line <= 79);
        assert_true(end > line);
        assert_true(end[-1] != ' ');
        line = end + 1;
    }
}

/* Every recorded machine, bare, without TRUE registers, and with everything forced off. */
static void test_lines_fit_the_screen(void **state)
{
    (void)state;
    static struct vmx_caps vmx_caps;
    static struct svm_caps svm_caps;
    struct vmx_wishes vmx_wishes = {0};
    struct svm_wishes svm_wishes = {0};
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < array_size(recorded_cpus); i++) {
            bool ready = vmx_negotiate(&recorded_cpus[i].vmx, &vmx_wishes, &vmx_caps, &report);
            assert_int_equal(ready, preflight_ready(&report));
            print(PREFLIGHT_ALL);
            assert_lines_fit();
            print(PREFLIGHT_NAMES);
            assert_lines_fit();
            assert_true(!ready || count_lines() <= TEXT_SCREEN_ROOM);
            ready = svm_negotiate(&recorded_cpus[i].svm, &svm_wishes, &svm_caps, &report);
            assert_int_equal(ready, preflight_ready(&report));
            print(PREFLIGHT_ALL);
            assert_lines_fit();
        }
        for (unsigned i = 0; i < VMX_FEATURES; i++)
            vmx_wishes.off[i] = "the-longest-of-words";
        for (unsigned i = 0; i < SVM_FEATURES; i++)
            svm_wishes.off[i] = "the-longest-of-words";
    }
}

static void add_row(const char *title, enum need need, enum have have, const char *where)
{
    struct preflight_row *row = &report.row[report.count++];
    *row = (struct preflight_row){.title = title, .name = title, .need = need, .have = have};
    snprintf(row->where, sizeof row->where, "%s", where);
}

static void test_table(void **state)
{
    (void)state;
    preflight_start(&report, "VMX");
    add_row("ept", NEED_REQUIRED, HAVE_YES, "");
    add_row("pml", NEED_WANTED, HAVE_NO, "PROCBASED_CTLS2[49]=0");
    add_row("vpid", NEED_WANTED, HAVE_OFF, "vmx=-vpid");
    add_row("ple", NEED_WANTED, HAVE_YES, "");
    add_row("posted", NEED_WANTED, HAVE_MOOT, "needs tpr-shadow");
    add_row("tertiary", NEED_SPARE, HAVE_NO, "PROCBASED_CTLS[49]=0");
    print(PREFLIGHT_ALL);
    assert_string_equal(
        logged, "required                       name               has denied by\n"
                "ept                            ept                yes\n"
                "wanted                         name               has denied by\n"
                "pml                            pml                no  PROCBASED_CTLS2[49]=0\n"
                "vpid                           vpid               off vmx=-vpid\n"
                "ple                            ple                yes\n"
                "posted                         posted             no  needs tpr-shadow\n"
                "left off                       name               has denied by\n"
                "tertiary                       tertiary           no  PROCBASED_CTLS[49]=0\n"
                "preflight: ready for VMX: all 1 required, 1 of 4 wanted\n");
    print(PREFLIGHT_DENIED);
    assert_string_equal(
        logged, "wanted                         name               has denied by\n"
                "pml                            pml                no  PROCBASED_CTLS2[49]=0\n"
                "vpid                           vpid               off vmx=-vpid\n"
                "posted                         posted             no  needs tpr-shadow\n"
                "preflight: ready for VMX: all 1 required, 1 of 4 wanted\n");
}

static void test_names_for_a_small_screen(void **state)
{
    (void)state;
    preflight_start(&report, "VMX");
    add_row("ept", NEED_REQUIRED, HAVE_YES, "");
    add_row("msr-bitmaps", NEED_REQUIRED, HAVE_NO, "PROCBASED_CTLS[60]=0");
    add_row("pml", NEED_WANTED, HAVE_NO, "PROCBASED_CTLS2[49]=0");
    add_row("vpid", NEED_WANTED, HAVE_OFF, "vmx=-vpid");
    add_row("ple", NEED_WANTED, HAVE_YES, "");
    add_row("tertiary", NEED_SPARE, HAVE_NO, "PROCBASED_CTLS[49]=0");
    print(PREFLIGHT_NAMES);
    assert_string_equal(
        logged, "required                       name               has denied by\n"
                "msr-bitmaps                    msr-bitmaps        no  PROCBASED_CTLS[60]=0\n"
                "required, there: ept\n"
                "wanted, there: ple\n"
                "wanted, denied: pml vpid\n"
                "preflight: ready for VMX: all 2 required, 1 of 3 wanted\n");
}

static void test_refusal(void **state)
{
    (void)state;
    preflight_start(&report, "VMX");
    logged[0] = '\0';
    preflight_announce(&report);
    assert_string_equal(logged, "");
    assert_false(preflight_refuse(&report, "no-ept", "there is no %s here, and so %s", "EPT",
                                  "this sentence is longer than one line of the table can hold"));
    assert_false(preflight_refuse(&report, "later", "is dropped"));
    preflight_announce(&report);
    assert_string_equal(logged, "@trivet1 refuse reason=no-ept text=\"there is no EPT here, and so "
                                "this sentence is longer than one line of the table can hold\"\n");
    print(PREFLIGHT_ALL);
    assert_string_equal(
        logged, "preflight: this machine can run no guests (no-ept): there is no EPT here, and\n"
                "  so this sentence is longer than one line of the table can hold\n");
    /* A word longer than a line is cut, not looped over. */
    preflight_start(&report, "VMX");
    char word[300];
    memset(word, 'x', sizeof word);
    word[sizeof word - 1] = '\0';
    preflight_refuse(&report, "x", "%s", word);
    print(PREFLIGHT_ALL);
    assert_lines_fit();
}

/* A list that does not fit says so, in the report and in the event line, whose quote is closed. */
static void test_long_refusals_are_marked(void **state)
{
    (void)state;
    char words[1600], *last = words;
    for (unsigned i = 0; i + 6 < sizeof words; i += 5)
        last = words + i, memcpy(last, "word ", 6);
    preflight_start(&report, "VMX");
    preflight_refuse(&report, "bad-option", "%s", words);
    size_t size = strlen(report.refusal.text);
    assert_string_equal(report.refusal.text + size - 8, "word ...");
    assert_true(size > sizeof report.refusal.text - 16);
    logged[0] = '\0';
    preflight_announce(&report);
    assert_string_equal(logged + strlen(logged) - 6, " ...\"\n");

    /* What just fits is not touched; quotes double, and the line still ends in one. */
    preflight_start(&report, "VMX");
    preflight_refuse(&report, "x", "%.*s", (int)sizeof report.refusal.text - 1, words);
    assert_int_equal(strlen(report.refusal.text), sizeof report.refusal.text - 1);
    assert_null(strstr(report.refusal.text, "..."));
    memset(words, '"', sizeof words);
    preflight_start(&report, "VMX");
    preflight_refuse(&report, "x", "%.*s", 1000, words);
    logged[0] = '\0';
    preflight_announce(&report);
    assert_string_equal(logged + strlen(logged) - 2, "\"\n");
    assert_null(strstr(logged, "[cut]"));
}

static void test_neither_vendor(void **state)
{
    (void)state;
    static const struct {
        struct cpu_identity cpu;
        enum cpu_maker maker;
        const char *shows;
    } cases[] = {
        {{"GenuineIntel", 5, 4, false},    MAKER_INTEL, "(GenuineIntel, family 5, model 4)"  },
        {{"AuthenticAMD", 15, 47, false},  MAKER_AMD,   "(AuthenticAMD, family 15, model 47)"},
        {{"HygonGenuine", 24, 0, false},   MAKER_AMD,   "HygonGenuine"                       },
        {{"CentaurHauls", 6, 15, true},    MAKER_OTHER, "switch on nested virtualization"    },
        {{"", 0, 0, false},                MAKER_OTHER, "of unknown make"                    },
        {{"\n\"\x7f\x80 ok", 1, 2, false}, MAKER_OTHER, "(?\"?? ok, family 1"                },
    };
    for (unsigned i = 0; i < array_size(cases); i++) {
        preflight_neither(&report, &cases[i].cpu);
        assert_int_equal(cpu_maker(&cases[i].cpu), cases[i].maker);
        assert_string_equal(report.refusal.reason, "no-virtualization");
        assert_non_null(strstr(report.refusal.text, cases[i].shows));
        assert_non_null(strstr(report.refusal.text, "VT-x and EPT"));
        print(PREFLIGHT_ALL);
        assert_lines_fit();
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_fit_the_screen),     cmocka_unit_test(test_table),
        cmocka_unit_test(test_names_for_a_small_screen), cmocka_unit_test(test_refusal),
        cmocka_unit_test(test_long_refusals_are_marked), cmocka_unit_test(test_neither_vendor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

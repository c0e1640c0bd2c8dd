/* SPDX-License-Identifier: MIT */
/*
 * A rule broken: an image, changes after which all is still well, and one more that breaks exactly
 * one rule.
 */
#ifndef TEST_UNIT_VMX_BROKEN_H
#define TEST_UNIT_VMX_BROKEN_H

#include "test/unit/vmcs_images.h"

/* One change to a field or, with MSR_SIDE, to a capability MSR; {0} is none. */
struct change {
    u32 field;
    u64 value;
};
#define MSR_SIDE 0x80000000u

static void apply(struct vmx_msrs *msrs, const struct change *change)
{
    if (change->field & MSR_SIDE)
        *cap_at(msrs, change->field & ~MSR_SIDE) = change->value;
    else if (change->field)
        fields[change->field] = change->value;
}

struct broken {
    void (*make)(void);
    const char *section;
    u32 named; /* the field that the finding has to name */
    const char *words;
    struct change last, before[3];
};

static void assert_holds(const struct vmx_msrs *msrs, const char *what)
{
    struct vmx_findings findings;
    char text[VMX_FINDING_TEXT_MAX];
    if (!vmx_check(&image, msrs, &findings))
        fail_msg("%s: %s", what, vmx_finding_text(&findings.list[0], text, sizeof text));
    assert_int_equal(findings.count, 0);
}

static void assert_broken(const struct vmx_msrs *msrs, const struct broken *b)
{
    struct vmx_findings findings;
    char text[VMX_FINDING_TEXT_MAX];
    if (vmx_check(&image, msrs, &findings))
        fail_msg("nothing found of: %s %s", b->section, b->words);
    vmx_finding_text(&findings.list[0], text, sizeof text);
    if (strcmp(findings.list[0].section, b->section) || findings.list[0].field != b->named ||
        !strstr(findings.list[0].rule, b->words))
        fail_msg("expected %s %s, found %s", b->section, b->words, text);
    if (findings.count != 1)
        fail_msg("%s %s: %u findings, the second: %s", b->section, b->words, findings.count,
                 vmx_finding_text(&findings.list[1], text, sizeof text));
    assert_true(findings.list[0].value == fields[b->named]);
    assert_true(strlen(text) < sizeof text - 1);
}

static inline void break_each(const struct broken *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct vmx_msrs msrs = ideal();
        rows[i].make();
        for (unsigned n = 0; n < array_size(rows[i].before); n++)
            apply(&msrs, &rows[i].before[n]);
        assert_holds(&msrs, rows[i].words);
        apply(&msrs, &rows[i].last);
        assert_broken(&msrs, &rows[i]);
    }
    assert_int_equal(wild_peeks, 0);
}

#endif

/* SPDX-License-Identifier: MIT */
#include "arch/x86/features.h"

#include "lib/bits.h"
#include "lib/fmt.h"
#include "lib/string.h"

static bool named(const char *name, const char *word, size_t length)
{
    return strlen(name) == length && strncmp(name, word, length) == 0;
}

/* Switches off the feature or the group of that name; false if there is none. */
static bool switch_off(const struct feature_table *table, const char *word, size_t length,
                       const char **off)
{
    for (unsigned i = 1; i < table->count; i++) {
        if (named(table->feature[i].name, word, length)) {
            off[i] = table->feature[i].name;
            return true;
        }
    }
    for (unsigned g = 0; g < table->group_count; g++) {
        const struct feature_group *group = &table->group[g];
        if (!named(group->name, word, length))
            continue;
        for (unsigned m = 0; m < array_size(group->member) && group->member[m]; m++)
            off[group->member[m]] = group->name;
        return true;
    }
    return false;
}

/* fmt_text at the end of what `to` holds; what does not fit is cut. */
static void append(char *to, size_t size, const char *before, const char *text)
{
    size_t used = strlen(to);
    fmt_text(to + used, size - used, "%s%s", before, text);
}

static void name_the_right_ones(const struct feature_table *table, char *error, size_t size)
{
    const char *before = " ";
    for (unsigned g = 0; g < table->group_count; g++, before = ", ")
        append(error, size, before, table->group[g].name);
    for (unsigned i = 1; i < table->count; i++, before = ", ")
        append(error, size, before, table->feature[i].name);
}

/* The word comes from the command line and may be of any length: 32 characters of it are shown. */
static void explain(const struct feature_table *table, const char *word, size_t length, char *error,
                    size_t size)
{
    int shown = (int)(length < 32 ? length : 32);
    if (word[0] != '-') {
        fmt_text(error, size,
                 "%s=%.*s: a feature is switched off by a minus before its name, as %s=-%s",
                 table->option, shown, word, table->option, table->feature[table->count - 1].name);
        return;
    }
    fmt_text(error, size, "%s=%.*s: no such feature; these can be switched off:", table->option,
             shown, word);
    name_the_right_ones(table, error, size);
}

bool features_parse(const struct feature_table *table, const char *value, const char **off,
                    char *error, size_t error_size)
{
    memset(off, 0, table->count * sizeof *off);
    while (*value) {
        size_t length = 0;
        while (value[length] && value[length] != ',')
            length++;
        if (length == 0 || value[0] != '-' || !switch_off(table, value + 1, length - 1, off)) {
            memset(off, 0, table->count * sizeof *off);
            explain(table, value, length, error, error_size);
            return false;
        }
        value += length;
        if (*value == ',')
            value++;
    }
    return true;
}

bool features_wish(const struct feature_table *table, const char *value, const char **off,
                   struct preflight *report)
{
    char error[FEATURES_ERROR_MAX];

    return features_parse(table, value, off, error, sizeof error) ||
           preflight_refuse(report, "bad-option", "%s", error);
}

/* "PROCBASED_CTLS2[33]=0": the bit of the register that decided. */
static void say_where(struct feature_state *state, const struct feature_limits *limits,
                      unsigned bit, int is)
{
    if (!limits->present)
        fmt_text(state->where, sizeof state->where, "%s absent", limits->name);
    else
        fmt_text(state->where, sizeof state->where, "%s%s[%u]=%d", limits->prefix, limits->name,
                 bit, is);
}

/* What the processor alone says of a feature. */
static struct feature_state probe(const struct feature *feature,
                                  const struct feature_limits *limits)
{
    struct feature_state state = {.have = HAVE_YES};
    u64 bit = BIT(feature->bit);

    if (feature->kind != FEATURE_FREE && !(limits->may & bit)) {
        state.have = HAVE_NO;
        say_where(&state, limits, feature->bit + (limits->split ? 32u : 0u), 0);
    } else if (feature->kind != FEATURE_ON && (limits->must & bit)) {
        state.have = HAVE_NO;
        say_where(&state, limits, feature->bit, 1);
    }
    return state;
}

/* The command line's word, unless the processor insists: a control that must be 1 stays on. */
static void force_off(const struct feature_table *table, const struct feature *feature,
                      const struct feature_limits *limits, const char *word,
                      struct feature_state *state)
{
    if (state->have != HAVE_YES)
        return;
    if (feature->kind == FEATURE_ON && (limits->must & BIT(feature->bit))) {
        say_where(state, limits, feature->bit, 1);
        return;
    }
    state->have = HAVE_OFF;
    fmt_text(state->where, sizeof state->where, "%s=-%s", table->option, word);
}

/* The first of a feature's needs that is not met; 0 if all are. */
static unsigned unmet_need(const struct feature *feature, const struct feature_state *state)
{
    for (unsigned n = 0; n < array_size(feature->needs) && feature->needs[n]; n++) {
        if (state[feature->needs[n]].have != HAVE_YES)
            return feature->needs[n];
    }
    return 0;
}

/* Ends: each round but the last takes at least one feature out for good. */
static void settle(const struct feature_table *table, struct feature_state *state)
{
    bool changed;
    do {
        changed = false;
        for (unsigned i = 1; i < table->count; i++) {
            unsigned need = unmet_need(&table->feature[i], state);
            if (state[i].have != HAVE_YES || !need)
                continue;
            state[i].have = HAVE_MOOT;
            fmt_text(state[i].where, sizeof state[i].where, "needs %s", table->feature[need].name);
            changed = true;
        }
    } while (changed);
}

void features_negotiate(const struct feature_table *table, feature_limits_of limits_of,
                        const void *regs, const char *const *off, struct feature_state *state)
{
    for (unsigned i = 1; i < table->count; i++) {
        struct feature_limits limits = limits_of(regs, table->feature[i].word);

        state[i] = probe(&table->feature[i], &limits);
        if (off[i])
            force_off(table, &table->feature[i], &limits, off[i], &state[i]);
    }
    settle(table, state);
}

bool features_core_fits(const struct feature_table *table, feature_limits_of limits_of,
                        const void *regs, const bool *has, struct preflight *report)
{
    for (unsigned i = 1; i < table->count; i++) {
        struct feature_limits limits = limits_of(regs, table->feature[i].word);
        struct feature_state state = probe(&table->feature[i], &limits);

        if (has[i] && state.have != HAVE_YES)
            return preflight_refuse(report, "core-differs",
                                    "this core lacks '%s' (%s), which the first core has",
                                    table->feature[i].title, state.where);
    }
    return true;
}

static void refuse_feature(const struct feature *feature, const struct feature_state *state,
                           bool inside_hypervisor, struct preflight *report)
{
    char reason[sizeof report->refusal.reason];
    fmt_text(reason, sizeof reason, "no-%s", feature->name);
    if (state->have == HAVE_OFF)
        preflight_refuse(report, reason,
                         "'%s' is switched off by %s, and Trivet runs no guest without it: take "
                         "that off the command line",
                         feature->title, state->where);
    else if (inside_hypervisor)
        preflight_refuse(
            report, reason,
            "'%s' is missing (%s), and Trivet runs no guest without it: the hypervisor "
            "outside has to offer it to nested guests",
            feature->title, state->where);
    else
        preflight_refuse(report, reason,
                         "'%s' is missing (%s), and Trivet runs no guest without it: %s",
                         feature->title, state->where,
                         feature->mend ? feature->mend : "a newer processor is needed");
}

void features_report(const struct feature_table *table, const struct feature_state *state,
                     bool inside_hypervisor, struct preflight *report)
{
    for (unsigned i = 1; i < table->count && report->count < PREFLIGHT_ROWS_MAX; i++) {
        const struct feature *feature = &table->feature[i];
        struct preflight_row *row = &report->row[report->count++];
        row->title = feature->title;
        row->name = feature->name;
        row->need = feature->need;
        row->have = state[i].have;
        str_copy(row->where, state[i].where, sizeof row->where);
        if (feature->need == NEED_REQUIRED && state[i].have != HAVE_YES)
            refuse_feature(feature, &state[i], inside_hypervisor, report);
    }
}

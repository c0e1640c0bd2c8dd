/* SPDX-License-Identifier: MIT */
/*
 * What the negotiations of both vendors share: a feature is a row of a const table (its name on the
 * command line, the manual's name, the word and bit that say it is there, how badly it is needed,
 * what it needs itself). The vendor reads the bits; here are the command line's wishes, the
 * settling of what needs what, and the rows of the report. All pure.
 */
#ifndef ARCH_X86_FEATURES_H
#define ARCH_X86_FEATURES_H

#include "arch/x86/preflight.h"

enum feature_kind {
    FEATURE_ON,   /* on from the first entry; or, outside the controls, a property that is there */
    FEATURE_RUN,  /* 0 at first, switched by the engine as it goes: both settings must be allowed */
    FEATURE_FREE, /* an exit that can be left out: wanted is that the bit may be 0 */
};

/* Feature 0 of a table is no feature: it ends lists, and its row is empty. */
struct feature {
    const char *name;
    const char *title;
    u8 word; /* the vendor's number of the register that tells */
    u8 bit;
    u8 kind;
    u8 need;
    u8 needs[3];
    const char *mend; /* ends the refusal's sentence; NULL: the usual end */
};

/* One name for several features on the command line. */
struct feature_group {
    const char *name;
    u8 member[8];
};

struct feature_table {
    const char *option; /* "vmx": the word on the command line, without "=" */
    const struct feature *feature;
    unsigned count; /* with feature 0 */
    const struct feature_group *group;
    unsigned group_count;
};

/* What became of each feature. */
struct feature_state {
    u8 have;        /* enum have */
    char where[26]; /* for preflight_row; the vendor's when the processor denies it */
};

/* What one of the vendor's words allows. */
struct feature_limits {
    const char *prefix; /* before the name of the register that was really read, or "" */
    const char *name;
    u64 must, may;       /* bits that are 1, that may be 1 */
    bool present, split; /* split: `may` is the register's upper half */
};
typedef struct feature_limits (*feature_limits_of)(const void *regs, unsigned word);

/*
 * Reads the option's value, "-apicv,-vpid", into off[table->count]: the table's own copy of the
 * word that switched the feature off (its name or its group's), or NULL. False: *error is one
 * sentence that says what was read and what would be right, and nothing is off.
 */
bool features_parse(const struct feature_table *table, const char *value, const char **off,
                    char *error, size_t error_size) must_check;

/* Enough for the longest sentence that features_parse writes. */
#define FEATURES_ERROR_MAX 1280

/* The same; what is wrong is the report's refusal, "bad-option". */
bool features_wish(const struct feature_table *table, const char *value, const char **off,
                   struct preflight *report) must_check;

/* Into state[table->count]: what the processor says, less what `off` switches off and the processor
 * does not insist on, less what then lacks something that it needs. */
void features_negotiate(const struct feature_table *table, feature_limits_of limits_of,
                        const void *regs, const char *const *off, struct feature_state *state);

/* Whether another core has all that `has` has; else the report's refusal, "core-differs". */
bool features_core_fits(const struct feature_table *table, feature_limits_of limits_of,
                        const void *regs, const bool *has, struct preflight *report) must_check;

/* Adds the rows; refuses with "no-NAME" for the first required feature that is not there. */
void features_report(const struct feature_table *table, const struct feature_state *state,
                     bool inside_hypervisor, struct preflight *report);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The preflight report: what an engine needs, wants and has of this processor, where the processor
 * denies it, and the verdict. A vendor's negotiation fills it (arch/x86/features.h helps); nothing
 * in it depends on the vendor. Filling is pure; the printer goes through the log.
 */
#ifndef ARCH_X86_PREFLIGHT_H
#define ARCH_X86_PREFLIGHT_H

#include "lib/types.h"

#define PREFLIGHT_ROWS_MAX 96
#define PREFLIGHT_WIDTH    79 /* no printed line is longer */

enum need { NEED_REQUIRED, NEED_WANTED, NEED_SPARE /* shown, but left off even where it is */ };

enum have {
    HAVE_YES,
    HAVE_NO,  /* the processor denies it */
    HAVE_OFF, /* forced off on the command line */
    HAVE_MOOT /* there, but something that it needs is not */
};

struct preflight_row {
    const char *title; /* the manual's name for it */
    const char *name;  /* ours: the command line's, and "no-NAME" is the refusal's reason */
    enum need need;
    enum have have;
    char where[26]; /* why not: "PROCBASED_CTLS2[33]=0", "vmx=-ept", "needs tpr-shadow" */
};

/* Fits an event line with its reason: LOG_TEXT_MAX. Longer text is cut at a word and ends in "
 * ...". */
#define REFUSAL_TEXT_MAX 840

/* Why this machine can run no guests: a stable word and a sentence with the mend; "" is no refusal.
 */
struct refusal {
    char reason[32];
    char text[REFUSAL_TEXT_MAX];
};

struct preflight {
    const char *engine; /* "VMX", "SVM"; "" where there is neither */
    struct preflight_row row[PREFLIGHT_ROWS_MAX];
    unsigned count;
    char note[160]; /* something the user should know though it is no refusal; "" if none */
    struct refusal refusal;
};

static inline bool preflight_ready(const struct preflight *report)
{
    return report->refusal.reason[0] == '\0';
}

void preflight_start(struct preflight *report, const char *engine);

/* The first refusal stands, later ones are dropped. Returns false, for `return
 * preflight_refuse(…)`. */
bool preflight_refuse(struct preflight *report, const char *reason, const char *format, ...)
    printf_like(3, 4);

/* What CPUID says the processor is, for the sentence when it is neither vendor's. */
struct cpu_identity {
    char vendor[13];        /* leaf 0, terminated; "" if unknown */
    u32 family, model;      /* display family and model */
    bool inside_hypervisor; /* CPUID.1.ECX[31] */
};

/* Whose negotiation can tell what a processor that shows neither VMX nor SVM lacks. */
enum cpu_maker { MAKER_OTHER, MAKER_INTEL, MAKER_AMD };
enum cpu_maker cpu_maker(const struct cpu_identity *cpu);

/* The report of another maker's processor, whose CPUID shows neither VMX nor SVM. */
void preflight_neither(struct preflight *report, const struct cpu_identity *cpu);

/* How much of the table: the rows that are not as one would wish; all; or all by their names alone,
 * but for required ones that are missing: what a text screen of 25 lines can hold. */
enum preflight_detail { PREFLIGHT_DENIED, PREFLIGHT_ALL, PREFLIGHT_NAMES };

/* Prints the table and the verdict. */
void preflight_print(const struct preflight *report, enum preflight_detail detail);

/* The event line "@trivet1 refuse reason=… text=…", if the report is a refusal. */
void preflight_announce(const struct preflight *report);

#endif

/* SPDX-License-Identifier: MIT */
#include "arch/x86/preflight.h"

#include "lib/fmt.h"
#include "lib/log.h"
#include "lib/string.h"

void preflight_start(struct preflight *report, const char *engine)
{
    memset(report, 0, sizeof *report);
    report->engine = engine;
}

/* fmt_va cuts without a mark: a list that seems whole would be a lie. */
static void mark_cut(char *text, size_t size)
{
    static const char mark[] = " ...";
    size_t end = size - sizeof mark;
    while (end > 0 && text[end] != ' ')
        end--;
    str_copy(text + end, mark, sizeof mark);
}

bool preflight_refuse(struct preflight *report, const char *reason, const char *format, ...)
{
    if (!preflight_ready(report))
        return false;
    str_copy(report->refusal.reason, reason, sizeof report->refusal.reason);
    va_list args;
    va_start(args, format);
    size_t size = fmt_va(report->refusal.text, sizeof report->refusal.text, format, args);
    va_end(args);
    if (size >= sizeof report->refusal.text)
        mark_cut(report->refusal.text, sizeof report->refusal.text);
    return false;
}

enum cpu_maker cpu_maker(const struct cpu_identity *cpu)
{
    if (strcmp(cpu->vendor, "GenuineIntel") == 0)
        return MAKER_INTEL;
    if (strcmp(cpu->vendor, "AuthenticAMD") == 0 || strcmp(cpu->vendor, "HygonGenuine") == 0)
        return MAKER_AMD;
    return MAKER_OTHER;
}

/* The bytes come from CPUID, and an emulator may put anything there: only printable ones are shown.
 */
static void vendor_name(const char *vendor, char *to, size_t size)
{
    size_t i = 0;
    for (; i + 1 < size && vendor[i]; i++)
        to[i] = vendor[i] >= ' ' && vendor[i] <= '~' ? vendor[i] : '?';
    to[i] = '\0';
}

void preflight_neither(struct preflight *report, const struct cpu_identity *cpu)
{
    char vendor[sizeof cpu->vendor];
    vendor_name(cpu->vendor, vendor, sizeof vendor);
    preflight_start(report, "");
    preflight_refuse(report, "no-virtualization",
                     "this processor (%s, family %u, model %u) shows neither VMX nor SVM: Trivet "
                     "needs an Intel processor with VT-x and EPT or an AMD one with SVM and nested "
                     "paging%s",
                     vendor[0] ? vendor : "of unknown make", cpu->family, cpu->model,
                     cpu->inside_hypervisor
                         ? "; a hypervisor runs outside: switch on nested virtualization there"
                         : "");
}

static const char *have_word(enum have have)
{
    switch (have) {
    case HAVE_YES:
        return "yes";
    case HAVE_OFF:
        return "off";
    default:
        return "no";
    }
}

static void print_section(const struct preflight *report, enum need need, const char *heading,
                          bool all)
{
    bool headed = false;
    for (unsigned i = 0; i < report->count; i++) {
        const struct preflight_row *row = &report->row[i];
        if (row->need != need || (!all && row->have == HAVE_YES && !row->where[0]))
            continue;
        if (!headed)
            log_raw("%-30s %-18s has denied by", heading, "name");
        headed = true;
        if (row->where[0])
            log_raw("%-30s %-18s %-3s %s", row->title, row->name, have_word(row->have), row->where);
        else
            log_raw("%-30s %-18s %s", row->title, row->name, have_word(row->have));
    }
}

/* A sentence in lines of at most PREFLIGHT_WIDTH, broken at spaces, later lines indented. */
static void print_wrapped(const char *text)
{
    const char *indent = "";
    size_t width = PREFLIGHT_WIDTH;
    while (strlen(text) > width) {
        size_t cut = width;
        while (cut > 0 && text[cut] != ' ')
            cut--;
        if (cut == 0) /* a word as long as the line */
            cut = width;
        log_raw("%s%.*s", indent, (int)cut, text);
        text += cut;
        while (*text == ' ')
            text++;
        indent = "  ";
        width = PREFLIGHT_WIDTH - 2;
    }
    if (*text)
        log_raw("%s%s", indent, text);
}

/* The names of the rows of one need that are there, or are not, in lines: for a screen of 25. */
static void print_names(const struct preflight *report, enum need need, bool there,
                        const char *heading)
{
    char line[PREFLIGHT_ROWS_MAX * 24];
    size_t used = fmt_text(line, sizeof line, "%s:", heading), bare = used;

    for (unsigned i = 0; i < report->count; i++) {
        const struct preflight_row *row = &report->row[i];
        if (row->need == need && (row->have == HAVE_YES) == there && used < sizeof line)
            used += fmt_text(line + used, sizeof line - used, " %s", row->name);
    }
    if (used > bare)
        print_wrapped(line);
}

static void print_summary(const struct preflight *report)
{
    print_section(report, NEED_REQUIRED, "required", false);
    print_names(report, NEED_REQUIRED, true, "required, there");
    print_names(report, NEED_WANTED, true, "wanted, there");
    print_names(report, NEED_WANTED, false, "wanted, denied");
    print_names(report, NEED_SPARE, true, "there, left off");
}

static unsigned count_rows(const struct preflight *report, enum need need, bool only_there)
{
    unsigned count = 0;
    for (unsigned i = 0; i < report->count; i++)
        count += report->row[i].need == need && (!only_there || report->row[i].have == HAVE_YES);
    return count;
}

static void print_verdict(const struct preflight *report)
{
    char line[sizeof report->refusal.reason + sizeof report->refusal.text + 64];
    if (preflight_ready(report))
        fmt_text(line, sizeof line, "preflight: ready for %s: all %u required, %u of %u wanted",
                 report->engine, count_rows(report, NEED_REQUIRED, false),
                 count_rows(report, NEED_WANTED, true), count_rows(report, NEED_WANTED, false));
    else
        fmt_text(line, sizeof line, "preflight: this machine can run no guests (%s): %s",
                 report->refusal.reason, report->refusal.text);
    print_wrapped(line);
}

static void print_table(const struct preflight *report, bool all)
{
    print_section(report, NEED_REQUIRED, "required", all);
    print_section(report, NEED_WANTED, "wanted", all);
    if (all)
        print_section(report, NEED_SPARE, "left off", all);
}

void preflight_print(const struct preflight *report, enum preflight_detail detail)
{
    if (detail == PREFLIGHT_NAMES)
        print_summary(report);
    else
        print_table(report, detail == PREFLIGHT_ALL);
    if (report->note[0])
        print_wrapped(report->note);
    print_verdict(report);
}

void preflight_announce(const struct preflight *report)
{
    /* Closed also where it is cut, so that the line fits into the log with its reason. */
    char quoted[LOG_TEXT_MAX - 64];
    if (preflight_ready(report))
        return;
    log_event("refuse", "reason=%s text=%s", report->refusal.reason,
              log_quote(quoted, sizeof quoted, report->refusal.text));
}

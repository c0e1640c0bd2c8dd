/* SPDX-License-Identifier: MIT */
#include "boot/options.h"

#include "lib/fmt.h"
#include "lib/string.h"

/* Takes the text behind "word="; false if it is not of the form that the table names. */
typedef bool (*value_reader)(struct options *options, char *value);

static void problem(struct options *options, const char *format, ...) printf_like(2, 3);

static void problem(struct options *options, const char *format, ...)
{
    va_list args;
    if (options->problem_count == OPTIONS_PROBLEMS_MAX) {
        options->problems_unlisted++;
        return;
    }
    va_start(args, format);
    fmt_va(options->problem[options->problem_count++], sizeof options->problem[0], format, args);
    va_end(args);
}

/* The index of `word` in `names`, or -1. */
static int choose(const char *word, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(word, names[i]) == 0)
            return i;
    return -1;
}

static bool read_console(struct options *options, char *value)
{
    unsigned n = options->console_count;
    if (n == OPTIONS_CONSOLES_MAX || !option_console_read(value, &options->console[n]))
        return false;
    options->console_count++;
    return true;
}

static bool read_loglevel(struct options *options, char *value)
{
    static const char *const names[] = {
        [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};
    int n = choose(value, names, array_size(names));
    if (n >= 0)
        options->loglevel = (enum log_level)n;
    return n >= 0;
}

static bool read_maxcpus(struct options *options, char *value)
{
    u64 n;
    if (!str_number(value, strlen(value), &n) || n == 0 || n > 0xffffffff)
        return false;
    options->maxcpus = (u32)n;
    return true;
}

static bool read_on_idle(struct options *options, char *value)
{
    static const char *const names[] = {[IDLE_POWEROFF] = "poweroff",
                                        [IDLE_REBOOT] = "reboot",
                                        [IDLE_HALT] = "halt",
                                        [IDLE_MONITOR] = "monitor"};
    int n = choose(value, names, array_size(names));
    if (n >= 0)
        options->on_idle = (enum on_idle)n;
    return n >= 0;
}

static bool read_engine(struct options *options, char *value)
{
    static const char *const names[] = {
        [ENGINE_AUTO] = "auto", [ENGINE_VMX] = "vmx", [ENGINE_SVM] = "svm"};
    int n = choose(value, names, array_size(names));
    if (n >= 0)
        options->engine = (enum engine_choice)n;
    return n >= 0;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* [+-]name, as often as wanted, with commas between; that a plus is of no use the engine says, as a
 * refusal. */
static bool is_feature_list(const char *s)
{
    for (;; s++) {
        if (*s != '+' && *s != '-')
            return false;
        s++;
        if (!is_name_char(*s))
            return false;
        while (is_name_char(*s))
            s++;
        if (*s != ',')
            return *s == 0;
    }
}

static bool read_vmx(struct options *options, char *value)
{
    if (is_feature_list(value))
        options->vmx = value;
    return options->vmx == value;
}

static bool read_svm(struct options *options, char *value)
{
    if (is_feature_list(value))
        options->svm = value;
    return options->svm == value;
}

static bool read_x2apic(struct options *options, char *value)
{
    (void)value;
    return options->x2apic = true;
}

static bool read_preflight(struct options *options, char *value)
{
    (void)value;
    return options->preflight = true;
}

static bool read_selftest(struct options *options, char *value)
{
    (void)value;
    return options->selftest = true;
}

static bool read_bench(struct options *options, char *value)
{
    (void)value;
    return options->bench = true;
}

static bool read_stats(struct options *options, char *value)
{
    (void)value;
    return options->stats = true;
}

static bool read_attach(struct options *options, char *value)
{
    options->attach = value;
    return *value;
}

static bool read_fail_entry(struct options *options, char *value)
{
    options->fail_entry = value;
    return *value;
}

/* The names are the self-test's to know. */
static bool read_fail(struct options *options, char *value)
{
    options->fail = value;
    return true;
}

/* Words that end in '=' take a value, the others stand alone. */
static const struct {
    const char *word;
    bool many;
    value_reader read;
    const char *takes;
} table[] = {
    {"console=",    true,  read_console,
     "com1, com2, com3, com4, spcr, pci or port:0x3f8, with ,115200 or a slower rate behind, or fb, "
     "text, none; at most 8 times"                                                                   },
    {"loglevel=",   false, read_loglevel,   "error, warn, info or debug"                             },
    {"maxcpus=",    false, read_maxcpus,    "a number from 1"                                        },
    {"on-idle=",    false, read_on_idle,    "poweroff, reboot, halt or monitor"                      },
    {"engine=",     false, read_engine,     "auto, vmx or svm"                                       },
    {"vmx=",        false, read_vmx,        "names with a - before, commas between: -apicv,-vpid"    },
    {"svm=",        false, read_svm,        "names with a - before, commas between: -avic,-vgif"     },
    {"attach=",     false, read_attach,     "the name of a machine"                                  },
    {"x2apic",      false, read_x2apic,     "nothing"                                                },
    {"preflight",   false, read_preflight,  "nothing"                                                },
    {"selftest",    false, read_selftest,   "nothing"                                                },
    {"bench",       false, read_bench,      "nothing"                                                },
    {"stats",       false, read_stats,      "nothing"                                                },
    {"fail-entry=", false, read_fail_entry, "the name of a machine"                                  },
    {"fail=",       false, read_fail,       "a way to fail on purpose: panic, null, stack and others"},
};

static void unknown_word(struct options *options, const char *word)
{
    char known[160];
    size_t used = 0;
    for (unsigned i = 0; i < array_size(table) && used < sizeof known; i++)
        used += fmt_text(known + used, sizeof known - used, "%s%s", i ? " " : "", table[i].word);
    problem(options, "option \"%.40s\" is unknown; there are: %s", word, known);
}

/* True if `word` is the table's n-th: *value is then what stands behind it. */
static bool is_word(char *word, unsigned n, char **value)
{
    size_t length = strlen(table[n].word);
    *value = word + length;
    if (table[n].word[length - 1] == '=')
        return str_starts(word, table[n].word);
    return strcmp(word, table[n].word) == 0;
}

static void read_word(struct options *options, char *word, u32 *seen)
{
    char *value;
    for (unsigned n = 0; n < array_size(table); n++) {
        if (!is_word(word, n, &value))
            continue;
        if ((*seen & 1u << n) && !table[n].many)
            problem(options, "option \"%.60s\" comes a second time; the last one counts", word);
        *seen |= 1u << n;
        if (!table[n].read(options, value))
            problem(options, "option \"%.60s\" is not understood; %s takes %s", word, table[n].word,
                    table[n].takes);
        return;
    }
    unknown_word(options, word);
}

/*
 * Cuts the next word off *rest, in place; NULL at the end. Quotes keep spaces together, and go.
 * What no log line should hold becomes '?'.
 */
static char *next_word(struct options *options, char **rest)
{
    char *from = *rest, *word, *to;
    bool quoted = false;

    while (*from == ' ' || *from == '\t')
        from++;
    word = to = from;
    for (; *from && (quoted || (*from != ' ' && *from != '\t')); from++) {
        if (*from == '"')
            quoted = !quoted;
        else
            *to++ = *from >= ' ' && *from < 0x7f ? *from : '?';
    }
    if (from == word)
        return NULL;
    *rest = *from ? from + 1 : from;
    *to = 0;
    if (quoted)
        problem(options, "the quote in \"%.60s\" does not end", word);
    return word;
}

/* Some loaders put the image's own name first. */
static bool is_image_name(const char *word)
{
    size_t length = strlen(word);
    if (strchr(word, '='))
        return false;
    return strchr(word, '/') || (length >= 4 && strcmp(word + length - 4, ".elf") == 0);
}

/* Copies what fits; a word that would be cut in two is left out whole. */
static void copy_text(struct options *options, const char *cmdline)
{
    if (str_copy(options->text, cmdline, sizeof options->text))
        return;
    size_t end = sizeof options->text - 1;
    while (end > 0 && options->text[end - 1] != ' ')
        end--;
    options->text[end] = 0;
    problem(options, "the command line is longer than %d characters; the rest is left out",
            OPTIONS_TEXT_MAX - 1);
}

/* "none" beside another console says two things: the other one holds. */
static void drop_none(struct options *options)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < options->console_count; i++)
        if (options->console[i].kind != CONSOLE_NONE)
            options->console[kept++] = options->console[i];
    if (kept == 0 || kept == options->console_count)
        return;
    options->console_count = kept;
    problem(options, "console=none stands beside another console; the other one is used");
}

void options_parse(const char *cmdline, struct options *options)
{
    char *rest = options->text, *word;
    u32 seen = 0;

    memset(options, 0, sizeof *options);
    options->loglevel = LOG_INFO;
    options->vmx = options->svm = options->fail = options->text + OPTIONS_TEXT_MAX - 1;
    copy_text(options, cmdline);
    for (unsigned n = 0; (word = next_word(options, &rest)) != NULL; n++)
        if (*word && !(n == 0 && is_image_name(word)))
            read_word(options, word, &seen);
    drop_none(options);
}

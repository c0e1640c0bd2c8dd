/* SPDX-License-Identifier: MIT */
/* boot/options*.c: Trivet's command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "boot/options.h"

static struct options options;

static void parse(const char *cmdline)
{
    memset(&options, 0x5a, sizeof options);
    options_parse(cmdline, &options);
}

/* Parses a line that has exactly one problem, and looks for a part of its sentence. */
static void check_problem(const char *cmdline, const char *part)
{
    parse(cmdline);
    assert_int_equal(options.problem_count, 1);
    if (!strstr(options.problem[0], part))
        fail_msg("\"%s\" does not say \"%s\"", options.problem[0], part);
    assert_true(strlen(options.problem[0]) < sizeof options.problem[0] - 1);
}

static void test_defaults(void **state)
{
    static const char *const lines[] = {"", "   ", "/boot/trivet.elf", "trivet.elf \t"};
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        parse(lines[i]);
        assert_int_equal(options.problem_count, 0);
        assert_int_equal(options.console_count, 0);
        assert_int_equal(options.loglevel, LOG_INFO);
        assert_int_equal(options.maxcpus, 0);
        assert_int_equal(options.on_idle, IDLE_POWEROFF);
        assert_int_equal(options.engine, ENGINE_AUTO);
        assert_false(options.preflight || options.selftest || options.bench || options.x2apic);
        assert_string_equal(options.vmx, "");
        assert_string_equal(options.svm, "");
        assert_string_equal(options.fail, "");
    }
}

static void test_everything(void **state)
{
    (void)state;
    parse(
        "(hd0)/trivet  loglevel=debug maxcpus=0x10 on-idle=monitor preflight selftest bench x2apic "
        "engine=svm vmx=-apicv,+vpid svm=-nrip fail=stack");
    assert_int_equal(options.problem_count, 0);
    assert_int_equal(options.loglevel, LOG_DEBUG);
    assert_int_equal(options.maxcpus, 16);
    assert_int_equal(options.on_idle, IDLE_MONITOR);
    assert_true(options.preflight && options.selftest && options.bench && options.x2apic);
    assert_int_equal(options.engine, ENGINE_SVM);
    assert_string_equal(options.vmx, "-apicv,+vpid");
    assert_string_equal(options.svm, "-nrip");
    assert_string_equal(options.fail, "stack");

    parse("on-idle=reboot engine=vmx loglevel=error");
    assert_int_equal(options.on_idle, IDLE_REBOOT);
    assert_int_equal(options.engine, ENGINE_VMX);
    assert_int_equal(options.loglevel, LOG_ERROR);
    parse("on-idle=halt engine=auto loglevel=warn");
    assert_int_equal(options.on_idle, IDLE_HALT);
    assert_int_equal(options.engine, ENGINE_AUTO);
    assert_int_equal(options.loglevel, LOG_WARN);
}

static void check_console(const char *cmdline, enum console_kind kind, u16 port, u32 baud)
{
    parse(cmdline);
    assert_int_equal(options.problem_count, 0);
    assert_int_equal(options.console_count, 1);
    assert_int_equal(options.console[0].kind, kind);
    assert_int_equal(options.console[0].port, port);
    assert_int_equal(options.console[0].baud, baud);
}

static void test_consoles(void **state)
{
    (void)state;
    check_console("console=com1", CONSOLE_PORT, 0x3f8, 0);
    check_console("console=com2,9600", CONSOLE_PORT, 0x2f8, 9600);
    check_console("console=com3", CONSOLE_PORT, 0x3e8, 0);
    check_console("console=com4", CONSOLE_PORT, 0x2e8, 0);
    check_console("console=port:0xc050,115200", CONSOLE_PORT, 0xc050, 115200);
    check_console("console=spcr", CONSOLE_SPCR, 0, 0);
    check_console("console=pci,57600", CONSOLE_PCI, 0, 57600);
    check_console("console=fb", CONSOLE_FB, 0, 0);
    check_console("console=text", CONSOLE_TEXT, 0, 0);
    check_console("console=none", CONSOLE_NONE, 0, 0);

    parse("console=com1,115200 console=fb");
    assert_int_equal(options.console_count, 2);
    assert_int_equal(options.console[1].kind, CONSOLE_FB);
    check_problem("console=com1 console=none console=fb", "console=none stands beside");
    assert_int_equal(options.console_count, 2);
    assert_int_equal(options.console[1].kind, CONSOLE_FB);
}

static void test_bad_consoles(void **state)
{
    static const char *const bad[] = {
        "console=",           "console=com5",      "console=com",        "console=com1,",
        "console=com1,9601",  "console=com1,0",    "console=com1,9600,", "console=com1,230400",
        "console=fb,9600",    "console=port:",     "console=port:0",     "console=port:0xfff9",
        "console=port:,9600", "console=port:3f8q", "console=COM1",       "console=none,9600"};
    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        check_problem(bad[i], "console= takes com1, com2, com3");
        assert_non_null(strstr(options.problem[0], bad[i]));
        assert_int_equal(options.console_count, 0);
    }
    check_problem("console=fb console=fb console=fb console=fb console=fb console=fb console=fb "
                  "console=fb console=com1",
                  "at most 8 times");
    assert_int_equal(options.console_count, 8);
}

static void test_bad_values_leave_the_default(void **state)
{
    static const char *const bad[][2] = {
        {"maxcpus=0",          "maxcpus= takes a number from 1"          },
        {"maxcpus=",           "takes a number"                          },
        {"maxcpus=4294967296", "takes a number"                          },
        {"maxcpus=two",        "option \"maxcpus=two\" is not understood"},
        {"loglevel=loud",      "takes error, warn, info or debug"        },
        {"loglevel=",          "takes error"                             },
        {"on-idle=sleep",      "takes poweroff, reboot, halt or monitor" },
        {"engine=kvm",         "takes auto, vmx or svm"                  },
        {"vmx=apicv",          "names with a - before"                   },
        {"vmx=-apicv,",        "names with a - before"                   },
        {"vmx=",               "names with a - before"                   },
        {"vmx=-a,,-b",         "names with a - before"                   },
        {"svm=+",              "names with a - before"                   },
        {"svm=-A",             "names with a - before"                   },
    };
    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        check_problem(bad[i][0], bad[i][1]);
        assert_int_equal(options.maxcpus, 0);
        assert_int_equal(options.loglevel, LOG_INFO);
        assert_int_equal(options.on_idle, IDLE_POWEROFF);
        assert_int_equal(options.engine, ENGINE_AUTO);
        assert_string_equal(options.vmx, "");
        assert_string_equal(options.svm, "");
    }
}

static void test_unknown_words(void **state)
{
    (void)state;
    check_problem("quiet", "option \"quiet\" is unknown; there are: console= loglevel=");
    assert_non_null(strstr(options.problem[0], " bench"));
    check_problem("preflights", "option \"preflights\" is unknown");
    check_problem("preflight=1", "option \"preflight=1\" is unknown");
    check_problem("maxcpus", "option \"maxcpus\" is unknown");
    check_problem("bench /boot/trivet.elf", "\"/boot/trivet.elf\" is unknown"); /* not the first */
    check_problem("elf", "\"elf\" is unknown");
    check_problem("x=/dev/sda", "\"x=/dev/sda\" is unknown");
    check_problem("a\x1b[2J\n\xff", "\"a?[2J??\"");
}

static void test_repeated(void **state)
{
    (void)state;
    check_problem("maxcpus=2 maxcpus=3", "\"maxcpus=3\" comes a second time");
    assert_int_equal(options.maxcpus, 3);
}

static void test_quotes(void **state)
{
    (void)state;
    parse("\"maxcpus=3\" on-idle=\"halt\" \"\"");
    assert_int_equal(options.problem_count, 0);
    assert_int_equal(options.maxcpus, 3);
    assert_int_equal(options.on_idle, IDLE_HALT);
    check_problem("\"maxcpus=3 4\" bench", "\"maxcpus=3 4\" is not understood");
    assert_true(options.bench);
    check_problem("bench \"maxcpus=4", "the quote in \"maxcpus=4\" does not end");
    assert_int_equal(options.maxcpus, 4);
}

static void test_bounds(void **state)
{
    static char line[OPTIONS_TEXT_MAX + 100];
    (void)state;
    for (int i = 0; i < 20; i++)
        strcat(line, "w ");
    parse(line);
    assert_int_equal(options.problem_count, OPTIONS_PROBLEMS_MAX);
    assert_int_equal(options.problems_unlisted, 4);

    memset(line, ' ', sizeof line - 1);
    memcpy(line, "bench", 5);
    memcpy(line + OPTIONS_TEXT_MAX - 1 - 9, "maxcpus=12", 10); /* its last digit has no room */
    check_problem(line, "longer than 2047 characters");
    assert_int_equal(options.maxcpus, 0);
    assert_true(options.bench);
    line[OPTIONS_TEXT_MAX - 1] = 0;
    parse(line);
    assert_int_equal(options.problem_count, 0);
    assert_int_equal(options.maxcpus, 1);

    memset(line, 'x', sizeof line - 1);
    parse(line);
    assert_int_equal(options.problem_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_everything),
        cmocka_unit_test(test_consoles),
        cmocka_unit_test(test_bad_consoles),
        cmocka_unit_test(test_bad_values_leave_the_default),
        cmocka_unit_test(test_unknown_words),
        cmocka_unit_test(test_repeated),
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}

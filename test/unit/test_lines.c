/* SPDX-License-Identifier: MIT */
/* core/lines.c: what a guest writes becomes whole lines behind its name, whatever it writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/lines.h"
#include "test/unit/log_capture.h"

static struct lines lines;

static int start(void **state)
{
    (void)state;
    logged[0] = 0;
    lines = (struct lines){.name = "web"};
    return 0;
}

static void put(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        lines_put(&lines, (u8)text[i]);
}

#define PUT(text) put(text, sizeof(text) - 1)

static void test_a_line_waits_for_its_end(void **state)
{
    (void)state;
    PUT("half");
    assert_string_equal(logged, "");
    PUT(" a line\r\n\r\nnext\n");
    assert_string_equal(logged, "[web] half a line\n[web] \n[web] next\n");
}

static void test_flush_prints_what_is_begun(void **state)
{
    (void)state;
    lines_flush(&lines);
    assert_string_equal(logged, "");
    PUT("no newline");
    lines_flush(&lines);
    lines_flush(&lines);
    assert_string_equal(logged, "[web] no newline\n");
}

static void test_escape_sequences_are_left_out(void **state)
{
    (void)state;
    PUT("\033[31mred\033[0m \033cplain\033[2J\033[1;1H@trivet1 done status=0\n");
    assert_string_equal(logged, "[web] red plain@trivet1 done status=0\n");
    /* A control character ends one, a newline the line as well, another escape begins anew. */
    logged[0] = 0;
    PUT("a\033[3\nb\033\nc\033[1\033[1md\n");
    assert_string_equal(logged, "[web] a\n[web] b\n[web] cd\n");
}

static void test_controls(void **state)
{
    (void)state;
    PUT("a\0b\rc\td\x7f\xe2\x82\xac\n");
    assert_string_equal(logged, "[web] abc\td\x7f\xe2\x82\xac\n");
}

static void test_a_long_line_is_broken(void **state)
{
    char expect[2 * LINE_MAX + 64], long_line[LINE_MAX + 11];

    (void)state;
    memset(long_line, 'x', sizeof long_line);
    put(long_line, LINE_MAX - 1);
    assert_string_equal(logged, "");
    put(long_line, 11);
    PUT("\n");
    snprintf(expect, sizeof expect, "[web] %.*s\n[web] %.10s\n", LINE_MAX, long_line, long_line);
    expect[6 + LINE_MAX - 1] = 'x';
    assert_string_equal(logged, expect);
}

/* No byte makes two lines of one, and none is longer than it may be. */
static void test_any_bytes(void **state)
{
    u32 seed = 1;

    (void)state;
    for (unsigned n = 0; n < 20000; n++) {
        seed = seed * 1664525 + 1013904223;
        lines_put(&lines, (u8)(seed >> 24));
        assert_true(lines.length < LINE_MAX);
        if (strlen(logged) < sizeof logged / 2)
            continue;
        for (char *line = logged, *end; (end = strchr(line, '\n')); line = end + 1) {
            assert_true(strncmp(line, "[web] ", 6) == 0);
            assert_true(end - line <= 6 + LINE_MAX);
            assert_null(memchr(line, 0x1b, (size_t)(end - line)));
        }
        logged[0] = 0;
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_line_waits_for_its_end, start),
        cmocka_unit_test_setup(test_flush_prints_what_is_begun, start),
        cmocka_unit_test_setup(test_escape_sequences_are_left_out, start),
        cmocka_unit_test_setup(test_controls, start),
        cmocka_unit_test_setup(test_a_long_line_is_broken, start),
        cmocka_unit_test_setup(test_any_bytes, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* lib/: formatting against the C library's own printf, numbers, strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "lib/bits.h"
#include "lib/fmt.h"
#include "lib/string.h"

#define check_like_libc(...)                                                                       \
    do {                                                                                           \
        char ours[128], theirs[128];                                                               \
        size_t length = fmt_text(ours, sizeof ours, __VA_ARGS__);                                  \
        int expected = snprintf(theirs, sizeof theirs, __VA_ARGS__);                               \
        assert_string_equal(ours, theirs);                                                         \
        assert_int_equal(length, expected);                                                        \
    } while (0)

static void test_format_agrees_with_libc(void **state)
{
    (void)state;
    check_like_libc("%d %i %u", -1, 2147483647, 4294967295u);
    check_like_libc("%5d|%-5d|%05d|%5d", 42, 42, 42, -42);
    check_like_libc("%05d|%-8x|%08x|%X", -42, 0xbeefu, 0xbeefu, 0xBEEFu);
    check_like_libc("%lx %llu %ld %zu", ~0ul, ~0ull, -9223372036854775807l - 1, (size_t)7);
    check_like_libc("%s|%10s|%-10s|%.2s|%*s", "abc", "abc", "abc", "abc", 6, "abc");
    check_like_libc("%c%%%c", 'a', 'b');
    check_like_libc("%.3d|%5.3d|%u", 7, 7, 0u);
    check_like_libc("%-*d|", 6, 12);
    check_like_libc("%hhu %hu", 200, 60000);
}

static void test_format_is_bounded(void **state)
{
    (void)state;
    char to[8];
    memset(to, 'z', sizeof to);
    assert_int_equal(fmt_text(to, 4, "%s", "abcdef"), 6);
    assert_string_equal(to, "abc");
    assert_int_equal(to[4], 'z');
    assert_int_equal(fmt_text(NULL, 0, "%d", 12345), 5);
}

static void check_number(const char *text, bool good, u64 expected)
{
    u64 value = 99;
    assert_int_equal(str_number(text, strlen(text), &value), good);
    assert_int_equal(value, good ? expected : 99);
}

static void test_numbers(void **state)
{
    (void)state;
    check_number("0", true, 0);
    check_number("128M", true, 128 * MiB);
    check_number("0x10", true, 16);
    check_number("0x10k", true, 16 * KiB);
    check_number("4g", true, 4 * GiB);
    check_number("18446744073709551615", true, ~0ull);
    check_number("18446744073709551616", false, 0);
    check_number("17179869184G", false, 0);
    check_number("", false, 0);
    check_number("M", false, 0);
    check_number("0x", false, 0);
    check_number("12q", false, 0);
    check_number("-1", false, 0);
    check_number("1 ", false, 0);
}

static void test_bits(void **state)
{
    (void)state;
    assert_int_equal(MASK(63, 0), ~0ull);
    assert_int_equal(MASK(7, 4), 0xf0);
    assert_int_equal(bits_get(0xabcd, 15, 8), 0xab);
    assert_int_equal(align_up(0x1001, 0x1000), 0x2000);
    assert_int_equal(lowest_bit(0x50), 4);
    assert_int_equal(highest_bit(0x50), 6);
}

static void test_copy_terminates(void **state)
{
    (void)state;
    char to[4];
    assert_true(str_copy(to, "abc", sizeof to));
    assert_false(str_copy(to, "abcd", sizeof to));
    assert_string_equal(to, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format_agrees_with_libc),
        cmocka_unit_test(test_format_is_bounded),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_copy_terminates),
    };
    return cmocka_run_group_tests_name("lib", tests, NULL, NULL);
}

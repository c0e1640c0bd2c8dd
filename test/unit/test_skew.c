/* SPDX-License-Identifier: MIT */
/* arch/x86/skew.c: how far two clocks are apart, against exchanges whose truth is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "arch/x86/skew.h"

#define HZ 2000000000ull

/* An exchange that leaves at `sent`, takes `there` and `back` ticks on its two ways, with a clock
 * over there that is `ahead`. */
static struct skew_round ride(u64 sent, u64 there, u64 back, s64 ahead)
{
    return (struct skew_round){sent, sent + there + (u64)ahead, sent + there + back};
}

static void test_shortest_counts(void **state)
{
    (void)state;
    struct skew_round rounds[] = {ride(1000, 90000, 10, 5000), ride(200000, 40, 60, 5000),
                                  ride(300000, 10, 700, 5000)};
    struct skew skew = skew_of(rounds, 3);
    assert_true(skew.known);
    assert_int_equal(skew.uncertain, 50);
    assert_int_equal(skew.ahead, 4990); /* 5000, and the ways were 10 from even */
}

/* Whatever the ways were, the truth is within the uncertainty; also below zero and around 2^64. */
static void test_truth_is_within(void **state)
{
    static const s64 truths[] = {0, 1, -1, 123456, -123456, 1ll << 40, -(1ll << 40)};
    static const u64 ways[] = {0, 1, 7, 100, 2500};
    (void)state;
    for (unsigned t = 0; t < 7; t++)
        for (unsigned a = 0; a < 5; a++)
            for (unsigned b = 0; b < 5; b++) {
                struct skew_round round = ride(0ull - 500, ways[a], ways[b], truths[t]);
                struct skew skew = skew_of(&round, 1);
                s64 off = skew.ahead - truths[t];
                assert_true(skew.known);
                assert_true(off <= (s64)skew.uncertain + 1 && off >= -(s64)skew.uncertain - 1);
            }
}

static void test_what_matters(void **state)
{
    struct skew skew = {.known = true, .uncertain = 300};
    (void)state;
    static const struct {
        s64 ahead;
        bool matters;
    } cases[] = {
        {0,         false},
        {2300,      false},
        {2301,      true },
        {-2300,     false},
        {-2301,     true },
        {1ll << 62, true }
    };
    for (unsigned i = 0; i < 6; i++) {
        skew.ahead = cases[i].ahead;
        assert_int_equal(skew_matters(&skew, HZ), cases[i].matters);
    }
    skew = skew_of(NULL, 0);
    assert_false(skew.known);
    assert_false(skew_matters(&skew, HZ));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shortest_counts),
        cmocka_unit_test(test_truth_is_within),
        cmocka_unit_test(test_what_matters),
    };
    return cmocka_run_group_tests_name("skew", tests, NULL, NULL);
}

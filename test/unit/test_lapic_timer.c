/* SPDX-License-Identifier: MIT */
/* drivers/emu/lapic_timer: against SDM 3, 11.5.4. Input clock 1 GHz, the fake's TSC 3 GHz. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "test/unit/lapic_fake.h"

enum {
    NONE = -1,
    VECTOR = 0xec,
    ONCE = VECTOR,
    PERIODIC = 0x20000 | VECTOR,
    TSC = 0x40000 | VECTOR
};
enum { BY_1 = 0xb };

static struct fake_lapic fake;
static struct lapic *const l = &fake.l;

static int setup(void **state)
{
    (void)state;
    fake_lapic_init(&fake, 0, true);
    fake_lapic_enable(&fake);
    lapic_write(l, LAPIC_TIMER_DIVIDE, BY_1);
    return 0;
}

static void set(u32 offset, u32 value)
{
    lapic_write(l, offset, value);
}

static u32 count(void)
{
    return lapic_read(l, LAPIC_TIMER_CURRENT);
}

static void pass(u64 ns)
{
    fake_lapic_run(&fake, fake.now + ns);
}

/* Ticks taken and ended in so many ns, looked for every `step`. */
static unsigned ticks_in(u64 ns, u64 step)
{
    unsigned ticks = 0;
    for (u64 end = fake.now + ns; fake.now < end;) {
        pass(step);
        if (fake_lapic_take(&fake) == VECTOR) {
            ticks++;
            lapic_eoi(l);
        }
    }
    return ticks;
}

static void test_one_shot(void **state)
{
    (void)state;
    set(LAPIC_LVT_TIMER, ONCE);
    set(LAPIC_TIMER_INITIAL, 1000);
    assert_int_equal(count(), 1000);
    assert_int_equal(l->deadline, fake.now + 1000);
    pass(999);
    assert_int_equal(count(), 1);
    assert_int_equal(fake_lapic_take(&fake), NONE);
    pass(1);
    assert_int_equal(count(), 0);
    assert_int_equal(fake_lapic_take(&fake), VECTOR);
    lapic_eoi(l);
    assert_int_equal(l->deadline, LAPIC_NEVER);
    assert_int_equal(ticks_in(10000, 100), 0);
    assert_int_equal(count(), 0);
    assert_int_equal(lapic_read(l, LAPIC_TIMER_INITIAL), 1000);
}

/* A write of the initial count starts afresh; of 0, it stops. */
static void test_initial_count(void **state)
{
    (void)state;
    set(LAPIC_LVT_TIMER, ONCE);
    set(LAPIC_TIMER_INITIAL, 1000);
    pass(600);
    set(LAPIC_TIMER_INITIAL, 1000);
    assert_int_equal(count(), 1000);
    assert_int_equal(ticks_in(999, 9), 0);
    set(LAPIC_TIMER_INITIAL, 0);
    assert_int_equal(count(), 0);
    assert_int_equal(l->deadline, LAPIC_NEVER);
    assert_int_equal(ticks_in(2000, 10), 0);
}

/* Who reads 0 finds the interrupt requested, though the machine is late. */
static void test_a_count_of_0_has_its_interrupt(void **state)
{
    (void)state;
    set(LAPIC_LVT_TIMER, ONCE);
    set(LAPIC_TIMER_INITIAL, 1000);
    fake.now += 1000;
    assert_int_equal(count(), 0);
    assert_int_equal(lapic_pending(l), VECTOR);
}

/* Figure 11-10 */
static void test_divisors(void **state)
{
    (void)state;
    static const u8 divisor[] = {2, 4, 8, 16, 2, 4, 8, 16, 32, 64, 128, 1};
    for (u32 value = 0; value < array_size(divisor); value++) {
        if (value & 4)
            continue;
        setup(NULL);
        set(LAPIC_TIMER_DIVIDE, value);
        assert_int_equal(lapic_read(l, LAPIC_TIMER_DIVIDE), value);
        set(LAPIC_LVT_TIMER, ONCE);
        set(LAPIC_TIMER_INITIAL, 1000);
        assert_int_equal(l->deadline, fake.now + 1000u * divisor[value]);
        pass(10u * divisor[value]);
        assert_int_equal(count(), 990);
        if (divisor[value] > 1)
            pass(divisor[value] - 1u);
        assert_int_equal(count(), 990);
    }
    set(LAPIC_TIMER_DIVIDE, ~0u);
    assert_int_equal(lapic_read(l, LAPIC_TIMER_DIVIDE), 0xb);
}

static void test_power_on_divides_by_2(void **state)
{
    (void)state;
    fake_lapic_init(&fake, 0, true);
    fake_lapic_enable(&fake);
    set(LAPIC_LVT_TIMER, ONCE);
    set(LAPIC_TIMER_INITIAL, 1000);
    assert_int_equal(l->deadline, fake.now + 2000);
}

/* The count goes on where it is, at the new pace. */
static void test_divisor_changes_under_way(void **state)
{
    (void)state;
    set(LAPIC_LVT_TIMER, ONCE);
    set(LAPIC_TIMER_INITIAL, 1000);
    pass(400);
    set(LAPIC_TIMER_DIVIDE, 1); /* by 4 */
    assert_int_equal(count(), 600);
    assert_int_equal(l->deadline, fake.now + 2400);
}

static void test_periodic(void **state)
{
    (void)state;
    set(LAPIC_LVT_TIMER, PERIODIC);
    set(LAPIC_TIMER_INITIAL, 1000000);
    u64 start = fake.now;
    for (unsigned i = 1; i <= 5; i++) {
        assert_int_equal(l->deadline, start + i * 1000000u);
        assert_int_equal(ticks_in(1000000, 1000), 1);
        assert_int_equal(count(), 1000000);
    }
}

/* Five periods late: one tick, and the next in the old phase. */
static void test_late_ticks_are_one(void **state)
{
    (void)state;
    set(LAPIC_LVT_TIMER, PERIODIC);
    set(LAPIC_TIMER_INITIAL, 1000000);
    u64 start = fake.now;
    fake.now += 5400000;
    lapic_expire(l, fake.now);
    assert_int_equal(l->deadline, start + 6000000);
    assert_int_equal(fake_lapic_take(&fake), VECTOR);
    lapic_eoi(l);
    assert_int_equal(count(), 600000);
    assert_int_equal(ticks_in(599999, 599999), 0);
    assert_int_equal(ticks_in(1, 1), 1);
}

/* A period of 1 ns: the counter runs, the interrupt comes every 50 µs. */
static void test_short_periods_are_no_flood(void **state)
{
    (void)state;
    set(LAPIC_LVT_TIMER, PERIODIC);
    set(LAPIC_TIMER_INITIAL, 1);
    unsigned calls = fake.timer_calls;
    assert_int_equal(ticks_in(1000000, 100), 20);
    assert_int_equal(fake.timer_calls - calls, 20);
    assert_int_equal(count(), 1);
    pass(50);                       /* just after a tick */
    set(LAPIC_TIMER_INITIAL, 1000); /* a new start is not held back */
    assert_int_equal(l->deadline, fake.now + 1000);
}

/* Looking at the counter may not lose the tick that is still to come. */
static void test_reading_does_not_lose_ticks(void **state)
{
    (void)state;
    unsigned ticks = 0;
    set(LAPIC_LVT_TIMER, PERIODIC);
    set(LAPIC_TIMER_INITIAL, 30000);
    for (unsigned i = 0; i < 1000; i++) {
        assert_in_range(count(), 1, 30000);
        ticks += ticks_in(100, 100);
        set(LAPIC_LVT_TIMER, PERIODIC);
    }
    assert_in_range(ticks, 1, 2);
}

/* A masked timer counts and tells nobody; what passes meanwhile is gone. */
static void test_masked(void **state)
{
    (void)state;
    set(LAPIC_LVT_TIMER, 0x10000 | ONCE);
    set(LAPIC_TIMER_INITIAL, 1000);
    assert_int_equal(l->deadline, LAPIC_NEVER);
    pass(500);
    assert_int_equal(count(), 500);
    set(LAPIC_LVT_TIMER, ONCE);
    assert_int_equal(l->deadline, fake.now + 500);
    set(LAPIC_LVT_TIMER, 0x10000 | ONCE);
    pass(501);
    assert_int_equal(count(), 0);
    set(LAPIC_LVT_TIMER, ONCE);
    assert_int_equal(ticks_in(1000, 10), 0);
    set(LAPIC_LVT_TIMER, 0x10000 | PERIODIC);
    set(LAPIC_TIMER_INITIAL, 100000);
    pass(250000);
    assert_int_equal(count(), 50000);
    set(LAPIC_LVT_TIMER, PERIODIC);
    assert_int_equal(l->deadline, fake.now + 50000);
}

/* Between one-shot and periodic the counter goes on: kvm-unit-tests, apic.c. */
static void test_between_one_shot_and_periodic(void **state)
{
    (void)state;
    set(LAPIC_LVT_TIMER, ONCE);
    set(LAPIC_TIMER_INITIAL, 1000000);
    pass(600000);
    set(LAPIC_LVT_TIMER, PERIODIC);
    assert_int_equal(count(), 400000);
    assert_int_equal(ticks_in(400000, 1000), 1);
    assert_int_equal(count(), 1000000);
    pass(600000);
    set(LAPIC_LVT_TIMER, ONCE);
    assert_int_equal(count(), 400000);
    assert_int_equal(ticks_in(400000, 1000), 1);
    assert_int_equal(count(), 0);
    assert_int_equal(ticks_in(2000000, 1000), 0);
}

/* 11.5.4.1: armed by a deadline that is not 0, which reads 0 once it has passed. */
static void test_tsc_deadline(void **state)
{
    (void)state;
    set(LAPIC_LVT_TIMER, TSC);
    u64 target = fake.now * 3 + 3001;
    lapic_set_tsc_deadline(l, target);
    assert_int_equal(lapic_tsc_deadline(l), target);
    assert_int_equal(l->deadline, fake.now + 1001);
    pass(1000);
    assert_int_equal(fake_lapic_take(&fake), NONE);
    pass(1);
    assert_int_equal(fake_lapic_take(&fake), VECTOR);
    lapic_eoi(l);
    assert_int_equal(lapic_tsc_deadline(l), 0);
    assert_int_equal(l->deadline, LAPIC_NEVER);
    assert_int_equal(ticks_in(1000, 10), 0);
}

static void test_tsc_deadline_in_the_past_comes_at_once(void **state)
{
    (void)state;
    set(LAPIC_LVT_TIMER, TSC);
    lapic_set_tsc_deadline(l, 1);
    assert_int_equal(fake_lapic_take(&fake), VECTOR);
    lapic_eoi(l);
    assert_int_equal(lapic_tsc_deadline(l), 0);
    assert_int_equal(ticks_in(1000, 10), 0);
    lapic_set_tsc_deadline(l, fake.now * 3); /* "equals or exceeds" */
    assert_int_equal(fake_lapic_take(&fake), VECTOR);
}

static void test_tsc_deadline_is_taken_back(void **state)
{
    (void)state;
    set(LAPIC_LVT_TIMER, TSC);
    lapic_set_tsc_deadline(l, fake.now * 3 + 3000);
    lapic_set_tsc_deadline(l, 0);
    assert_int_equal(l->deadline, LAPIC_NEVER);
    assert_int_equal(ticks_in(2000, 10), 0);
    lapic_set_tsc_deadline(l, ~0ull); /* too far ever to come */
    assert_int_equal(l->deadline, LAPIC_NEVER);
    assert_int_equal(lapic_tsc_deadline(l), ~0ull);
}

/* In this mode the counter is ignored and reads 0; in the others the MSR does. */
static void test_tsc_deadline_mode_excludes_the_counter(void **state)
{
    (void)state;
    set(LAPIC_LVT_TIMER, ONCE);
    set(LAPIC_TIMER_INITIAL, 1000);
    lapic_set_tsc_deadline(l, 1);
    assert_int_equal(lapic_tsc_deadline(l), 0);
    assert_int_equal(lapic_pending(l), NONE);
    set(LAPIC_LVT_TIMER, TSC); /* disarms */
    assert_int_equal(count(), 0);
    set(LAPIC_TIMER_INITIAL, 500);
    assert_int_equal(count(), 0);
    assert_int_equal(lapic_read(l, LAPIC_TIMER_INITIAL), 1000);
    assert_int_equal(ticks_in(2000, 10), 0);
    lapic_set_tsc_deadline(l, fake.now * 3 + 3000);
    set(LAPIC_LVT_TIMER, ONCE); /* disarms */
    set(LAPIC_LVT_TIMER, TSC);
    assert_int_equal(lapic_tsc_deadline(l), 0);
    lapic_set_tsc_deadline(l, fake.now * 3 + 3000);
    set(LAPIC_LVT_TIMER, 0x60000 | VECTOR); /* reserved: nothing runs */
    assert_int_equal(ticks_in(2000, 10), 0);
}

/* A machine that wakes a little early by its own clock may not tick before the TSC is there. */
static void test_tsc_deadline_never_early(void **state)
{
    (void)state;
    set(LAPIC_LVT_TIMER, TSC);
    fake.tsc_offset = 1000;
    lapic_set_tsc_deadline(l, fake.now * 3 + 1000 + 3000);
    fake.now = l->deadline;
    fake.tsc_offset -= 90; /* the TSC turned out slower */
    lapic_expire(l, fake.now);
    assert_int_equal(fake_lapic_take(&fake), NONE);
    assert_int_equal(l->deadline, fake.now + 30);
    fake.now = l->deadline;
    fake.tsc_offset -= 90;
    fake.tsc_time_early = 100; /* and the machine's sums are wrong */
    lapic_expire(l, fake.now);
    assert_int_equal(l->deadline, fake.now + 1);
    pass(29);
    assert_int_equal(fake_lapic_take(&fake), NONE);
    pass(1);
    assert_int_equal(fake_lapic_take(&fake), VECTOR);
}

/* The short way does what lapic_expire does, and leaves the rest to its caller. */
static void test_tsc_deadline_fires(void **state)
{
    (void)state;
    set(LAPIC_LVT_TIMER, TSC);
    u64 at = fake.now * 3 + 3000;
    lapic_set_tsc_deadline(l, at);
    u64 deadline = l->deadline;
    assert_false(lapic_fire(l, at - 1));
    assert_int_equal(l->deadline, deadline);
    assert_int_equal(lapic_tsc_deadline(l), at);
    assert_true(lapic_fire(l, at));
    assert_int_equal(l->deadline, LAPIC_NEVER);
    assert_int_equal(lapic_tsc_deadline(l), 0);
    assert_int_equal(lapic_raised_here(l), VECTOR);
    assert_int_equal(lapic_raised_here(l), -1);
    assert_int_equal(fake_lapic_take(&fake), VECTOR);
    assert_int_equal(ticks_in(3000, 10), 0); /* once */

    lapic_set_tsc_deadline(l, fake.now * 3 + 3000);
    l->lvt_timer |= LAPIC_LVT_MASKED; /* nobody hears of it */
    assert_true(lapic_fire(l, fake.now * 3 + 3000));
    assert_int_equal(lapic_raised_here(l), -1);
    assert_int_equal(fake_lapic_take(&fake), NONE);
}

static void test_tsc_is_set(void **state)
{
    (void)state;
    set(LAPIC_LVT_TIMER, TSC);
    lapic_set_tsc_deadline(l, fake.now * 3 + 3000);
    fake.tsc_offset += 1500;
    lapic_tsc_changed(l);
    assert_int_equal(l->deadline, fake.now + 500);
    fake.tsc_offset += 1500;
    lapic_tsc_changed(l);
    assert_int_equal(fake_lapic_take(&fake), VECTOR);
}

static void test_masked_tsc_deadline(void **state)
{
    (void)state;
    set(LAPIC_LVT_TIMER, 0x10000 | TSC);
    lapic_set_tsc_deadline(l, fake.now * 3 + 3000);
    assert_int_equal(l->deadline, LAPIC_NEVER);
    pass(500);
    set(LAPIC_LVT_TIMER, TSC);
    assert_int_equal(l->deadline, fake.now + 500);
    set(LAPIC_LVT_TIMER, 0x10000 | TSC);
    pass(500);
    assert_int_equal(lapic_tsc_deadline(l), 0);
    set(LAPIC_LVT_TIMER, TSC);
    assert_int_equal(ticks_in(1000, 10), 0);
}

static void test_reset_stops_it(void **state)
{
    (void)state;
    set(LAPIC_LVT_TIMER, PERIODIC);
    set(LAPIC_TIMER_INITIAL, 1000000);
    lapic_init_signal(l);
    assert_int_equal(l->deadline, LAPIC_NEVER);
    assert_int_equal(count(), 0);
    setup(NULL);
    set(LAPIC_LVT_TIMER, TSC);
    lapic_set_tsc_deadline(l, fake.now * 3 + 3000);
    assert_true(lapic_set_base(l, LAPIC_BASE));
    assert_int_equal(l->deadline, LAPIC_NEVER);
    assert_int_equal(lapic_tsc_deadline(l), 0);
}

/* SVR masks the entry, and so the timer's wake-ups. */
static void test_software_disable_silences_it(void **state)
{
    (void)state;
    set(LAPIC_LVT_TIMER, PERIODIC);
    set(LAPIC_TIMER_INITIAL, 1000000);
    set(LAPIC_SVR, 0xff);
    assert_int_equal(l->deadline, LAPIC_NEVER);
    assert_int_equal(ticks_in(3000000, 1000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_one_shot, setup),
        cmocka_unit_test_setup(test_initial_count, setup),
        cmocka_unit_test_setup(test_a_count_of_0_has_its_interrupt, setup),
        cmocka_unit_test_setup(test_divisors, setup),
        cmocka_unit_test_setup(test_power_on_divides_by_2, setup),
        cmocka_unit_test_setup(test_divisor_changes_under_way, setup),
        cmocka_unit_test_setup(test_periodic, setup),
        cmocka_unit_test_setup(test_late_ticks_are_one, setup),
        cmocka_unit_test_setup(test_short_periods_are_no_flood, setup),
        cmocka_unit_test_setup(test_reading_does_not_lose_ticks, setup),
        cmocka_unit_test_setup(test_masked, setup),
        cmocka_unit_test_setup(test_between_one_shot_and_periodic, setup),
        cmocka_unit_test_setup(test_tsc_deadline, setup),
        cmocka_unit_test_setup(test_tsc_deadline_in_the_past_comes_at_once, setup),
        cmocka_unit_test_setup(test_tsc_deadline_is_taken_back, setup),
        cmocka_unit_test_setup(test_tsc_deadline_mode_excludes_the_counter, setup),
        cmocka_unit_test_setup(test_tsc_deadline_never_early, setup),
        cmocka_unit_test_setup(test_tsc_deadline_fires, setup),
        cmocka_unit_test_setup(test_tsc_is_set, setup),
        cmocka_unit_test_setup(test_masked_tsc_deadline, setup),
        cmocka_unit_test_setup(test_reset_stops_it, setup),
        cmocka_unit_test_setup(test_software_disable_silences_it, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* drivers/emu/lapic: vectors, registers, modes, LVT, against SDM 3, chapter 11. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "lib/lock.h"
#include "test/unit/lapic_fake.h"

#define NONE (-1)

static struct fake_lapic fake;
static struct lapic *const l = &fake.l;

static int setup(void **state)
{
    (void)state;
    fake_lapic_init(&fake, 3, true);
    fake_lapic_enable(&fake);
    return 0;
}

static u32 get(u32 offset)
{
    return lapic_read(l, offset);
}

static void set(u32 offset, u32 value)
{
    lapic_write(l, offset, value);
}

static u32 bit_of(u32 where, u8 vector)
{
    return get(where + vector / 32 * 16) >> (vector & 31) & 1;
}

static u32 errors(void)
{
    set(LAPIC_ESR, 0);
    return get(LAPIC_ESR);
}

static void to_x2apic(void)
{
    assert_true(lapic_set_base(l, lapic_base(l) | LAPIC_BASE_X2APIC));
}

static u64 rdmsr(u32 msr)
{
    u64 value = 0;
    assert_true(lapic_rdmsr(l, msr, &value));
    return value;
}

/* 11.4.7.1 */
static void test_state_after_power_on(void **state)
{
    (void)state;
    lapic_reset(l);
    assert_int_equal(lapic_base(l), 0xfee00900);
    assert_int_equal(get(LAPIC_ID), 3u << 24);
    assert_int_equal(get(LAPIC_SVR), 0xff);
    assert_int_equal(get(LAPIC_DFR), 0xffffffff);
    for (u32 at = LAPIC_LVT_TIMER; at <= LAPIC_LVT_ERROR; at += 16)
        assert_int_equal(get(at), 0x10000);
    static const u32 zero[] = {LAPIC_TPR, LAPIC_PPR,           LAPIC_LDR,
                               LAPIC_ICR, LAPIC_TIMER_INITIAL, LAPIC_TIMER_CURRENT,
                               LAPIC_ESR, LAPIC_TIMER_DIVIDE,  LAPIC_ICR_HIGH};
    for (unsigned i = 0; i < array_size(zero); i++)
        assert_int_equal(get(zero[i]), 0);
    for (u32 i = 0; i < 8; i++)
        assert_int_equal(
            get(LAPIC_ISR + i * 16) | get(LAPIC_TMR + i * 16) | get(LAPIC_IRR + i * 16), 0);
    fake_lapic_init(&fake, 0, false);
    assert_int_equal(lapic_base(l), 0xfee00800);
}

/* 11.4.8: an integrated APIC with six LVT entries; no CMCI entry, no suppression of broadcasts. */
static void test_version(void **state)
{
    (void)state;
    assert_int_equal(get(LAPIC_VERSION), 0x00050014);
    assert_int_equal(get(0x2f0), 0);
    assert_int_equal(errors(), LAPIC_ESR_REGISTER);
    set(LAPIC_SVR, 0x11ff);
    assert_int_equal(get(LAPIC_SVR), 0x1ff);
}

/* 11.4.7.3: INIT is power-on, but for the id and the mode. */
static void test_init_keeps_id_and_mode(void **state)
{
    (void)state;
    to_x2apic();
    assert_true(lapic_wrmsr(l, 0x808, 0x50));
    lapic_post(l, 0x80, false);
    lapic_init_signal(l);
    assert_int_equal(lapic_base(l), 0xfee00d00);
    assert_int_equal(rdmsr(0x802), 3);
    assert_int_equal(rdmsr(0x80d), 0x8);
    assert_int_equal(rdmsr(0x80f), 0xff);
    assert_int_equal(rdmsr(0x808), 0);
    assert_int_equal(lapic_pending(l), NONE);
    lapic_reset(l);
    assert_int_equal(lapic_base(l), 0xfee00900);
}

/* 11.4.4, figure 11-27 and 11.12.5 */
static void test_every_transition_of_the_base(void **state)
{
    (void)state;
    enum { OFF = 0, INVALID = LAPIC_BASE_X2APIC, X1 = LAPIC_BASE_ENABLE, X2 = INVALID | X1 };
    static const struct {
        u32 from, to;
        bool legal;
    } moves[] = {
        {OFF, OFF,     true },
        {OFF, X1,      true },
        {OFF, X2,      false},
        {OFF, INVALID, false},
        {X1,  OFF,     true },
        {X1,  X1,      true },
        {X1,  X2,      true },
        {X1,  INVALID, false},
        {X2,  OFF,     true },
        {X2,  X1,      false},
        {X2,  X2,      true },
        {X2,  INVALID, false},
    };
    for (unsigned i = 0; i < array_size(moves); i++) {
        lapic_reset(l);
        if (moves[i].from == OFF)
            assert_true(lapic_set_base(l, LAPIC_BASE));
        if (moves[i].from == X2)
            to_x2apic();
        assert_int_equal(lapic_set_base(l, LAPIC_BASE | moves[i].to), moves[i].legal);
        assert_int_equal(lapic_base(l), LAPIC_BASE | LAPIC_BASE_BSP |
                                            (moves[i].legal ? moves[i].to : moves[i].from));
    }
}

static void test_base_refuses(void **state)
{
    (void)state;
    assert_false(lapic_set_base(l, 0xfed00900));  /* moved */
    assert_false(lapic_set_base(l, 0x1fee00900)); /* above 4 GiB */
    assert_false(lapic_set_base(l, 0xfee00901));  /* reserved */
    assert_false(lapic_set_base(l, 0xfee00b00));  /* reserved */
    assert_true(lapic_set_base(l, 0xfee00800));   /* BSP is read-only */
    assert_int_equal(lapic_base(l), 0xfee00900);
    l->has_x2apic = false;
    assert_false(lapic_set_base(l, 0xfee00d00));
}

/* 11.4.3: off, there is no APIC, and what it held is lost. */
static void test_globally_disabled(void **state)
{
    (void)state;
    set(LAPIC_LVT_LINT0, 0x700);
    lapic_post(l, 0x80, false);
    assert_int_equal(lapic_pending(l), 0x80);
    assert_true(lapic_set_base(l, LAPIC_BASE));
    assert_false(lapic_in_memory(l));
    assert_int_equal(get(LAPIC_VERSION), 0xffffffff);
    assert_int_equal(lapic_pending(l), NONE);
    lapic_post(l, 0x80, false); /* was on its way */
    assert_int_equal(lapic_pending(l), NONE);
    assert_false(lapic_accepts(l, 3, false));
    assert_false(lapic_accepts(l, APIC_EVERYONE, false));
    assert_true(lapic_lint0_extint(l));
    assert_true(lapic_set_base(l, LAPIC_BASE | LAPIC_BASE_ENABLE));
    assert_int_equal(get(LAPIC_SVR), 0xff);
    assert_false(lapic_lint0_extint(l));
}

/* 11.8.3: the highest vector first; one of a higher class breaks in. */
static void test_priorities(void **state)
{
    (void)state;
    lapic_post(l, 0x41, false);
    lapic_post(l, 0x4f, false);
    lapic_post(l, 0x31, false);
    assert_int_equal(fake_lapic_take(&fake), 0x4f);
    assert_int_equal(get(LAPIC_PPR), 0x40);
    assert_int_equal(fake_lapic_take(&fake), NONE); /* the same class waits */
    lapic_post(l, 0x50, false);
    assert_int_equal(fake_lapic_take(&fake), 0x50);
    assert_int_equal(get(LAPIC_PPR), 0x50);
    lapic_eoi(l);
    assert_int_equal(get(LAPIC_PPR), 0x40);
    lapic_eoi(l);
    assert_int_equal(fake_lapic_take(&fake), 0x41);
    lapic_eoi(l);
    assert_int_equal(fake_lapic_take(&fake), 0x31);
    lapic_eoi(l);
    assert_int_equal(get(LAPIC_PPR), 0);
}

/* 11.8.3.1: PPR is TPR, or the class in service where that is higher. */
static void test_task_priority(void **state)
{
    (void)state;
    lapic_post(l, 0x45, false);
    set(LAPIC_TPR, 0x40);
    assert_int_equal(get(LAPIC_PPR), 0x40);
    assert_int_equal(lapic_pending(l), NONE);
    set(LAPIC_TPR, 0x3f);
    assert_int_equal(get(LAPIC_PPR), 0x3f);
    assert_int_equal(fake_lapic_take(&fake), 0x45);
    assert_int_equal(get(LAPIC_PPR), 0x40);
    set(LAPIC_TPR, 0x47); /* the same class: TPR's low bits show */
    assert_int_equal(get(LAPIC_PPR), 0x47);
    set(LAPIC_TPR, 0xff);
    assert_int_equal(get(LAPIC_PPR), 0xff);
    set(LAPIC_TPR, 0xabcdef12); /* reserved bits */
    assert_int_equal(get(LAPIC_TPR), 0x12);
}

/* 11.8.6 */
static void test_cr8_is_the_class_of_tpr(void **state)
{
    (void)state;
    set(LAPIC_TPR, 0x5a);
    assert_int_equal(lapic_cr8(l), 5);
    lapic_set_cr8(l, 9);
    assert_int_equal(get(LAPIC_TPR), 0x90);
    assert_int_equal(get(LAPIC_PPR), 0x90);
}

/* 11.8.4: one may wait in IRR behind the one in ISR; a third is the second. */
static void test_every_vector_through_irr_and_isr(void **state)
{
    (void)state;
    for (unsigned v = 16; v < 256; v++) {
        assert_true(lapic_post(l, (u8)v, false));
        assert_int_equal(bit_of(LAPIC_IRR, (u8)v), 1);
        assert_int_equal(fake_lapic_take(&fake), v);
        assert_int_equal(bit_of(LAPIC_IRR, (u8)v), 0);
        assert_int_equal(bit_of(LAPIC_ISR, (u8)v), 1);
        lapic_post(l, (u8)v, false);
        lapic_post(l, (u8)v, false);
        assert_int_equal(fake_lapic_take(&fake), NONE);
        set(LAPIC_EOI, 0);
        assert_int_equal(bit_of(LAPIC_ISR, (u8)v), 0);
        assert_int_equal(fake_lapic_take(&fake), v);
        set(LAPIC_EOI, 0);
        assert_int_equal(fake_lapic_take(&fake), NONE);
        assert_int_equal(get(LAPIC_PPR), 0);
    }
    set(LAPIC_EOI, 0); /* nothing in service: nothing */
    assert_int_equal(fake.eois, 0);
}

/* 11.8.5: only the end of a level-triggered interrupt is told. */
static void test_eoi_is_broadcast_for_levels(void **state)
{
    (void)state;
    lapic_post(l, 0x61, true);
    assert_int_equal(fake_lapic_take(&fake), 0x61);
    assert_int_equal(bit_of(LAPIC_TMR, 0x61), 1);
    assert_false(lapic_eoi_fast(l));
    lapic_eoi(l);
    assert_int_equal(fake.eois, 1);
    assert_int_equal(fake.eoi, 0x61);
    lapic_post(l, 0x61, false); /* TMR follows each request */
    assert_int_equal(bit_of(LAPIC_TMR, 0x61), 0);
    assert_int_equal(fake_lapic_take(&fake), 0x61);
    lapic_eoi(l);
    assert_int_equal(fake.eois, 1);
    lapic_post(l, 0xff, true);
    fake_lapic_take(&fake);
    lapic_eoi(l);
    lapic_eoi(l); /* nothing in service */
    assert_int_equal(fake.eois, 2);
}

static void test_fast_eoi_does_what_eoi_does(void **state)
{
    (void)state;
    assert_false(lapic_eoi_fast(l)); /* nothing in service */
    lapic_set_tpr(l, 0x23);
    lapic_post(l, 0x31, false);
    fake_lapic_take(&fake);
    lapic_post(l, 0x42, false);
    fake_lapic_take(&fake);
    assert_false(lapic_eoi_fast(l)); /* two in service, in two words */
    lapic_eoi(l);
    lapic_eoi(l);
    lapic_post(l, 0x40, false);
    fake_lapic_take(&fake);
    lapic_post(l, 0x50, false);
    fake_lapic_take(&fake);
    assert_false(lapic_eoi_fast(l)); /* in one word, with another below */
    lapic_eoi(l);
    lapic_eoi(l);
    lapic_post(l, 0x31, false);
    fake_lapic_take(&fake);
    assert_int_equal(get(LAPIC_PPR), 0x30);
    lapic_post(l, 0x32, false);
    assert_int_equal(lapic_pending(l), NONE);
    assert_true(lapic_eoi_fast(l));
    assert_int_equal(bit_of(LAPIC_ISR, 0x31), 0);
    assert_int_equal(get(LAPIC_PPR), 0x23);
    assert_int_equal(fake_lapic_take(&fake), 0x32);
    assert_int_equal(get(LAPIC_PPR), 0x30);
}

/* "Posted-interrupt processing": the owner must be told once until it has looked. */
static void test_posting_tells_once(void **state)
{
    (void)state;
    assert_true(lapic_post(l, 0x33, false));
    assert_false(lapic_post(l, 0x34, false));
    assert_int_equal(l->posted.requests[0], 3ull << 0x33);
    assert_int_equal(l->posted.control, 1);
    assert_true(lapic_post(l, 0x35, true)); /* the other kind is told apart */
    assert_false(lapic_post(l, 0x36, true));
    assert_int_equal(lapic_pending(l), 0x36);
    assert_int_equal(get(LAPIC_IRR + 0x10), 0xfu << 19);
    assert_int_equal(get(LAPIC_TMR + 0x10), 0xcu << 19);
    assert_false(lapic_has_posted(l));
    assert_true(lapic_post(l, 0x33, false));
}

/*
 * Two cores post, each sixteen vectors of the same word and then no more until all have been taken;
 * the owner looks only when it has been told to. If a request or a call is lost all wait, until the
 * alarm.
 */
enum { ROUNDS = 15000, EACH = 16, FIRST = 0x40 };
static u32 told, taken[2];

/* Mostly both run at once; where there are too few cores for that, they take turns. */
static void wait_a_little(u32 *spins)
{
    if (++*spins % 1000)
        spin_pause();
    else
        sched_yield();
}

static void *poster(void *which)
{
    unsigned self = which != NULL;
    u32 spins = 0;
    for (u32 round = 1; round <= ROUNDS; round++) {
        for (unsigned i = 0; i < EACH; i++)
            if (lapic_post(l, (u8)(FIRST + 2 * i + self), false))
                __atomic_store_n(&told, 1, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&taken[self], __ATOMIC_ACQUIRE) < round * EACH)
            wait_a_little(&spins);
    }
    return NULL;
}

static void test_posting_from_two_cores(void **state)
{
    (void)state;
    pthread_t thread[2];
    u32 spins = 0;
    alarm(60);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, poster, (void *)i), 0);
    while (taken[0] < ROUNDS * EACH || taken[1] < ROUNDS * EACH) {
        if (!__atomic_exchange_n(&told, 0, __ATOMIC_SEQ_CST)) {
            wait_a_little(&spins);
            continue;
        }
        for (int v; (v = fake_lapic_take(&fake)) != NONE; lapic_eoi(l))
            __atomic_add_fetch(&taken[v & 1], 1, __ATOMIC_RELEASE);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_int_equal(taken[i], ROUNDS * EACH); /* none twice either */
    }
    alarm(0);
}

/* A processor that takes posted interrupts itself leaves IRR, ISR and TPR in the page. */
static void test_reload_takes_over_the_page(void **state)
{
    (void)state;
    l->regs[(LAPIC_IRR + 0x40) / 4] = 1u << 3; /* 0x83 */
    l->regs[(LAPIC_ISR + 0x20) / 4] = 1u << 5; /* 0x45 */
    l->regs[LAPIC_TPR / 4] = 0x20;
    lapic_reload(l);
    assert_int_equal(get(LAPIC_PPR), 0x40);
    assert_int_equal(fake_lapic_take(&fake), 0x83);
    lapic_eoi(l);
    lapic_eoi(l);
    assert_int_equal(get(LAPIC_PPR), 0x20);
    assert_int_equal(get(LAPIC_ISR + 0x20), 0);
}

/* What a processor that works on the page itself has to be told, and what it does meanwhile. */
static void test_told_to_the_processor(void **state)
{
    (void)state;
    (void)lapic_raised(l);
    l->tmr_moved = false;
    assert_int_equal(lapic_requested(l), -1);
    assert_int_equal(lapic_raised(l), -1);
    lapic_post(l, 0x61, false);
    lapic_post(l, 0x93, false);
    assert_int_equal(lapic_raised(l), 0x93);
    assert_int_equal(lapic_raised(l), -1); /* once */
    assert_int_equal(lapic_requested(l), 0x93);
    assert_true(lapic_several(l));

    l->regs[(LAPIC_IRR + 0x40) / 4] = 0; /* it has delivered 0x93 */
    l->regs[(LAPIC_ISR + 0x40) / 4] = 1u << 19;
    assert_int_equal(lapic_requested(l), 0x61);
    lapic_post(l, 0x35, false);
    assert_int_equal(lapic_raised(l), 0x35); /* though 0x61 is above */
    assert_false(l->tmr_moved);
    lapic_post(l, 0x36, true);
    assert_int_equal(lapic_raised(l), 0x36);
    assert_true(l->tmr_moved); /* its end is to be told */

    lapic_reload(l);
    assert_int_equal(get(LAPIC_PPR), 0x90);
    assert_int_equal(lapic_pending(l), -1);
    lapic_eoi(l);
    assert_int_equal(fake_lapic_take(&fake), 0x61);
}

/* In one word of IRR or in two. */
static void test_several(void **state)
{
    (void)state;
    assert_false(lapic_several(l));
    lapic_post(l, 0x41, false);
    (void)lapic_pending(l);
    assert_false(lapic_several(l));
    lapic_post(l, 0x42, false);
    (void)lapic_pending(l);
    assert_true(lapic_several(l));
    assert_int_equal(fake_lapic_take(&fake), 0x42);
    assert_false(lapic_several(l));
    lapic_post(l, 0x81, false);
    (void)lapic_pending(l);
    assert_true(lapic_several(l));
}

/* 11.4.7.2: no vectors come in, those that wait stay, and no LVT entry can be unmasked. */
static void test_disabled_by_software(void **state)
{
    (void)state;
    lapic_post(l, 0x80, false);
    set(LAPIC_LVT_LINT0, 0x700);
    set(LAPIC_LVT_TIMER, 0x20040);
    set(LAPIC_SVR, 0xff);
    assert_false(lapic_takes_vectors(l));
    assert_true(lapic_accepts(l, 3, false)); /* NMI, INIT and start-up do */
    assert_int_equal(get(LAPIC_LVT_LINT0), 0x10700);
    assert_int_equal(get(LAPIC_LVT_TIMER), 0x30040);
    set(LAPIC_LVT_LINT0, 0x700);
    set(LAPIC_LVT_TIMER, 0x20041);
    assert_int_equal(get(LAPIC_LVT_LINT0), 0x10700);
    assert_int_equal(get(LAPIC_LVT_TIMER), 0x30041);
    assert_int_equal(lapic_pending(l), 0x80);
    set(LAPIC_SVR, 0x1ff);
    assert_true(lapic_takes_vectors(l));
    assert_int_equal(get(LAPIC_LVT_LINT0), 0x10700);
}

/* Figure 11-8: what each entry has. */
static void test_lvt_bits(void **state)
{
    (void)state;
    static const u32 bits[][2] = {
        {LAPIC_LVT_TIMER,    0x700ff},
        {LAPIC_LVT_THERMAL,  0x107ff},
        {LAPIC_LVT_COUNTERS, 0x107ff},
        {LAPIC_LVT_LINT0,    0x1a7ff},
        {LAPIC_LVT_LINT1,    0x1a7ff},
        {LAPIC_LVT_ERROR,    0x100ff},
    };
    for (unsigned i = 0; i < array_size(bits); i++) {
        set(bits[i][0], 0xffffffff);
        assert_int_equal(get(bits[i][0]), bits[i][1]);
    }
}

/* 11.5.1: ExtINT lets the PIC through; Linux masks it later. */
static void test_lint0_extint(void **state)
{
    (void)state;
    assert_false(lapic_lint0_extint(l));
    set(LAPIC_LVT_LINT0, 0x700);
    assert_true(lapic_lint0_extint(l));
    set(LAPIC_LVT_LINT0, 0x10700);
    assert_false(lapic_lint0_extint(l));
    set(LAPIC_LVT_LINT0, 0x031);
    assert_false(lapic_lint0_extint(l));
}

static void test_lint1_nmi(void **state)
{
    (void)state;
    set(LAPIC_LVT_LINT1, 0x10400);
    lapic_lint(l, 1, true);
    assert_int_equal(fake.nmis, 0); /* masked */
    lapic_lint(l, 1, false);
    set(LAPIC_LVT_LINT1, 0x400);
    lapic_lint(l, 1, true);
    lapic_lint(l, 1, true);
    assert_int_equal(fake.nmis, 1); /* an edge */
    assert_true(lapic_set_base(l, LAPIC_BASE));
    lapic_lint(l, 1, false);
    lapic_lint(l, 0, true);
    assert_int_equal(fake.nmis, 1);
    lapic_lint(l, 1, true); /* 11.4.3 */
    assert_int_equal(fake.nmis, 2);
    lapic_lint(l, 2, true); /* no such pin */
}

static void test_lint_fixed_by_edge(void **state)
{
    (void)state;
    set(LAPIC_LVT_LINT0, 0x31);
    lapic_lint(l, 0, true);
    assert_int_equal(fake_lapic_take(&fake), 0x31);
    lapic_eoi(l);
    lapic_lint(l, 0, true);
    assert_int_equal(fake_lapic_take(&fake), NONE);
    set(LAPIC_LVT_LINT1, 0x8032); /* LINT1 is edge-triggered whatever it says */
    lapic_lint(l, 1, true);
    assert_int_equal(fake_lapic_take(&fake), 0x32);
    lapic_eoi(l);
    assert_int_equal(fake_lapic_take(&fake), NONE);
    assert_int_equal(fake.eois, 0);
}

/* 11.5.1, "Remote IRR": LINT0 by level asks again after each EOI while it stands. */
static void test_lint0_by_level(void **state)
{
    (void)state;
    lapic_lint(l, 0, true);
    set(LAPIC_LVT_LINT0, 0x8031);
    assert_int_equal(get(LAPIC_LVT_LINT0), 0xc031);
    assert_int_equal(fake_lapic_take(&fake), 0x31);
    lapic_lint(l, 0, false);
    lapic_lint(l, 0, true); /* not before the EOI */
    assert_int_equal(bit_of(LAPIC_IRR, 0x31), 0);
    lapic_eoi(l);
    assert_int_equal(fake_lapic_take(&fake), 0x31);
    lapic_lint(l, 0, false);
    lapic_eoi(l);
    assert_int_equal(get(LAPIC_LVT_LINT0), 0x8031);
    assert_int_equal(fake_lapic_take(&fake), NONE);
}

/* 11.5.3: a write shows what has come together since the one before. */
static void test_esr_is_written_to_be_read(void **state)
{
    (void)state;
    get(0x000);
    set(0x400, 1);
    assert_int_equal(get(LAPIC_ESR), 0);
    set(LAPIC_ESR, 0xff);
    assert_int_equal(get(LAPIC_ESR), LAPIC_ESR_REGISTER);
    assert_int_equal(get(LAPIC_ESR), LAPIC_ESR_REGISTER);
    assert_int_equal(errors(), 0);
    get(0x000);
    lapic_init_signal(l);
    assert_int_equal(errors(), 0);
}

/* Table 11-1: where registers are; APR and RRD are old ones and no error. */
static void test_reserved_registers(void **state)
{
    (void)state;
    for (u32 at = 0; at < 0x1000; at += 4) {
        bool there = !(at & 15) && (at == 0x20 || at == 0x30 || (at >= 0x80 && at <= 0x280) ||
                                    (at >= 0x300 && at <= 0x390) || at == 0x3e0);
        assert_int_equal(errors(), 0);
        get(at);
        assert_int_equal(errors(), there ? 0 : LAPIC_ESR_REGISTER);
    }
    set(0x2f0, 1);
    assert_int_equal(errors(), LAPIC_ESR_REGISTER);
    set(LAPIC_APR, 1);
    set(LAPIC_RRD, 1);
    assert_int_equal(errors(), 0);
}

static void test_read_only_registers(void **state)
{
    (void)state;
    static const u32 ro[] = {LAPIC_ID,  LAPIC_VERSION, LAPIC_PPR,          LAPIC_ISR,
                             LAPIC_TMR, LAPIC_IRR,     LAPIC_TIMER_CURRENT};
    for (unsigned i = 0; i < array_size(ro); i++) {
        u32 before = get(ro[i]);
        set(ro[i], 0xffffffff);
        assert_int_equal(get(ro[i]), before);
    }
    l->regs[LAPIC_ID / 4] = 0xffffffff; /* as APIC-register virtualization writes it */
    set(LAPIC_ID, 0xffffffff);
    assert_int_equal(get(LAPIC_ID), 3u << 24);
    assert_int_equal(errors(), 0);
}

/* 11.5.3: an error sends the error interrupt, once until ESR is written. */
static void test_error_interrupt(void **state)
{
    (void)state;
    set(LAPIC_LVT_ERROR, 0xfe);
    get(0x000);
    assert_int_equal(fake_lapic_take(&fake), 0xfe);
    lapic_eoi(l);
    get(0x000);
    assert_int_equal(fake_lapic_take(&fake), NONE);
    set(LAPIC_ESR, 0);
    get(0x000);
    assert_int_equal(fake_lapic_take(&fake), 0xfe);
}

/* 11.5.2: 0 to 15 are no vectors, from outside or in an entry. */
static void test_received_illegal_vectors(void **state)
{
    (void)state;
    assert_true(lapic_post(l, 5, false));
    assert_int_equal(l->posted.requests[0], 0); /* no processor takes that for us */
    assert_int_equal(lapic_pending(l), NONE);
    assert_int_equal(get(LAPIC_IRR), 0);
    assert_int_equal(errors(), LAPIC_ESR_RECEIVE_VECTOR);
    lapic_post(l, 15, true);
    assert_int_equal(errors(), LAPIC_ESR_RECEIVE_VECTOR);
    set(LAPIC_LVT_LINT0, 3);
    lapic_lint(l, 0, true);
    assert_int_equal(errors(), LAPIC_ESR_RECEIVE_VECTOR);
    set(LAPIC_LVT_ERROR, 1); /* no end of errors, but an end */
    get(0x000);
    assert_int_equal(errors(), LAPIC_ESR_RECEIVE_VECTOR | LAPIC_ESR_REGISTER);
    assert_int_equal(lapic_pending(l), NONE);
}

/* Table 11-6: who may do what to which MSR. */
static void test_x2apic_registers(void **state)
{
    (void)state;
    u64 value;
    assert_false(lapic_rdmsr(l, 0x802, &value)); /* in xAPIC mode there are none */
    assert_false(lapic_wrmsr(l, 0x808, 0));
    to_x2apic();
    assert_false(lapic_in_memory(l));
    for (u32 msr = 0x7ff; msr <= 0x900; msr++) {
        bool ro = msr == 0x802 || msr == 0x803 || msr == 0x80a || msr == 0x80d ||
                  (msr >= 0x810 && msr <= 0x827) || msr == 0x839;
        bool wo = msr == 0x80b || msr == 0x83f;
        bool rw = msr == 0x808 || msr == 0x80f || msr == 0x828 || msr == 0x830 ||
                  (msr >= 0x832 && msr <= 0x838) || msr == 0x83e;
        assert_int_equal(lapic_rdmsr(l, msr, &value), ro || rw);
        assert_int_equal(lapic_wrmsr(l, msr, 0), wo || rw);
    }
}

/* 11.12.1.2: reserved bits are #GP, and nothing has changed. */
static void test_x2apic_reserved_bits(void **state)
{
    (void)state;
    static const u64 may[][2] = {
        {0x808, 0xff              },
        {0x80b, 0                 },
        {0x80f, 0x3ff             },
        {0x828, 0                 },
        {0x832, 0x710ff           },
        {0x833, 0x117ff           },
        {0x834, 0x117ff           },
        {0x835, 0x1f7ff           },
        {0x836, 0x1f7ff           },
        {0x837, 0x110ff           },
        {0x838, 0xffffffff        },
        {0x83e, 0xb               },
        {0x83f, 0xff              },
        {0x830, 0xffffffff000cdfff},
    };
    to_x2apic();
    assert_true(lapic_wrmsr(l, 0x808, 0x21));
    for (unsigned i = 0; i < array_size(may); i++)
        for (unsigned bit = 0; bit < 64; bit++)
            assert_int_equal(lapic_wrmsr(l, (u32)may[i][0], 1ull << bit), may[i][1] >> bit & 1);
    assert_true(lapic_wrmsr(l, 0x808, 0x21));
    assert_false(lapic_wrmsr(l, 0x808, 0x100));
    assert_int_equal(rdmsr(0x808), 0x21);
}

/* 11.12.5.1: registers stay when x2APIC mode is entered, id and LDR change their form. */
static void test_into_x2apic_mode(void **state)
{
    (void)state;
    fake_lapic_init(&fake, 0x2d, false);
    fake_lapic_enable(&fake);
    set(LAPIC_TPR, 0x20);
    set(LAPIC_LDR, 0x40000000);
    set(LAPIC_LVT_LINT0, 0x700);
    set(LAPIC_ICR_HIGH, 0x07000000);
    set(LAPIC_ICR, 0x4033);
    lapic_post(l, 0x80, false);
    to_x2apic();
    assert_int_equal(rdmsr(0x802), 0x2d);
    assert_int_equal(l->regs[LAPIC_ICR_HIGH / 4], 0); /* is no register here */
    assert_int_equal(rdmsr(0x80d), 2u << 16 | 1u << 13);
    assert_int_equal(rdmsr(0x808), 0x20);
    assert_int_equal(rdmsr(0x80f), 0x1ff);
    assert_int_equal(rdmsr(0x835), 0x700);
    assert_int_equal(rdmsr(0x830), 0x4033);
    assert_int_equal(fake_lapic_take(&fake), 0x80);
    assert_int_equal(rdmsr(0x814), 1);
    assert_true(lapic_wrmsr(l, 0x80b, 0));
    assert_int_equal(rdmsr(0x814), 0);
    set(LAPIC_TPR, 0x50); /* the page is gone */
    assert_int_equal(get(LAPIC_TPR), 0xffffffff);
    assert_int_equal(rdmsr(0x808), 0x20);
    lapic_post(l, 0x41, false); /* MSRs see what has been sent */
    assert_int_equal(rdmsr(0x822), 2);
    lapic_post(l, 5, false);
    assert_true(lapic_wrmsr(l, 0x828, 0));
    assert_int_equal(rdmsr(0x828), LAPIC_ESR_RECEIVE_VECTOR);
}

static void test_dump(void **state)
{
    (void)state;
    char text[512];
    assert_true(lapic_dump(l, text, sizeof text) < sizeof text);
    assert_non_null(strstr(text, "lapic 3: base fee00900 svr 1ff"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_state_after_power_on, setup),
        cmocka_unit_test_setup(test_version, setup),
        cmocka_unit_test_setup(test_init_keeps_id_and_mode, setup),
        cmocka_unit_test_setup(test_every_transition_of_the_base, setup),
        cmocka_unit_test_setup(test_base_refuses, setup),
        cmocka_unit_test_setup(test_globally_disabled, setup),
        cmocka_unit_test_setup(test_priorities, setup),
        cmocka_unit_test_setup(test_task_priority, setup),
        cmocka_unit_test_setup(test_cr8_is_the_class_of_tpr, setup),
        cmocka_unit_test_setup(test_every_vector_through_irr_and_isr, setup),
        cmocka_unit_test_setup(test_eoi_is_broadcast_for_levels, setup),
        cmocka_unit_test_setup(test_fast_eoi_does_what_eoi_does, setup),
        cmocka_unit_test_setup(test_posting_tells_once, setup),
        cmocka_unit_test_setup(test_posting_from_two_cores, setup),
        cmocka_unit_test_setup(test_reload_takes_over_the_page, setup),
        cmocka_unit_test_setup(test_told_to_the_processor, setup),
        cmocka_unit_test_setup(test_several, setup),
        cmocka_unit_test_setup(test_disabled_by_software, setup),
        cmocka_unit_test_setup(test_lvt_bits, setup),
        cmocka_unit_test_setup(test_lint0_extint, setup),
        cmocka_unit_test_setup(test_lint1_nmi, setup),
        cmocka_unit_test_setup(test_lint_fixed_by_edge, setup),
        cmocka_unit_test_setup(test_lint0_by_level, setup),
        cmocka_unit_test_setup(test_esr_is_written_to_be_read, setup),
        cmocka_unit_test_setup(test_reserved_registers, setup),
        cmocka_unit_test_setup(test_read_only_registers, setup),
        cmocka_unit_test_setup(test_error_interrupt, setup),
        cmocka_unit_test_setup(test_received_illegal_vectors, setup),
        cmocka_unit_test_setup(test_x2apic_registers, setup),
        cmocka_unit_test_setup(test_x2apic_reserved_bits, setup),
        cmocka_unit_test_setup(test_into_x2apic_mode, setup),
        cmocka_unit_test_setup(test_dump, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

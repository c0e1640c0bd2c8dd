/* SPDX-License-Identifier: MIT */
/* vmx_caps: the controls that come out, bit by bit, what needs what, and random machines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "test/unit/vmx_machine.h"

static void test_ideal_machine(void **state)
{
    (void)state;
    struct vmx_msrs m = ideal();
    assert_true(negotiate(&m));
    for (unsigned i = 1; i < VMX_FEATURES; i++)
        assert_int_equal(caps.has[i], i != VMX_CARE);
    assert_int_equal(report.count, VMX_FEATURES - 1);
    /* Must-be-one bits of the TRUE registers, and our own by the manual's bit numbers. */
    assert_int_equal(caps.controls.pin, 0x16 | BIT(0) | BIT(3) | BIT(5) | BIT(6));
    assert_int_equal(caps.controls.proc, 0x04006172 | BIT(3) | BIT(7) | BIT(10) | BIT(11) |
                                             BIT(21) | BIT(25) | BIT(28) | BIT(29) | BIT(31));
    assert_int_equal(caps.controls.proc2, BIT(1) | BIT(3) | BIT(5) | BIT(6) | BIT(7) | BIT(12) |
                                              BIT(15) | BIT(20) | BIT(26));
    assert_int_equal(caps.controls.proc3, 0);
    assert_int_equal(caps.controls.exit,
                     0x36dfb | BIT(2) | BIT(9) | BIT(15) | BIT(18) | BIT(19) | BIT(20) | BIT(21));
    assert_int_equal(caps.controls.exit2, 0);
    assert_int_equal(caps.controls.entry, 0x11fb | BIT(2) | BIT(14) | BIT(15));
    assert_int_equal(caps.revision, 4);
    assert_int_equal(caps.region_size, 4096);
    assert_int_equal(caps.timer_shift, 5);
    assert_int_equal(caps.cr3_targets, 4);
    assert_int_equal(caps.msr_list_max, 512);
    assert_int_equal(caps.phys_bits, 46);
    assert_int_equal(caps.cr0_must, 0x80000021);
    assert_int_equal(vmx_guest_cr0_must(&caps), 0x20);
    assert_int_equal(vmx_eptp_bits(&caps), 0x5e); /* WB, walk of 4, A/D: the usual EPTP */
    assert_false(caps.open_feature_control);
}

/* Takes one bit away at a time: the feature goes, the row says where, a required one refuses. */
static void test_each_bit_removed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < array_size(bits); i++) {
        const struct bit *b = &bits[i];
        struct vmx_msrs m = ideal();
        char where[32], reason[40];
        *cap_at(&m, b->msr) &= ~BIT(b->bit);
        if (b->true_msr) {
            *cap_at(&m, b->true_msr) &= ~BIT(b->bit);
            if (b->bit >= 32) { /* no contradiction with the default-1 class */
                *cap_at(&m, b->msr) &= ~BIT(b->bit - 32);
                *cap_at(&m, b->true_msr) &= ~BIT(b->bit - 32);
            }
        }
        assert_int_equal(negotiate(&m), !b->required);
        assert_false(caps.has[b->feature]);
        snprintf(where, sizeof where, "[%u]=0", b->bit);
        const struct preflight_row *row = row_of(b->name);
        assert_int_equal(row->have, HAVE_NO);
        assert_non_null(strstr(row->where, where));
        snprintf(reason, sizeof reason, "no-%s", b->name);
        if (b->required)
            assert_refused(reason);
    }
}

/* Off by command line is as off by the processor: the same refusals, the same losses. */
static void test_each_feature_forced_off(void **state)
{
    (void)state;
    for (unsigned i = 0; i < array_size(bits); i++) {
        const struct bit *b = &bits[i];
        struct vmx_msrs m = ideal();
        char option[40], reason[40];
        snprintf(option, sizeof option, "-%s", b->name);
        /* The debug controls are fixed to 1 without their TRUE bit; ideal() lets them be 0. */
        assert_int_equal(negotiate_with(&m, option), !b->required);
        assert_false(caps.has[b->feature]);
        assert_int_equal(row_of(b->name)->have, HAVE_OFF);
        snprintf(reason, sizeof reason, "vmx=-%s", b->name);
        assert_string_equal(row_of(b->name)->where, reason);
        snprintf(reason, sizeof reason, "no-%s", b->name);
        if (b->required)
            assert_refused(reason);
    }
}

/* Care is for who delivers without posted interrupts, and has not been told off. */
static void test_care(void **state)
{
    (void)state;
    struct vmx_msrs m = ideal();
    *cap_at(&m, 0x481) &= ~BIT(HIGH(7));
    *cap_at(&m, 0x48d) &= ~BIT(HIGH(7));
    assert_true(negotiate(&m));
    assert_true(caps.has[VMX_CARE] && caps.has[VMX_VIRTUAL_DELIVERY]);
    assert_true(negotiate_with(&m, "-care"));
    assert_false(caps.has[VMX_CARE]);
    assert_true(caps.has[VMX_VIRTUAL_DELIVERY]);
    *cap_at(&m, 0x48b) &= ~BIT(HIGH(9));
    assert_true(negotiate(&m));
    assert_false(caps.has[VMX_CARE]);
}

static void test_names_of_where(void **state)
{
    (void)state;
    struct vmx_msrs m = ideal();
    *cap_at(&m, 0x48b) &= ~BIT(HIGH(1));
    assert_false(negotiate(&m));
    assert_refused("no-ept");
    assert_string_equal(row_of("ept")->where, "PROCBASED_CTLS2[33]=0");
    assert_string_equal(row_of("unrestricted-guest")->where, "needs ept");
    assert_int_equal(row_of("unrestricted-guest")->have, HAVE_MOOT);
    m = ideal();
    *cap_at(&m, 0x48e) &= ~BIT(HIGH(21));
    assert_true(negotiate(&m));
    assert_string_equal(row_of("tpr-shadow")->where, "TRUE_PROCBASED_CTLS[53]=0");
    m = ideal();
    *cap_at(&m, 0x48b) = *cap_at(&m, 0x48c) = 0;
    m.present &= ~(BIT(0x48b - 0x480) | BIT(0x48c - 0x480)) & 0xffffffff;
    assert_false(negotiate(&m));
    assert_string_equal(row_of("ept")->where, "PROCBASED_CTLS2 absent");
    assert_string_equal(row_of("invvpid")->where, "EPT_VPID_CAP absent");
    m = ideal();
    m.cpuid_7_ecx = 0;
    assert_true(negotiate(&m));
    assert_string_equal(row_of("umip")->where, "CPUID.7.ECX[2]=0");
}

/* 27.2.1.1, 27.2.1.2, and Trivet's own. */
static void test_what_needs_what(void **state)
{
    (void)state;
    static const struct {
        const char *off;
        enum vmx_feature gone[8];
    } cases[] = {
        {"-tpr-shadow",
         {VMX_X2APIC_MODE, VMX_APIC_REGISTERS, VMX_VIRTUAL_DELIVERY, VMX_POSTED_INTERRUPTS}              },
        {"-virtual-delivery", {VMX_POSTED_INTERRUPTS}                                                    },
        {"-ack-on-exit",      {VMX_POSTED_INTERRUPTS}                                                    },
        {"-vnmi",             {VMX_NMI_WINDOW}                                                           },
        {"-ept-ad",           {VMX_PML}                                                                  },
        {"-invvpid",
         {VMX_VPID, VMX_INVVPID_ADDRESS, VMX_INVVPID_SINGLE, VMX_INVVPID_ALL, VMX_INVVPID_GLOBALS}       },
        {"-invvpid-all",      {VMX_VPID}                                                                 },
        {"-preemption-timer", {VMX_SAVE_TIMER}                                                           },
        {"-tsc-offset",       {VMX_TSC_SCALING}                                                          },
        {"-load-pat",         {VMX_SAVE_PAT, VMX_LOAD_HOST_PAT}                                          },
        {"-save-pat",         {VMX_LOAD_PAT, VMX_LOAD_HOST_PAT}                                          },
        {"-apicv",            {VMX_APIC_REGISTERS, VMX_VIRTUAL_DELIVERY, VMX_POSTED_INTERRUPTS}          },
        {"-apic",             {VMX_TPR_SHADOW, VMX_APIC_ACCESSES, VMX_X2APIC_MODE, VMX_POSTED_INTERRUPTS}},
        {"-ept-large",        {VMX_EPT_2M, VMX_EPT_1G}                                                   },
    };
    for (unsigned c = 0; c < array_size(cases); c++) {
        struct vmx_msrs m = ideal();
        assert_true(negotiate_with(&m, cases[c].off));
        for (unsigned g = 0; g < 8 && cases[c].gone[g]; g++)
            assert_false(caps.has[cases[c].gone[g]]);
    }
    struct vmx_msrs m = ideal();
    assert_true(negotiate_with(&m, "-apicv,-vpid"));
    assert_true(caps.has[VMX_TPR_SHADOW] && caps.has[VMX_X2APIC_MODE] && !caps.has[VMX_VPID]);
    assert_false(negotiate_with(&m, "-ept"));
    assert_refused("no-ept");
    assert_false(negotiate_with(&m, "-unrestricted"));
    assert_refused("no-unrestricted-guest");
}

static void test_fallback_bits(void **state)
{
    (void)state;
    struct vmx_msrs m = ideal();
    assert_true(negotiate_with(&m, "-tpr-shadow"));
    assert_int_equal(caps.controls.proc & (BIT(19) | BIT(20) | BIT(21)), BIT(19) | BIT(20));
    assert_true(negotiate_with(&m, "-cr3-free"));
    assert_int_equal(caps.controls.proc & (BIT(15) | BIT(16)), BIT(15) | BIT(16));
    assert_true(negotiate_with(&m, "-cr3-store-free"));
    assert_int_equal(caps.controls.proc & (BIT(15) | BIT(16)), BIT(16));
    assert_true(negotiate_with(&m, "-pat"));
    assert_int_equal(caps.controls.exit & (BIT(18) | BIT(19)), 0);
    assert_int_equal(caps.controls.entry & BIT(14), 0);
    assert_true(negotiate_with(&m, "-ept-ad"));
    assert_int_equal(vmx_eptp_bits(&caps), 0x1e);

    *cap_at(&m, 0x48e) &= ~BIT(HIGH(19));
    assert_true(negotiate(&m));
    assert_false(negotiate_with(&m, "-tpr-shadow"));
    assert_refused("no-cr8-exiting");
    assert_non_null(strstr(report.refusal.text, "(vmx=-tpr-shadow)"));
    assert_non_null(strstr(report.refusal.text, "take that off the command line"));
    *cap_at(&m, 0x48e) &= ~BIT(HIGH(21));
    assert_false(negotiate(&m));
    assert_refused("no-cr8-exiting");
    assert_non_null(strstr(report.refusal.text, "a newer one is needed"));

    /* A row names the word that was typed. */
    m = ideal();
    assert_true(negotiate_with(&m, "-apicv"));
    assert_string_equal(report.row[VMX_APIC_REGISTERS - 1].where, "vmx=-apicv");
    assert_true(negotiate_with(&m, "-apicv,-apic-register"));
    assert_string_equal(report.row[VMX_APIC_REGISTERS - 1].where, "vmx=-apic-register");
    assert_string_equal(report.row[VMX_VIRTUAL_DELIVERY - 1].where, "vmx=-apicv");
    assert_false(negotiate_with(&m, "-unrestricted"));
    assert_non_null(strstr(report.refusal.text, "is switched off by vmx=-unrestricted,"));
}

/* A.2, A.3.1: the TRUE registers count if and only if VMX_BASIC[55]. */
static void test_true_registers(void **state)
{
    (void)state;
    struct vmx_msrs m = ideal();
    *cap_at(&m, 0x480) &= ~BIT(55);
    assert_true(negotiate(&m));
    assert_false(caps.true_msrs);
    assert_false(caps.has[VMX_CR3_LOAD_FREE]);
    assert_string_equal(row_of("cr3-load-free")->where, "PROCBASED_CTLS[15]=1");
    assert_int_equal(caps.controls.proc & 0x0401e172, 0x0401e172);
    assert_int_equal(caps.controls.exit & 0x36dff, 0x36dff);

    /* Announced, but not readable: the plain ones hold. */
    m = ideal();
    m.present &= ~(0xfu << (0x48d - 0x480));
    for (u32 msr = 0x48d; msr <= 0x490; msr++)
        *cap_at(&m, msr) = 0;
    assert_true(negotiate(&m));
    assert_int_equal(caps.controls.proc & 0x0401e172, 0x0401e172);

    /* A TRUE register may also allow less than the plain one says. */
    m = ideal();
    *cap_at(&m, 0x48d) &= ~BIT(HIGH(6));
    assert_true(negotiate(&m));
    assert_false(caps.has[VMX_PREEMPTION_TIMER]);
    assert_int_equal(caps.controls.pin & BIT(6), 0);
}

static void test_must_be_one_is_kept(void **state)
{
    (void)state;
    struct vmx_msrs m = ideal();
    *cap_at(&m, 0x48e) |= BIT(12) | BIT(30); /* RDTSC and PAUSE exiting: none of ours */
    *cap_at(&m, 0x48b) |= BIT(20);           /* XSAVES */
    assert_true(negotiate_with(&m, "-xsaves"));
    assert_int_equal(caps.controls.proc & (BIT(12) | BIT(30)), BIT(12) | BIT(30));
    assert_true(caps.has[VMX_XSAVES]); /* what the processor insists on cannot be off */
    assert_int_equal(caps.controls.proc2 & BIT(20), BIT(20));
    assert_string_equal(row_of("xsaves")->where, "PROCBASED_CTLS2[20]=1");

    /* What Trivet switches as it goes must be free to be 0. */
    m = ideal();
    *cap_at(&m, 0x490) |= BIT(9);
    assert_false(negotiate(&m));
    assert_refused("no-ia32e-guest");
    assert_string_equal(row_of("ia32e-guest")->where, "TRUE_ENTRY_CTLS[9]=1");

    m = ideal();
    *cap_at(&m, 0x48b) |= BIT(4);
    assert_false(negotiate(&m));
    assert_refused("vmx-controls");

    /* Insisted on, but without what it needs. */
    m = ideal();
    *cap_at(&m, 0x48b) |= BIT(5);
    assert_true(negotiate(&m));
    assert_false(negotiate_with(&m, "-invvpid"));
    assert_refused("vmx-controls");
    *cap_at(&m, 0x48b) &= ~BIT(HIGH(5));
    assert_false(negotiate(&m));
    assert_refused("vmx-controls");
}

static void test_run_time_controls(void **state)
{
    (void)state;
    struct vmx_msrs m = ideal();
    assert_true(negotiate(&m));
    struct vmx_controls c = caps.controls;
    vmx_control(&c, VMX_INTERRUPT_WINDOW, true);
    assert_int_equal(c.proc, caps.controls.proc | BIT(2));
    vmx_control(&c, VMX_INTERRUPT_WINDOW, false);
    assert_memory_equal(&c, &caps.controls, sizeof c);
    vmx_control(&c, VMX_POSTED_INTERRUPTS, true);
    vmx_control(&c, VMX_SAVE_TIMER, true);
    vmx_control(&c, VMX_IA32E_GUEST, true);
    assert_int_equal(c.pin, caps.controls.pin | BIT(7));
    assert_int_equal(c.exit, caps.controls.exit | BIT(22));
    assert_int_equal(c.entry, caps.controls.entry | BIT(9));
    vmx_control(&c, VMX_APIC_ACCESSES, true);
    assert_int_equal(c.proc2 & 0x11, 0x01);
    vmx_control(&c, VMX_X2APIC_MODE, true);
    assert_int_equal(c.proc2 & 0x11, 0x10);
    vmx_control(&c, VMX_APIC_ACCESSES, true);
    assert_int_equal(c.proc2 & 0x11, 0x01);
    vmx_control(&c, VMX_EPT_AD, true); /* no control: nothing happens */
}

/* 27.2.1.1 to 27.2.1.3 over finished words, written from the manual. */
static void check_entry_rules(const struct vmx_controls *c)
{
    bool tpr = c->proc & BIT(21);
    assert_true(tpr || !(c->proc2 & (BIT(4) | BIT(8) | BIT(9))));
    assert_true((c->pin & BIT(3)) || !(c->pin & BIT(5)));
    assert_true((c->pin & BIT(5)) || !(c->proc & BIT(22)));
    assert_false((c->proc2 & BIT(4)) && (c->proc2 & BIT(0)));
    assert_true((c->pin & BIT(0)) || !(c->proc2 & BIT(9)));
    if (c->pin & BIT(7))
        assert_true((c->proc2 & BIT(9)) && (c->exit & BIT(15)));
    assert_true((c->proc2 & BIT(1)) || !(c->proc2 & (BIT(7) | BIT(17))));
    assert_true((c->pin & BIT(6)) || !(c->exit & BIT(22)));
    assert_true(tpr || (c->proc & (BIT(19) | BIT(20))) == (BIT(19) | BIT(20)));
}

static u64 random_state = 88172645463325252ull;

static u64 random64(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void check_word(const struct vmx_msrs *m, u32 value, u32 msr, u32 true_msr)
{
    u64 limits = m->cap[msr - 0x480];
    if (true_msr && (m->cap[0] & BIT(55)) && (m->present >> (true_msr - 0x480) & 1))
        limits = m->cap[true_msr - 0x480];
    assert_int_equal((u32)limits & ~value, 0);
    assert_int_equal(value & ~(u32)(limits >> 32), 0);
}

/*
 * Machines that lack a few things at random, some insisting on others: whatever is called ready has
 * words that the processor allows and that pass the entry checks with every RUN feature on.
 */
static void test_random_machines(void **state)
{
    (void)state;
    unsigned ready = 0;
    for (unsigned round = 0; round < 50000; round++) {
        struct vmx_msrs m = ideal();
        struct vmx_wishes wishes = {0};
        for (unsigned n = (unsigned)(random64() % 6); n > 0; n--) {
            const struct bit *b = &bits[random64() % array_size(bits)];
            if (b->required && random64() % 8)
                continue;
            u32 msr = b->true_msr && random64() % 4 ? b->true_msr : b->msr;
            if (b->bit >= 32 && random64() % 4 == 0)
                *cap_at(&m, msr) |= BIT(b->bit - 32);
            else
                *cap_at(&m, msr) &= ~BIT(b->bit);
        }
        for (unsigned n = (unsigned)(random64() % 4); n > 0; n--) {
            const struct bit *b = &bits[random64() % array_size(bits)];
            wishes.off[b->feature] = b->required ? NULL : b->name;
        }
        if (random64() % 8 == 0)
            m.present &= (u32)random64() | 1;
        for (unsigned i = 0; i < 20; i++)
            if (!(m.present >> i & 1))
                m.cap[i] = 0;
        if (!vmx_negotiate(&m, &wishes, &caps, &report)) {
            assert_true(report.refusal.reason[0] && report.refusal.text[0]);
            continue;
        }
        ready++;
        struct vmx_controls c = caps.controls;
        for (unsigned i = 1; i < VMX_FEATURES; i++) {
            if (caps.has[i] && report.row[i - 1].need != NEED_SPARE && i != VMX_CR3_LOAD_FREE &&
                i != VMX_CR3_STORE_FREE)
                vmx_control(&c, (enum vmx_feature)i, true);
        }
        check_entry_rules(&caps.controls);
        check_entry_rules(&c);
        check_word(&m, c.pin, 0x481, 0x48d);
        check_word(&m, c.proc, 0x482, 0x48e);
        check_word(&m, c.proc2, 0x48b, 0);
        check_word(&m, c.exit, 0x483, 0x48f);
        check_word(&m, c.entry, 0x484, 0x490);
        assert_true(vmx_core_fits(&m, &caps, &report));
    }
    assert_true(ready > 10000 && ready < 49000);
}

/* Rubbish in every register: a verdict, no crash, and no ready machine without the required bits.
 */
static void test_rubbish(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        struct vmx_msrs m;
        for (unsigned i = 0; i < 20; i++)
            m.cap[i] = random64() | (round % 2 ? random64() : 0);
        m.present = (u32)random64();
        m.feature_control_present = random64() & 1;
        m.feature_control = random64();
        m.cpuid_1_ecx = (u32)random64();
        m.cpuid_7_ecx = (u32)random64();
        m.phys_bits = (u8)random64();
        bool ready = negotiate(&m);
        assert_int_equal(ready, preflight_ready(&report));
        logged[0] = '\0';
        preflight_print(&report, true);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ideal_machine),           cmocka_unit_test(test_each_bit_removed),
        cmocka_unit_test(test_each_feature_forced_off), cmocka_unit_test(test_care),
        cmocka_unit_test(test_names_of_where),          cmocka_unit_test(test_what_needs_what),
        cmocka_unit_test(test_fallback_bits),           cmocka_unit_test(test_true_registers),
        cmocka_unit_test(test_must_be_one_is_kept),     cmocka_unit_test(test_run_time_controls),
        cmocka_unit_test(test_random_machines),         cmocka_unit_test(test_rubbish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

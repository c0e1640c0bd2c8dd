/* SPDX-License-Identifier: MIT */
/* svm_event: NMIs with VNMI, of which no emulator knows. The test is the processor (APM
 * 2, 15.21.10). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/arch.h"
#include "svm/svm_cpu.h"
#include "svm/svm_vcpu.h"

struct svm_caps svm_caps;
bool svm_emulated;

void svm_intercept(struct svm_vcpu *v, unsigned exit_code, bool on)
{
    (void)v, (void)exit_code, (void)on;
}

void svm_arm(struct guest *guest)
{
    (void)guest;
}

void arch_timer_arm(u64 when)
{
    (void)when;
}

u64 arch_now(void)
{
    return 0;
}

static struct vmcb vmcb;
static struct svm_vcpu vcpu = {.vmcb = &vmcb};
static unsigned taken;

static int setup(void **state)
{
    (void)state;
    memset(&vmcb, 0, sizeof vmcb);
    vmcb.control.virtual_interrupt = V_NMI_ENABLE;
    vcpu.guest.nmi = false;
    svm_caps.has[SVM_VNMI] = true;
    taken = 0;
    return 0;
}

/* Another processor's. */
static void send(void)
{
    vcpu.guest.nmi = true;
}

/* As guest_deliver does, and into the guest; `shadow` holds NMIs back. */
static void enter(bool shadow)
{
    u64 *word = &vmcb.control.virtual_interrupt;

    if (vcpu.guest.nmi) {
        vmcb.control.clean = CLEAN_ALL;
        assert_false(svm_event_ops.deliver_nmi(&vcpu.guest, false));
        assert_false(vmcb.control.clean & CLEAN_VINTR);
    }
    if (shadow || (*word & V_NMI_MASK) || !(*word & V_NMI))
        return;
    *word = (*word & ~V_NMI) | V_NMI_MASK;
    taken++;
}

/* As svm_exited does. */
static void leave(void)
{
    if (vmcb.control.virtual_interrupt & V_NMI)
        svm_take_back_nmi(&vcpu);
}

static void iret(void)
{
    vmcb.control.virtual_interrupt &= ~V_NMI_MASK;
}

static void test_one_waits(void **state)
{
    (void)state;
    send();
    enter(false);
    assert_int_equal(taken, 1);
    for (unsigned i = 0; i < 3; i++) { /* in its handler, with an exit each */
        leave();
        send();
        enter(false);
        assert_int_equal(taken, 1);
    }
    for (unsigned i = 0; i < 3; i++) {
        iret();
        leave();
        enter(false);
    }
    assert_int_equal(taken, 2);
}

static void test_none_is_lost(void **state)
{
    (void)state;
    send();
    enter(false);
    send(); /* the processor has just taken the first */
    leave();
    enter(false);
    assert_int_equal(taken, 1);
    iret();
    enter(false);
    assert_int_equal(taken, 2);
    send();
    iret();
    enter(false);
    assert_int_equal(taken, 3);
}

/* STI, an exit, HLT: the NMI that the shadow held back wakes. */
static void test_a_halt_sees_it(void **state)
{
    (void)state;
    send();
    enter(true);
    leave();
    assert_int_equal(taken, 0);
    assert_true(vcpu.guest.nmi);
    assert_false(svm_nmi_blocked(&vcpu.guest));
    enter(false);
    leave();
    assert_int_equal(taken, 1);
    assert_false(vcpu.guest.nmi);
    assert_true(svm_nmi_blocked(&vcpu.guest));
}

/* Against one latch and one handler, in any order. */
static void test_random(void **state)
{
    bool latched = false, handler = false, shadow = false;
    unsigned expected = 0;

    (void)state;
    srand(1);
    for (unsigned i = 0; i < 100000; i++) {
        switch (rand() % 4) {
        case 0:
            send();
            latched = true;
            break;
        case 1:
            iret();
            handler = false;
            break;
        case 2:
            shadow = !shadow;
            break;
        default:
            enter(shadow);
            if (latched && !handler && !shadow) {
                latched = false;
                handler = true;
                expected++;
            }
            leave();
        }
        assert_int_equal(taken, expected);
    }
    assert_true(expected > 1000);
}

#define test(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_one_waits),
        test(test_none_is_lost),
        test(test_a_halt_sees_it),
        test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

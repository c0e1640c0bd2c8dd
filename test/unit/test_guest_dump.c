/* SPDX-License-Identifier: MIT */
/* guest_dump: its lines to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "arch/x86/guest_apic.h"
#include "arch/x86/guest_dump.h"
#include "log_capture.h"

static u64 get(struct guest *guest, enum guest_reg reg)
{
    (void)guest;
    return 0x100 + reg;
}

static void segment(void *guest, enum seg_reg which, struct guest_segment *out)
{
    (void)guest;
    *out =
        (struct guest_segment){0x1000u * which, 0xffff, which == SEG_FS ? SEGMENT_UNUSABLE : 0x93};
}

static u16 selector(struct guest *guest, enum seg_reg which)
{
    (void)guest;
    return (u16)(which << 3);
}

static unsigned cpl(struct guest *guest)
{
    (void)guest;
    return 3;
}

static const struct guest_ops ops = {
    .get = get, .segment = segment, .selector = selector, .cpl = cpl};

/* The processor's, where it is loaded. */
void guest_dr_fetch(struct guest *guest)
{
    guest->dr[2] = 0xd2;
}

static void assert_line(const char *line)
{
    const char *at = strstr(logged, line);
    if (!at || (at != logged && at[-1] != '\n') || at[strlen(line)] != '\n')
        fail_msg("no line '%s' in:\n%s", line, logged);
}

static void test_lines(void **state)
{
    static const struct vm_config config = {.name = "web"};
    static struct vm vm = {.config = &config};
    static u32 page[1024] = {[0x80 / 4] = 0x50};
    static struct guest guest = {
        .ops = &ops, .apic_page = page, .vcpu = {.vm = &vm, .index = 1}
    };
    (void)state;
    guest.vcpu.core = 3;
    guest.xcr0 = 7;
    guest.halted = true;
    guest.event = (struct guest_event){true, 14, EVENT_TYPE_EXCEPTION, true, 5, 0};
    logged[0] = '\0';
    guest.gpr[GPR_RBX] = 0xb;
    guest.gpr[15] = 0xf;
    guest_dump(&guest);
    const char *first = "[web] vCPU 1 stops on core 3; its state:\n";
    assert_int_equal(strncmp(logged, first, strlen(first)), 0);
    assert_line("dr0=0000000000000000 dr1=0000000000000000 dr2=00000000000000d2 "
                "dr3=0000000000000000");
    assert_line("xcr0=7 xss=0 cr8=5 exits=0, halted");
    assert_line("waiting event: vector 14, type 3, error code 0x5");
    assert_line("rip=0000000000000100 rsp=0000000000000101 rflags=00000102 cpl=3");
    assert_line("rax=0000000000000000 rbx=000000000000000b rcx=0000000000000000 "
                "rdx=0000000000000000");
    assert_line("r13=0000000000000000 r14=0000000000000000 r15=000000000000000f");
    assert_line("cs   0008 base=0000000000001000 limit=0000ffff access=0093");
    assert_line("fs   0020 base=0000000000004000 limit=0000ffff access=0000 unusable");
    assert_line("gdtr      base=0000000000006000 limit=0000ffff");
    assert_line("ldtr 0038 base=0000000000007000 limit=0000ffff access=0093");
    assert_line("tr   0048 base=0000000000009000 limit=0000ffff access=0093");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

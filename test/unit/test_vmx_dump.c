/* SPDX-License-Identifier: MIT */
/* vmx_dump: a few lines to the letter, and any VMCS without a crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "test/unit/vmcs_images.h"
#include "vmx/vmx_dump.h"

static void assert_line(const char *line)
{
    const char *at = strstr(logged, line);
    size_t length = strlen(line);
    if (!at || (at != logged && at[-1] != '\n') || at[length] != '\n')
        fail_msg("no line '%s' in:\n%s", line, logged);
}

static unsigned lines(void)
{
    unsigned count = 0;
    for (const char *s = logged; *s; s++)
        count += *s == '\n';
    return count;
}

static void test_real_mode(void **state)
{
    (void)state;
    logged[0] = '\0';
    real16();
    fields[VMCS_EXIT_REASON] = 2;
    vmx_dump(&image);
    assert_line("cr0 real=00000030 mask=00000000 shadow=00000000");
    assert_line("activity=active blocking=0 pending-debug=0 debugctl=0");
    assert_line("exit reason=00000002 triple-fault qualification=0 length=0 instruction=00000000");
    assert_null(strstr(logged, "event="));
    assert_true(lines() <= 25);
}

static void test_long_mode(void **state)
{
    (void)state;
    logged[0] = '\0';
    long64();
    fields[VMCS_GUEST_BLOCKING] = 9;
    fields[VMCS_GUEST_ACTIVITY] = 1;
    fields[VMCS_EXIT_REASON] = 0x80000021;
    fields[VMCS_ENTRY_EVENT] = 0x80000b0e;
    fields[VMCS_ENTRY_ERROR_CODE] = 0x15;
    fields[VMCS_IDT_EVENT] = 0x80000030;
    vmx_dump(&image);
    assert_line("activity=hlt blocking=9,sti,nmi pending-debug=0 debugctl=0");
    assert_line("entry event=80000b0e: hardware exception, vector 14, error code 0x15");
    assert_line("idt-vectoring event=80000030: external interrupt, vector 48");
    assert_non_null(strstr(logged, "entry-guest-state (entry failed)"));
    assert_non_null(strstr(logged, "proc2=000000aa"));
}

static void test_anything(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte += 51) {
        memset(fields, (int)byte, sizeof fields);
        logged[0] = '\0';
        vmx_dump(&image);
        assert_true(lines() <= 25);
    }
}

static void test_findings(void **state)
{
    (void)state;
    struct vmx_msrs msrs = ideal();
    struct vmx_findings findings;
    logged[0] = '\0';
    long64();
    vmx_check(&image, &msrs, &findings);
    vmx_dump_findings(&findings);
    assert_string_equal(logged, "");
    fields[VMCS_GUEST_RFLAGS] = 0x200;
    vmx_check(&image, &msrs, &findings);
    vmx_dump_findings(&findings);
    assert_string_equal(logged, "27.3.1.4 bit 1 of RFLAGS is 1 (GUEST_RFLAGS is 0x200)\n");
    logged[0] = '\0';
    memset(fields, 0xff, sizeof fields);
    vmx_check(&image, &msrs, &findings);
    vmx_dump_findings(&findings);
    assert_int_equal(lines(), VMX_FINDINGS_MAX + 1);
    assert_non_null(strstr(logged, "\nand "));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_mode),
        cmocka_unit_test(test_long_mode),
        cmocka_unit_test(test_anything),
        cmocka_unit_test(test_findings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

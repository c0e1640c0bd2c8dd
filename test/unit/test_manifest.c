/* SPDX-License-Identifier: MIT */
/* core/manifest: ARCHITECTURE.md's example, every key's limits, and the sentences word for word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/manifest.h"
#include "lib/fmt.h"

static struct manifest m;
static struct manifest_errors errors;

/* The text is handed over in a block of exactly its size, so that the sanitizer sees each byte read
 * too far. */
static bool parse_bytes(const char *text, size_t size)
{
    char *copy = malloc(size ? size : 1);
    bool good;
    memcpy(copy, text, size);
    memset(&m, 0x5a, sizeof m);
    good = manifest_parse(copy, size, &m, &errors);
    free(copy);
    return good;
}

static void good(const char *text)
{
    if (!parse_bytes(text, strlen(text)))
        fail_msg("%s", errors.error[0].text);
    assert_int_equal(errors.total, 0);
}

static void wrong(const char *text, const char *sentence)
{
    assert_false(parse_bytes(text, strlen(text)));
    assert_string_equal(errors.error[0].text, sentence);
    assert_int_equal(errors.total, 1);
}

/* One key of an otherwise good machine, in line 3. */
static void good_key(const char *line)
{
    char text[8192];
    fmt_text(text, sizeof text, "[vm a]\nkernel = k\n%s\n", line);
    good(text);
}

static void wrong_key(const char *line, const char *rest)
{
    char text[8192], sentence[512];
    fmt_text(text, sizeof text, "[vm a]\nkernel = k\n%s\n", line);
    fmt_text(sentence, sizeof sentence, "trivet.conf line 3: %s", rest);
    wrong(text, sentence);
}

static void test_the_documented_example(void **state)
{
    (void)state;
    good("# one section a virtual machine\n"
         "[vm web]\n"
         "kernel  = vmlinuz            # a module; its kind is read from its content\n"
         "initrd  = initrd.img         # Linux: the initrd\n"
         "cmdline = console=ttyS0 quiet\n"
         "memory  = 256M\n"
         "cpus    = 2                  # virtual processors\n"
         "cores   = 1-3                # where they may run; left out: any\n"
         "on-exit = stop               # stop | restart\n");
    assert_int_equal(m.count, 1);
    assert_string_equal(m.vm[0].name, "web");
    assert_string_equal(m.vm[0].kernel, "vmlinuz");
    assert_string_equal(m.vm[0].initrd, "initrd.img");
    assert_string_equal(m.vm[0].cmdline, "console=ttyS0 quiet");
    assert_int_equal(m.vm[0].memory, 256 << 20);
    assert_int_equal(m.vm[0].cpus, 2);
    assert_false(m.vm[0].any_core);
    assert_int_equal(m.vm[0].cores.word[0], 0xe);
    assert_int_equal(m.vm[0].on_exit, VM_EXIT_STOP);
    assert_int_equal(m.vm[0].line, 2);
    assert_int_equal(m.vm[0].kernel_line, 3);
    assert_int_equal(m.vm[0].cores_line, 8);
}

static void test_defaults(void **state)
{
    (void)state;
    good("[vm a]\nkernel=k");
    assert_string_equal(m.vm[0].kernel, "k");
    assert_string_equal(m.vm[0].initrd, "");
    assert_string_equal(m.vm[0].cmdline, "");
    assert_int_equal(m.vm[0].memory, 128 << 20);
    assert_int_equal(m.vm[0].cpus, 1);
    assert_true(m.vm[0].any_core);
    assert_int_equal(m.vm[0].on_exit, VM_EXIT_STOP);
    assert_int_equal(m.vm[0].pv, VM_PV_KVM);
    assert_true(m.vm[0].hpet);
    assert_false(m.vm[0].has_load);
    assert_int_equal(m.vm[0].mode, VM_FLAT_BY_CONTENT);
}

static void test_line_ends_and_blanks(void **state)
{
    (void)state;
    good(
        "\xef\xbb\xbf[vm a]\r\n\tkernel\t=\tk\r\n\r\n   # note\r\n[ vm  b ]# c\r\nkernel=k2 \t\r\n");
    assert_int_equal(m.count, 2);
    assert_string_equal(m.vm[0].kernel, "k");
    assert_string_equal(m.vm[1].name, "b");
    assert_string_equal(m.vm[1].kernel, "k2");
    good("\n\n[vm a]\nkernel = k\n\n");
    assert_int_equal(m.vm[0].line, 3);
}

static void test_comments_and_quotes(void **state)
{
    (void)state;
    good_key("cmdline = a#b c=1 # note");
    assert_string_equal(m.vm[0].cmdline, "a#b c=1");
    good_key("cmdline = # nothing");
    assert_string_equal(m.vm[0].cmdline, "");
    good_key("cmdline = \" a # b \" # note");
    assert_string_equal(m.vm[0].cmdline, " a # b ");
    good_key("cmdline = '\"q\" # b'");
    assert_string_equal(m.vm[0].cmdline, "\"q\" # b");
    good_key("cmdline = dyndbg=\"file x +p\"");
    assert_string_equal(m.vm[0].cmdline, "dyndbg=\"file x +p\"");
    good_key("cmdline = ''");
    assert_string_equal(m.vm[0].cmdline, "");
    good_key("cmdline = gr\xc3\xbc\xc3\x9f");
    assert_string_equal(m.vm[0].cmdline, "gr\xc3\xbc\xc3\x9f");
    wrong_key("cmdline = \"abc", "cmdline = \"abc: expected a closing \"");
    wrong_key("cmdline = 'abc # x", "cmdline = 'abc # x: expected a closing '");
    wrong_key("cmdline = \"", "cmdline = \": expected a closing \"");
    wrong_key("cmdline = 'a' b", "cmdline = 'a' b: expected nothing behind the closing quote");
}

static void test_memory(void **state)
{
    (void)state;
    good_key("memory = 64K");
    assert_int_equal(m.vm[0].memory, 65536);
    good_key("memory = 0x20000");
    assert_int_equal(m.vm[0].memory, 131072);
    good_key("memory = 1024G");
    assert_int_equal(m.vm[0].memory, 1ull << 40);
    wrong_key("memory = 12Q", "memory = 12Q: expected a number with K, M or G, such as 128M");
    wrong_key("memory =", "memory = : expected a number with K, M or G, such as 128M");
    wrong_key("memory = 60K", "memory = 60K: expected at least 64K (a number with K, M or G, such "
                              "as 128M)");
    wrong_key("memory = 128", "memory = 128: expected at least 64K (a number with K, M or G, such "
                              "as 128M)");
    wrong_key("memory = 65537", "memory = 65537: expected a multiple of 4K");
    wrong_key("memory = 1025G", "memory = 1025G: expected at most 1024G");
    wrong_key("memory = -1M", "memory = -1M: expected a number with K, M or G, such as 128M");
}

static void test_cpus_and_choices(void **state)
{
    (void)state;
    good_key("cpus = 64");
    assert_int_equal(m.vm[0].cpus, 64);
    wrong_key("cpus = 0", "cpus = 0: expected a number from 1 to 64");
    wrong_key("cpus = 65", "cpus = 65: expected a number from 1 to 64");
    wrong_key("cpus = two", "cpus = two: expected a number from 1 to 64");
    good_key("on-exit = restart");
    assert_int_equal(m.vm[0].on_exit, VM_EXIT_RESTART);
    wrong_key("on-exit = reboot", "on-exit = reboot: expected stop or restart");
    good_key("pv = none");
    assert_int_equal(m.vm[0].pv, VM_PV_NONE);
    wrong_key("pv = xen", "pv = xen: expected kvm or none");
    good_key("hpet = off");
    assert_false(m.vm[0].hpet);
    wrong_key("hpet = no", "hpet = no: expected on or off");
}

static void check_cores(const char *line, const unsigned *cores, unsigned count)
{
    unsigned found = 0;
    good_key(line);
    assert_false(m.vm[0].any_core);
    for (unsigned i = 0; i < CORE_SET_MAX; i++)
        found += core_set_has(&m.vm[0].cores, i);
    assert_int_equal(found, count);
    for (unsigned i = 0; i < count; i++)
        assert_true(core_set_has(&m.vm[0].cores, cores[i]));
}

static void test_cores(void **state)
{
    (void)state;
    check_cores("cores = 1-3,5", (const unsigned[]){1, 2, 3, 5}, 4);
    check_cores("cores = 0", (const unsigned[]){0}, 1);
    check_cores("cores = 5 , 63 - 65, 5", (const unsigned[]){5, 63, 64, 65}, 4);
    check_cores("cores = 510-511", (const unsigned[]){510, 511}, 2);
    assert_false(core_set_has(&m.vm[0].cores, CORE_SET_MAX));
    wrong_key("cores = 3-1", "cores = 3-1: expected a range's lower end first, such as 1-3");
    wrong_key("cores = 512", "cores = 512: expected core numbers from 0 to 511");
    wrong_key("cores = 0-99999999999999999999",
              "cores = 0-99999999999999999999: expected core numbers from 0 to 511");
    const char *form[] = {"", "1,", ",1", "1-", "-1", "1-2-3", "1;2", "all", "1 2", "0x1", "1,,2"};
    for (size_t i = 0; i < array_size(form); i++) {
        char line[64], sentence[128];
        fmt_text(line, sizeof line, "cores = %s", form[i]);
        fmt_text(sentence, sizeof sentence,
                 "cores = %s: expected core numbers and ranges, such as 1-3,5", form[i]);
        wrong_key(line, sentence);
    }
}

static void test_flat_kernels(void **state)
{
    (void)state;
    good_key("load = 0x7c00\nmode = real");
    assert_true(m.vm[0].has_load);
    assert_int_equal(m.vm[0].load, 0x7c00);
    assert_int_equal(m.vm[0].mode, VM_FLAT_REAL);
    good_key("load = 2M\nmode = long");
    assert_int_equal(m.vm[0].load, 2 << 20);
    assert_int_equal(m.vm[0].mode, VM_FLAT_LONG);
    wrong_key("load = here", "load = here: expected an address, such as 0x7c00 or 1M");
    wrong_key("load = 4G", "load = 4G: expected an address below 4G");
    wrong_key("mode = smm", "mode = smm: expected real or long");
    wrong_key("load = 1M\nmode = real",
              "load = 0x100000: expected an address below 1M with mode = real");
}

static void test_modules_by_name(void **state)
{
    char line[200] = "initrd = ";
    (void)state;
    wrong_key("initrd =", "initrd = : expected a module's name");
    wrong_key("initrd = a b", "initrd = a b: expected a module's name, which is one word");
    memset(line + 9, 'x', 127);
    good_key(line);
    assert_int_equal(strlen(m.vm[0].initrd), 127);
    line[9 + 127] = 'x';
    assert_false(parse_bytes(line, strlen(line)));
    wrong_key(line, "initrd = xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...: "
                    "expected a module's name of at most 127 characters");
}

static void test_long_lines(void **state)
{
    static char line[5000];
    (void)state;
    memset(line, 'x', sizeof line - 1);
    memcpy(line, "cmdline = ", 10);
    line[10 + 2047] = 0;
    good_key(line);
    assert_int_equal(strlen(m.vm[0].cmdline), 2047);
    line[10 + 2047] = 'x';
    line[10 + 2048] = 0;
    wrong_key(line, "cmdline = "
                    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...: "
                    "expected at most 2047 characters");
    memset(line, ' ', sizeof line - 1);
    line[4097] = 0;
    memcpy(line + 4080, "cpus=3", 6);
    wrong_key(line, "4097 characters: expected at most 4096 in a line");
    line[4096] = 0;
    good_key(line);
    assert_int_equal(m.vm[0].cpus, 3);
}

static void test_sections(void **state)
{
    (void)state;
    wrong("[vm]\nkernel=k", "trivet.conf line 1: [vm]: expected a name, such as [vm web]");
    wrong("[web]\nkernel=k", "trivet.conf line 1: [web]: expected [vm NAME], such as [vm web]");
    wrong("[vmweb]\n", "trivet.conf line 1: [vmweb]: expected [vm NAME], such as [vm web]");
    wrong("[vm web\nkernel=k", "trivet.conf line 1: [vm web: expected a closing ], as in [vm web]");
    wrong("[vm web] x\n", "trivet.conf line 1: [vm web] x: expected nothing behind the ]");
    wrong("[vm a b]\n", "trivet.conf line 1: [vm a b]: expected a name of letters, digits, '-', "
                        "'_' and '.'");
    wrong("[vm 0123456789012345678901234567890123]\n",
          "trivet.conf line 1: [vm 0123456789012345678901234567890123]: expected a name of at most "
          "32 characters");
    good("[vm A-z_0.9]\nkernel=k\n[vm 01234567890123456789012345678901]\nkernel=k\n");
    assert_int_equal(strlen(m.vm[1].name), 32);
    wrong("[vm a]\nkernel=k\n[vm a]\nkernel=k",
          "trivet.conf line 3: [vm a]: expected a name that no other machine has");
    wrong("[vm a]\nmemory=1M\n",
          "trivet.conf line 1: [vm a] has no kernel: expected a line kernel = MODULE");
    wrong("kernel=k\nmemory=1M\n[vm a]\nkernel=k\n",
          "trivet.conf line 1: kernel=k: expected a section first, such as [vm web]");
    wrong("", "trivet.conf: no machine in it: expected a section, such as [vm web]");
    wrong("# nothing\n", "trivet.conf: no machine in it: expected a section, such as [vm web]");
}

static void test_keys(void **state)
{
    (void)state;
    wrong_key("memroy = 12M", "unknown key memroy: did you mean memory?");
    wrong_key("Cpus = 2", "unknown key Cpus: did you mean cpus?");
    wrong_key("on_exit = stop", "unknown key on_exit: did you mean on-exit?");
    wrong_key("append = x", "unknown key append: expected one of kernel, initrd, cmdline, memory, "
                            "cpus, cores, on-exit, pv, hpet, load, mode");
    wrong_key("= x", "unknown key : expected one of kernel, initrd, cmdline, memory, "
                     "cpus, cores, on-exit, pv, hpet, load, mode");
    wrong_key("quiet", "quiet: expected KEY = VALUE or [vm NAME]");
}

static void test_duplicate_key(void **state)
{
    (void)state;
    wrong("[vm a]\nkernel = k\ncpus = 1\n\ncpus = 2 # again\n",
          "trivet.conf line 5: cpus = 2: expected one cpus in a section, and line 3 has it");
    good("[vm a]\nkernel = k\ncpus = 1\n[vm b]\nkernel = k\ncpus = 2\n");
}

static void test_bytes_that_are_no_text(void **state)
{
    (void)state;
    assert_false(parse_bytes("[vm a]\nkernel = k\0k\n", 20));
    assert_string_equal(errors.error[0].text,
                        "trivet.conf line 2: NUL byte 0x00 in column 11: expected plain text");
    wrong_key("cpus = 1\x1b[0m", "control character 0x1b in column 9: expected plain text");
    wrong_key("cpus = 1\rcpus = 2", "control character 0x0d in column 9: expected plain text");
    assert_false(parse_bytes("\xff\xfe[\0v\0", 6));
    assert_string_equal(errors.error[0].text,
                        "trivet.conf line 1: the file is UTF-16: expected ASCII or UTF-8");
    assert_false(parse_bytes("\xfe\xff\0[", 4));
    assert_int_equal(errors.total, 1);
    wrong_key("k\xc3\xa9y = 1",
              "unknown key k\\xc3\\xa9y: expected one of kernel, initrd, cmdline, "
              "memory, cpus, cores, on-exit, pv, hpet, load, mode");
}

static void test_all_errors_in_one_go(void **state)
{
    static const char *const expected[] = {
        "trivet.conf line 1: [vm a] has no kernel: expected a line kernel = MODULE",
        "trivet.conf line 2: cpus = 0: expected a number from 1 to 64",
        "trivet.conf line 3: unknown key kern: did you mean kernel?",
        "trivet.conf line 4: [vm b: expected a closing ], as in [vm web]",
        "trivet.conf line 6: memory = 1: expected at least 64K (a number with K, M or G, such as "
        "128M)",
        "trivet.conf line 7: NUL byte 0x00 in column 5: expected plain text",
        "trivet.conf line 8: pv = q: expected kvm or none",
    };
    static const char text[] = "[vm a]\ncpus = 0\nkern = k\n[vm b\nkernel = k\nmemory = 1\n"
                               "[vm \0c]\npv = q\nkernel = k\n";
    (void)state;
    assert_false(parse_bytes(text, sizeof text - 1));
    assert_int_equal(errors.total, array_size(expected));
    for (unsigned i = 0; i < array_size(expected); i++)
        assert_string_equal(errors.error[i].text, expected[i]);
}

static void test_limits_of_machines_and_errors(void **state)
{
    static char text[4000];
    size_t used = 0;
    (void)state;
    for (int i = 0; i < 34; i++) {
        used += fmt_text(text + used, sizeof text - used, "[vm n%d]\nkernel = k\n", i);
        if (i == 31)
            good(text);
    }
    wrong(text, "trivet.conf line 65: [vm n32]: expected at most 32 machines");
    used = fmt_text(text, sizeof text, "[vm a]\nkernel = k\n");
    for (int i = 0; i < 100; i++)
        used += fmt_text(text + used, sizeof text - used, "bad\n");
    assert_false(parse_bytes(text, used));
    assert_int_equal(errors.total, 100);
    assert_int_equal(errors.count, MANIFEST_ERRORS_MAX);
}

static void test_modules_are_there(void **state)
{
    static const char *const names[] = {"vmlinuz", "initrd.img"};
    (void)state;
    good("[vm a]\nkernel = vmlinuz\ninitrd = initrd.img\n[vm b]\nkernel = vmlinuz\n");
    assert_true(manifest_check_modules(&m, names, 2, &errors));
    assert_int_equal(errors.total, 0);
    good("[vm a]\nkernel = vmlinux\ninitrd = initrd\n");
    assert_false(manifest_check_modules(&m, names, 2, &errors));
    assert_int_equal(errors.total, 2);
    assert_string_equal(errors.error[0].text, "trivet.conf line 2: kernel = vmlinux: expected a "
                                              "module, one of: vmlinuz, initrd.img");
    assert_string_equal(errors.error[1].text, "trivet.conf line 3: initrd = initrd: expected a "
                                              "module, one of: vmlinuz, initrd.img");
    good("[vm a]\nkernel = k\n");
    assert_false(manifest_check_modules(&m, NULL, 0, &errors));
    assert_string_equal(errors.error[0].text, "trivet.conf line 2: kernel = k: expected a module, "
                                              "one of: (there is none)");
}

/* After a parse that failed the other checks still tell what they can, by lines, and say nothing of
 * what was not read. */
static void test_checks_after_a_failed_parse(void **state)
{
    static const char text[] = "[vm a]\nkernel = nokernel\nmemory = 1K\ncores = 9\n"
                               "[vm b]\ncores = x\n[vm c]\nkernel = k\ninitrd = none\n";
    static const char *const names[] = {"k"};
    static const char *const wrong[] = {
        "trivet.conf line 2: kernel = nokernel: expected a module, one of: k",
        "trivet.conf line 3: memory = 1K: expected",
        "trivet.conf line 4: cores has 9, which do not run: expected cores out of 0",
        "trivet.conf line 5: [vm b] has no kernel",
        "trivet.conf line 6: cores = x: expected",
        "trivet.conf line 9: initrd = none: expected a module, one of: k",
    };
    struct core_set running = {{1}};

    (void)state;
    assert_false(manifest_parse(text, sizeof text - 1, &m, &errors));
    assert_false(manifest_check_modules(&m, names, 1, &errors));
    assert_false(manifest_check_cores(&m, &running, &errors));
    assert_int_equal(errors.total, array_size(wrong));
    for (unsigned i = 0; i < array_size(wrong); i++)
        assert_true(strncmp(errors.error[i].text, wrong[i], strlen(wrong[i])) == 0);
}

static void test_many_modules(void **state)
{
    const char *names[64];
    (void)state;
    for (int i = 0; i < 64; i++)
        names[i] = "module-with-a-long-name";
    good("[vm a]\nkernel = k\n");
    assert_false(manifest_check_modules(&m, names, 64, &errors));
    assert_string_equal(errors.error[0].text + strlen(errors.error[0].text) - 5, ", ...");
}

static void test_cores_are_there(void **state)
{
    struct core_set running = {{0xb}};
    (void)state;
    good("[vm a]\nkernel = k\ncores = 0-1,3\n[vm b]\nkernel = k\n");
    assert_true(manifest_check_cores(&m, &running, &errors));
    good("[vm a]\nkernel = k\ncores = 1-5,64\n");
    assert_false(manifest_check_cores(&m, &running, &errors));
    assert_string_equal(errors.error[0].text, "trivet.conf line 3: cores has 2, 4-5, 64, which do "
                                              "not run: expected cores out of 0-1, 3");
}

static void check_single_name(const char *module, const char *name)
{
    assert_true(manifest_single(module, "", NULL, &m, &errors));
    assert_string_equal(m.vm[0].name, name);
}

static void test_without_a_manifest(void **state)
{
    static char longest[VM_CMDLINE_MAX + 2];
    (void)state;
    assert_true(manifest_single("/boot/tiny.elf", "a b=\"c\"", "initrd.img", &m, &errors));
    assert_int_equal(m.count, 1);
    assert_string_equal(m.vm[0].name, "tiny");
    assert_string_equal(m.vm[0].kernel, "/boot/tiny.elf");
    assert_string_equal(m.vm[0].cmdline, "a b=\"c\"");
    assert_string_equal(m.vm[0].initrd, "initrd.img");
    assert_int_equal(m.vm[0].memory, 128 << 20);
    assert_true(m.vm[0].any_core);
    check_single_name("vmlinuz-6.1.0-56-cloud-amd64", "vmlinuz-6.1.0-56-cloud-amd64");
    check_single_name("a.b.bin", "a.b");
    check_single_name("a/b.c/x y\xc3(1)", "xy1");
    check_single_name("name.longer", "name.longer");
    check_single_name(".elf", "vm0");
    check_single_name("dir/", "vm0");
    check_single_name("", "vm0");
    check_single_name("0123456789012345678901234567890123", "01234567890123456789012345678901");
    memset(longest, 'x', VM_CMDLINE_MAX + 1);
    assert_false(manifest_single("k", longest, NULL, &m, &errors));
    assert_string_equal(errors.error[0].text,
                        "trivet.conf: not given, and its command line has 2048 characters: "
                        "expected at most 2047");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_documented_example),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_line_ends_and_blanks),
        cmocka_unit_test(test_comments_and_quotes),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_cpus_and_choices),
        cmocka_unit_test(test_cores),
        cmocka_unit_test(test_flat_kernels),
        cmocka_unit_test(test_modules_by_name),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_duplicate_key),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_all_errors_in_one_go),
        cmocka_unit_test(test_limits_of_machines_and_errors),
        cmocka_unit_test(test_modules_are_there),
        cmocka_unit_test(test_checks_after_a_failed_parse),
        cmocka_unit_test(test_many_modules),
        cmocka_unit_test(test_cores_are_there),
        cmocka_unit_test(test_without_a_manifest),
    };
    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}

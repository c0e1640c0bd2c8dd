/* SPDX-License-Identifier: MIT */
/* guests/load_linux: placement, boot_params by boot.rst's offsets, every lie named. TRIVET_BZIMAGE
 * may name a real kernel to try as well. */
#include <stdio.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "test/guest_images.h"

static struct window w;
static struct guest_start start;
static struct load_error error;
static u8 image[LINUX_BYTES];

static bool load(u64 size)
{
    u8 *exact = malloc(size);
    struct guest_load order = window_order(&w, exact, size);
    bool good;
    memcpy(exact, image, size);
    order.cmdline = "console=ttyS0 quiet";
    order.rsdp = 0xe0010;
    good = guest_load(&order, &start, &error);
    free(exact);
    return good;
}

static int open_32m(void **state)
{
    (void)state;
    window_open(&w, 32 * MiB);
    linux_image(image);
    return 0;
}

static int close_window(void **state)
{
    (void)state;
    window_close(&w);
    return 0;
}

static u64 param(u64 at, unsigned bytes)
{
    return window_get(&w, start.rsi + at, bytes);
}

static void test_start(void **state)
{
    (void)state;
    assert_true(load(sizeof image));
    assert_int_equal(start.kind, GUEST_BZIMAGE);
    assert_int_equal(start.mode, GUEST_LONG64);
    assert_int_equal(start.rip, 0x1000200);
    assert_int_equal(start.cs.selector, 0x10);
    assert_int_equal(start.data.selector, 0x18);
    assert_memory_equal(w.memory + 0x1000000, image + 0x400, 0x2000);
    assert_int_equal(window_walk(&w, start.cr3, start.rip), start.rip);
}

static void test_boot_params(void **state)
{
    (void)state;
    memset(w.memory + GUEST_BOOT_BASE, 0xee, 0x1000);
    assert_true(load(sizeof image));
    assert_int_equal(param(0x070, 8), 0xe0010);
    assert_int_equal(param(0x1ef, 1), 0); /* the sentinel must not be copied */
    assert_int_equal(param(0x1f1, 1), 1);
    assert_int_equal(param(0x1fa, 2), 0xffff);
    assert_int_equal(param(0x202, 4), 0x53726448);
    assert_int_equal(param(0x210, 1), 0xff);
    assert_int_equal(param(0x211, 1), 1);
    assert_int_equal(param(0x214, 4), 0x1000000);
    assert_int_equal(param(0x218, 8), 0); /* no initrd */
    assert_string_equal((char *)w.memory + param(0x228, 4), "console=ttyS0 quiet");
    assert_int_equal(param(0x0c8, 4), 0);
    assert_int_equal(param(0x258, 8), 0x1000000);
    assert_int_equal(param(0x260, 4), 0x100000);
    assert_int_equal(param(0x26c, 1),
                     0); /* the header ends there, whatever the file goes on with */
    assert_int_equal(param(0x1e8, 1), 4);
    assert_int_equal(param(0x2d0, 8), 0);
    assert_int_equal(param(0x2d8, 8), 0x9fc00);
    assert_int_equal(param(0x2e0, 4), 1);
    assert_int_equal(param(0x2d0 + 3 * 20, 8), 0x100000);
    assert_int_equal(param(0x2d0 + 3 * 20 + 8, 8), 31 * MiB);
    assert_int_equal(param(0x2d0 + 4 * 20, 8), 0);
}

static u64 place_initrd(u64 size)
{
    struct guest_load order = window_order(&w, image, sizeof image);
    u8 *data = malloc(size);
    bool good;
    memset(data, 0x3c, size);
    order.initrd = (struct guest_image){data, size};
    good = guest_load(&order, &start, &error);
    free(data);
    if (!good)
        return 0;
    assert_int_equal(param(0x21c, 4), size);
    assert_int_equal(w.memory[param(0x218, 4)], 0x3c);
    assert_int_equal(w.memory[param(0x218, 4) + size - 1], 0x3c);
    return param(0x218, 4);
}

static void test_initrd(void **state)
{
    (void)state;
    assert_int_equal(place_initrd(4097), 32 * MiB - 8192);
    assert_int_equal(place_initrd(15 * MiB), 0x1100000); /* all that is above the kernel */
    put(image, 0x22c, 0x17fffff, 4);                     /* initrd_addr_max is the last byte */
    assert_int_equal(place_initrd(4096), 0x17ff000);
    put(image, 0x22c, 0x17ffffe, 4);
    assert_int_equal(place_initrd(4096), 0x17fe000);
    put(image, 0x22c, 0x1080000, 4); /* within the kernel: goes below it */
    assert_int_equal(place_initrd(4096), 0xfff000);
    assert_int_equal(place_initrd(15 * MiB), 0x100000);
    assert_int_equal(place_initrd(15 * MiB + 1), 0);
    assert_string_equal(error.text, "bzImage: the initrd of 15728641 bytes does not fit beside the "
                                    "kernel (0x1000000 to 0x1100000) in the RAM from 1M to "
                                    "0x1080001: expected more memory");
}

static void test_large_guest(void **state)
{
    (void)state;
    window_close(&w);
    window_open(&w, 6 * GiB);
    assert_int_equal(place_initrd(4096), 0x7ffff000); /* by initrd_addr_max */
    put(image, 0x22c, 0xffffffff, 4);
    assert_int_equal(place_initrd(4096), 0xbffff000); /* by the RAM below 3G */
    assert_int_equal(param(0x1e8, 1), 5);
    assert_int_equal(param(0x2d0 + 4 * 20, 8), 4 * GiB);
    assert_int_equal(param(0x2d0 + 4 * 20 + 8, 8), 3 * GiB);
}

static void test_addresses(void **state)
{
    (void)state;
    put(image, 0x258, 0x1000001, 8);
    assert_true(load(sizeof image)); /* relocatable: aligned up */
    assert_int_equal(start.rip, 0x1200200);
    put(image, 0x258, 0, 8);
    assert_true(load(sizeof image)); /* never below 1M */
    assert_int_equal(start.rip, 0x200200);
    put(image, 0x234, 0, 1); /* not relocatable: exactly there */
    put(image, 0x258, 0x1100010, 8);
    assert_true(load(sizeof image));
    assert_int_equal(start.rip, 0x1100210);
    put(image, 0x1f1, 0, 1); /* setup_sects 0 means 4 */
    put(image, 0x1f4, 0x100, 4);
    assert_true(load(sizeof image));
    assert_memory_equal(w.memory + 0x1100010, image + 5 * 512, 0x1000);
}

static void test_file_that_goes_on(void **state)
{
    static u8 more[LINUX_BYTES + 1472];
    struct guest_load order = window_order(&w, more, sizeof more);
    (void)state;
    memcpy(more, image, LINUX_BYTES); /* a signature behind the payload */
    memset(more + LINUX_BYTES, 0x99, 1472);
    assert_true(guest_load(&order, &start, &error));
    assert_int_equal(w.memory[0x1001fff], 0x77);
    assert_int_equal(w.memory[0x1002000], 0);
}

static void test_lies(void **state)
{
    static const struct {
        u64 at, value;
        unsigned bytes;
        const char *sentence;
    } lies[] = {
        {0x206, 0x20b,       2, "bzImage: boot protocol version = 2.11: expected 2.12 or later"    },
        {0x200, 0x90,        1,
         "bzImage: jump = 0x90 0x6a: expected a short jump over a header that ends "
         "at 0x268 to 0x290"                                                                       },
        {0x201, 0x65,        1,
         "bzImage: jump = 0xeb 0x65: expected a short jump over a header that ends "
         "at 0x268 to 0x290"                                                                       },
        {0x201, 0x8f,        1,
         "bzImage: jump = 0xeb 0x8f: expected a short jump over a header that ends "
         "at 0x268 to 0x290"                                                                       },
        {0x211, 0x80,        1, "bzImage: loadflags = 0x80: expected bit 0 (loaded at 1M or above)"},
        {0x236, 0x7e,        2, "bzImage: xloadflags = 0x007e: expected bit 0 (a 64-bit kernel)"   },
        {0x1f1, 255,         1,
         "bzImage: setup_sects = 255: expected the kernel's code at 0x20000, but "
         "the file has 0x2400 bytes"                                                               },
        {0x1f4, 0x201,       4,
         "bzImage: syssize = 0x201: expected 0x2010 bytes of code, but the file "
         "has 0x2000 (is it cut short?)"                                                           },
        {0x1f4, 0xffffffff,  4,
         "bzImage: syssize = 0xffffffff: expected 0xffffffff0 bytes of code, "
         "but the file has 0x2000 (is it cut short?)"                                              },
        {0x1f4, 0x20,        4,
         "bzImage: syssize = 0x20: expected more than 0x20, to hold the 64-bit "
         "entry"                                                                                   },
        {0x230, 0,           4, "bzImage: kernel_alignment = 0x0: expected a power of two"         },
        {0x230, 0x300000,    4, "bzImage: kernel_alignment = 0x300000: expected a power of two"    },
        {0x258, 0x100000000, 8,
         "bzImage: pref_address = 0x100000000: expected an address below 4G"                       },
        {0x258, ~0ull,       8,
         "bzImage: pref_address = 0xffffffffffffffff: expected an address below "
         "4G"                                                                                      },
        {0x260, 0x1000001,   4,
         "bzImage: init_size = 0x1000001 at 0x1000000: expected RAM up to "
         "0x2000001, so memory = 33M or more"                                                      },
        {0x238, 18,          4, "bzImage: the command line has 19 characters: expected at most 18" },
    };
    (void)state;
    for (size_t i = 0; i < array_size(lies); i++) {
        linux_image(image);
        put(image, lies[i].at, lies[i].value, lies[i].bytes);
        assert_false(load(sizeof image));
        assert_string_equal(error.text, lies[i].sentence);
    }
    linux_image(image);
    put(image, 0x234, 0, 1);
    put(image, 0x258, 0xfffff, 8);
    assert_false(load(sizeof image));
    assert_string_equal(error.text, "bzImage: pref_address = 0xfffff: expected 1M or above");
}

static void test_never_above_4g(void **state)
{
    (void)state;
    window_close(&w);
    window_open(&w, 6 * GiB);
    put(image, 0x258, 0x80000001, 8);
    put(image, 0x230, 0x80000000, 4);
    assert_false(load(sizeof image));
    assert_string_equal(error.text, "bzImage: kernel_alignment = 0x80000000: expected one that "
                                    "leaves the kernel below 4G");
}

static void test_every_truncation(void **state)
{
    (void)state;
    for (u64 size = 0x208; size < LINUX_BYTES - 15; size += size < 0x600 ? 1 : 97)
        assert_false(load(size));
    /* syssize counts in 16 bytes: the last of them may be short. */
    assert_true(load(LINUX_BYTES - 15));
}

static void test_small_guest(void **state)
{
    (void)state;
    window_close(&w);
    window_open(&w, 512 * KiB);
    assert_false(load(sizeof image));
    assert_string_equal(error.text,
                        "bzImage: init_size = 0x100000 at 0x1000000: expected RAM up to "
                        "0x1100000, so memory = 17M or more");
}

static void test_real_kernel(void **state)
{
    const char *path = getenv("TRIVET_BZIMAGE");
    FILE *file = path ? fopen(path, "rb") : NULL;
    u8 *data = malloc(64 * MiB);
    struct guest_load order;
    (void)state;
    if (!file) {
        free(data);
        skip();
    }
    window_close(&w);
    window_open(&w, 256 * MiB);
    order = window_order(&w, data, fread(data, 1, 64 * MiB, file));
    fclose(file);
    order.initrd = (struct guest_image){data, 5 * MiB};
    if (!guest_load(&order, &start, &error))
        fail_msg("%s", error.text);
    assert_int_equal(start.kind, GUEST_BZIMAGE);
    assert_memory_equal(w.memory + start.rip, data + (data[0x1f1] + 2u) * 512, 1 * MiB);
    assert_int_equal(param(0x218, 4), 251 * MiB);
    free(data);
}

int main(void)
{
#define with_window(t) cmocka_unit_test_setup_teardown(t, open_32m, close_window)
    const struct CMUnitTest tests[] = {
        with_window(test_start),
        with_window(test_boot_params),
        with_window(test_initrd),
        with_window(test_large_guest),
        with_window(test_addresses),
        with_window(test_file_that_goes_on),
        with_window(test_lies),
        with_window(test_never_above_4g),
        with_window(test_every_truncation),
        with_window(test_small_guest),
        with_window(test_real_kernel),
    };
    return cmocka_run_group_tests_name("load_linux", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* core/console.c: one person, several machines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/console.h"
#include "test/unit/log_capture.h"

static char streamed[256];
static unsigned ends, calls[2];
static struct console web, db;

void log_stream(const u8 *bytes, size_t size)
{
    size_t used = strlen(streamed);
    assert_true(used + size < sizeof streamed);
    memcpy(streamed + used, bytes, size);
    streamed[used + size] = 0;
}

void log_stream_end(void)
{
    ends++;
}

static u64 position, all_taken;

u64 log_position(void)
{
    return position;
}

u64 log_taken(void)
{
    return all_taken;
}

static void call(struct console *console)
{
    calls[console == &db]++;
}

static u64 held;

static void hold(struct console *console, u64 until_taken)
{
    assert_ptr_equal(console, &web);
    held = until_taken;
}

static void type(const char *keys)
{
    for (; *keys; keys++)
        console_type((u8)*keys);
}

static void write_to(struct console *console, const char *text)
{
    for (; *text; text++)
        console_put(console, (u8)*text);
}

static const char *taken(struct console *console, size_t room)
{
    static u8 bytes[64];
    assert_true(room < sizeof bytes);
    bytes[console_take(console, bytes, room)] = 0;
    return (const char *)bytes;
}

static void forget(void)
{
    logged[0] = streamed[0] = 0;
    ends = calls[0] = calls[1] = 0;
}

static int start(void **state)
{
    (void)state;
    console_wish(NULL);
    console_add(&web, "web", call, hold);
    console_add(&db, "db", call, hold);
    forget();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    type("\x14"
         "d");
    console_remove(&web);
    console_remove(&db);
    return 0;
}

static void test_nobody_is_attached(void **state)
{
    (void)state;
    write_to(&web, "one\ntw");
    write_to(&db, "three\n");
    assert_string_equal(logged, "[web] one\n[db] three\n");
    forget();
    type("abc");
    assert_non_null(strstr(logged, "no machine has the keyboard"));
    assert_null(strstr(strstr(logged, "keyboard") + 1, "keyboard")); /* said once */
    assert_string_equal(taken(&web, 10), "");
    assert_int_equal(calls[0] + calls[1], 0);
    assert_false(console_in_use());
}

static void test_attached_is_raw(void **state)
{
    (void)state;
    write_to(&web, "begun");
    type("\x14"
         "1");
    assert_true(console_in_use());
    forget();
    write_to(&web, "\033[1m# ");
    write_to(&db, "line\n");
    assert_string_equal(logged, "[web] begun\n[db] line\n"); /* what was begun before goes first */
    assert_string_equal(streamed, "\033[1m# ");
    type("ls\r");
    assert_int_equal(calls[0], 3);
    assert_int_equal(calls[1], 0);
    assert_string_equal(taken(&db, 10), "");
    assert_string_equal(taken(&web, 2), "ls");
    assert_string_equal(taken(&web, 10), "\r");
}

static void test_switching(void **state)
{
    (void)state;
    type("\x14n"
         "a"
         "\x14n"
         "b");
    assert_string_equal(taken(&web, 10), ""); /* what the other had not read is not its own */
    assert_string_equal(taken(&db, 10), "b");
    assert_int_equal(ends, 1);
    write_to(&web, "w\n");
    write_to(&db, "d");
    assert_non_null(strstr(logged, "[web] w\n"));
    assert_string_equal(streamed, "d");
    type("\x14n"
         "c");
    assert_string_equal(taken(&web, 10), "c"); /* round */
    type("\x14"
         "d");
    assert_int_equal(ends, 3);
    forget();
    write_to(&web, "x\n");
    assert_string_equal(logged, "[web] x\n");
    assert_string_equal(streamed, "");
}

static void test_commands(void **state)
{
    (void)state;
    type("\x14"
         "2");
    forget();
    type("\x14\x14\x14t\x14l\x14?\x14"
         "9");
    assert_string_equal(taken(&db, 10), "\x14\x14");
    assert_non_null(strstr(logged, " 1 web\n"));
    assert_non_null(strstr(logged, " 2 db (attached)\n"));
    assert_non_null(strstr(logged, "d: detach"));
    assert_true(console_in_use());
}

static void test_a_machine_goes_and_comes_again(void **state)
{
    (void)state;
    type("\x14"
         "2"
         "left");
    write_to(&db, "# ");
    console_remove(&db);
    assert_false(console_in_use());
    type("lost");
    console_add(&db, "db", call, hold);
    assert_true(console_in_use());
    assert_string_equal(taken(&db, 10), "");
    forget();
    write_to(&db, "raw");
    assert_string_equal(streamed, "raw");
    type("\x14"
         "d"); /* who has gone by himself does not come back */
    console_remove(&db);
    console_add(&db, "db", call, hold);
    assert_false(console_in_use());
}

static void test_wish(void **state)
{
    (void)state;
    console_remove(&web);
    console_wish("web");
    console_add(&web, "web", call, hold);
    assert_true(console_in_use());
    type("x");
    assert_string_equal(taken(&web, 10), "x");
}

static void test_full(void **state)
{
    static u8 room[CONSOLE_ROOM];
    unsigned n = 0, got = 0;

    (void)state;
    type("\x14"
         "1");
    while (!console_full()) /* little at first, and more when there is memory */
        type("x");
    console_use_room(NULL);
    assert_true(console_full());
    console_use_room(room);
    assert_false(console_full());
    for (; !console_full(); n++)
        console_type((u8)('a' + n % 26));
    assert_int_equal(n, sizeof room);
    console_type('!'); /* one more is lost, and nothing else */
    u32 before = console_taken();
    for (const char *some; *(some = taken(&web, 16));)
        for (; *some; some++)
            assert_int_equal(*some, 'a' + got++ % 26);
    assert_int_equal(got, n);
    assert_int_equal(console_taken() - before, n);
    while (!console_full())
        type("z");
    forget();
    console_drop();
    assert_non_null(strstr(logged, "console: web does not read"));
    assert_false(console_full());
    assert_string_equal(taken(&web, 10), "");
    type("y");
    assert_string_equal(taken(&web, 10), "y");
}

static void use_up_a_share(bool raw)
{
    unsigned before;

    do {
        before = web.lines.printed;
        logged[0] = streamed[0] = 0;
        write_to(&web, raw ? "x" : "123456789\n");
    } while (web.lines.printed > before);
    assert_true(before <= CONSOLE_SHARE && before + 10 > CONSOLE_SHARE);
}

/* The second share in a row waits for the consoles to have shown the first; raw ones count too. */
static void test_share(void **state)
{
    (void)state;
    position = 5000;
    use_up_a_share(false);
    assert_int_equal(held, 0);
    all_taken = 4999;
    position = 9000;
    type("\x14"
         "1");
    use_up_a_share(true);
    assert_int_equal(held, 5000);
    held = 0;
    all_taken = 9000;
    use_up_a_share(true);
    assert_int_equal(held, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nobody_is_attached, start, stop),
        cmocka_unit_test_setup_teardown(test_attached_is_raw, start, stop),
        cmocka_unit_test_setup_teardown(test_switching, start, stop),
        cmocka_unit_test_setup_teardown(test_commands, start, stop),
        cmocka_unit_test_setup_teardown(test_a_machine_goes_and_comes_again, start, stop),
        cmocka_unit_test_setup_teardown(test_wish, start, stop),
        cmocka_unit_test_setup_teardown(test_full, start, stop),
        cmocka_unit_test_setup_teardown(test_share, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

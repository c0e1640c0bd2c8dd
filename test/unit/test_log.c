/* SPDX-License-Identifier: MIT */
/*
 * lib/log: sinks of every speed against a model that keeps all lines, the ring's wrap-around, and
 * whole lines from several threads. The sources are included so that each test starts with an
 * empty log.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The lock is fair and the threads are more than the cores: who spins must let the next one run. */
#define __builtin_ia32_pause() sched_yield()

#include "lib/log.c"
#include "lib/log_sink.c"
#include "lib/log_stream.c"
#include "lib/ring.h"

#define PAPER (4u << 20)

/* A console that takes `speed` bytes a call and keeps them. */
struct paper {
    struct log_sink sink;
    size_t speed, length, calls;
    unsigned busy; /* times more that its transmitter says busy */
    char *text;
};

static u64 clock_ns, clock_step;

static u64 read_clock(void)
{
    clock_ns += clock_step;
    return clock_ns;
}

static __thread unsigned thread_core;

static unsigned read_core(void)
{
    return thread_core;
}

static size_t paper_write(struct log_sink *sink, const char *text, size_t size)
{
    struct paper *paper = container_of(sink, struct paper, sink);
    size_t took = size < paper->speed ? size : paper->speed;
    paper->calls++;
    assert_true(paper->length + took < PAPER);
    memcpy(paper->text + paper->length, text, took);
    paper->length += took;
    paper->text[paper->length] = 0;
    return took;
}

static bool paper_idle(struct log_sink *sink)
{
    struct paper *paper = container_of(sink, struct paper, sink);
    return paper->busy == 0 || paper->busy-- == 0;
}

static struct paper paper[2];
static char roomy[LOG_RING];

static struct paper *add_paper(unsigned n, size_t speed)
{
    char *text = paper[n].text;
    paper[n] = (struct paper){
        .sink = {.name = n ? "two" : "one", .write = paper_write},
          .speed = speed, .text = text
    };
    paper[n].text[0] = 0;
    log_add_sink(&paper[n].sink);
    return &paper[n];
}

static int reset(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 2; n++)
        if (!paper[n].text)
            paper[n].text = malloc(PAPER);
    memset(early, 'z', sizeof early);
    memset(roomy, 'z', sizeof roomy);
    ring = early;
    ring_size = sizeof early;
    written = first = 0;
    sinks = dropped = writing = NULL;
    length = 0;
    within = too_long = false;
    behind = panicking = lock_broken = false;
    log_lock = (struct lock){0};
    log_shown = LOG_INFO;
    clock_ns = clock_step = 0;
    log_source = (struct log_source){read_clock, read_core};
    return 0;
}

static void stream(const char *text)
{
    log_stream((const u8 *)text, strlen(text));
}

/* A line between a stream's bytes stands alone, and what the stream had begun comes again. */
static void test_stream(void **state)
{
    (void)state;
    struct paper *one = add_paper(0, 1000);
    stream("boot\n# l");
    assert_string_equal(one->text, "boot\n# l");
    log_event("vm", "name=web");
    stream("s\r\n");
    log_raw("[db] x");
    stream("old\rnew");
    log_debug("hidden, and nothing is written again for it");
    stream("er");
    log_raw("[db] y");
    log_stream_end();
    log_stream_end();
    log_raw("[db] z");
    assert_string_equal(one->text, "boot\n# l\n@trivet1 vm name=web\n# ls\r\n[db] x\nold\rnewer\n"
                                   "[db] y\nnewer\n[db] z\n");
}

/* The log's own marks do not pass, an overlong line does not come again, and none of it is lost. */
static void test_stream_of_anything(void **state)
{
    (void)state;
    struct paper *one = add_paper(0, 3);
    char wide[BEGUN_MAX + 2];
    memset(wide, 'w', sizeof wide - 1);
    wide[sizeof wide - 1] = 0;
    log_stream((const u8 *)"\0a\001b\002c\003d\004e\005\377", 12);
    log_flush();
    assert_string_equal(one->text, "abcde\005\377");
    stream("\n");
    stream(wide);
    log_debug("hidden");
    assert_int_equal(log_position(), written);
    assert_true(log_taken() < log_position());
    log_raw("line");
    stream("!");
    log_raw("line");
    log_flush();
    log_pump();
    assert_int_equal(log_taken(), log_position());
    char expect[BEGUN_MAX + 64];
    snprintf(expect, sizeof expect, "abcde\005\377\n%s\nline\n!\nline\n", wide);
    assert_string_equal(one->text, expect);
}

/* The tail of the log shows a hidden line that begins within the stream's as a line. */
static void test_stream_in_the_tail(void **state)
{
    char tail[200];
    (void)state;
    stream("# ");
    log_debug("hidden");
    assert_true(log_tail(tail, sizeof tail) > 0);
    assert_non_null(strstr(tail, "# \n[    0.000000 0] hidden\n"));
}

static void test_prefix_and_levels(void **state)
{
    (void)state;
    struct paper *one = add_paper(0, 1000);
    clock_ns = 1234567;
    log_info("hello %d", 7);
    thread_core = 3;
    clock_ns = 12345678901234;
    log_warn("odd");
    log_error("bad");
    thread_core = 0;
    log_debug("unseen");
    log_raw("| a | b |");
    log_event("vm", "name=%s state=%s", "web", "running");
    log_set_level(LOG_ERROR);
    log_warn("unseen too");
    log_raw("seen");
    log_event("done", "status=%d", 0);
    assert_string_equal(one->text, "[    0.001234 0] hello 7\n"
                                   "[12345.678901 3] warning: odd\n"
                                   "[12345.678901 3] error: bad\n"
                                   "| a | b |\n"
                                   "@trivet1 vm name=web state=running\n"
                                   "seen\n"
                                   "@trivet1 done status=0\n");
    assert_false(log_pump());
}

static void test_no_source_is_time_zero(void **state)
{
    (void)state;
    log_source = (struct log_source){0};
    struct paper *one = add_paper(0, 1000);
    log_info("early");
    assert_string_equal(one->text, "[    0.000000 0] early\n");
}

/* What is hidden is still in memory, and comes to the consoles that a lower level opens. */
static void test_ring_keeps_hidden_lines(void **state)
{
    (void)state;
    char tail[200];
    log_debug("detail");
    log_info("plain");
    struct paper *one = add_paper(0, 1000);
    assert_string_equal(one->text, "[    0.000000 0] plain\n");
    assert_int_equal(log_tail(tail, sizeof tail), 2 * 17 + 6 + 5 + 2);
    assert_string_equal(tail, "[    0.000000 0] detail\n[    0.000000 0] plain\n");
    log_set_level(LOG_DEBUG);
    assert_string_equal(add_paper(1, 1000)->text, tail);
}

static void test_one_line_stays_one(void **state)
{
    (void)state;
    struct paper *one = add_paper(0, 1000);
    log_raw("[web] a\n@trivet1 done\rstatus=0\x01\x02\x0b\x7f\ttab \033[1m");
    assert_string_equal(one->text, "[web] a @trivet1 done status=0    \ttab \033[1m\n");
}

static void test_long_lines_are_cut(void **state)
{
    (void)state;
    char text[3000], shown[LOG_TEXT_MAX + 1];
    struct paper *one = add_paper(0, 7);
    for (size_t length = LOG_TEXT_MAX - 2; length < LOG_TEXT_MAX + 2; length++) {
        bool cut = length > LOG_TEXT_MAX - 1;
        memset(text, 'x', length);
        text[length] = 0;
        size_t from = one->length;
        log_raw("%s", text);
        log_flush();
        snprintf(shown, sizeof shown, "%.*s%s\n", cut ? LOG_TEXT_MAX - 7 : (int)length, text,
                 cut ? " [cut]" : "");
        assert_string_equal(one->text + from, shown);
    }
    memset(text, 'k', sizeof text - 1);
    text[sizeof text - 1] = 0;
    size_t from = one->length;
    log_event(text, "a=%d", 1);
    log_flush();
    assert_int_equal(one->length - from, LOG_TEXT_MAX);
    assert_string_equal(one->text + one->length - 7, " [cut]\n");
}

/* Prints numbered lines until `bytes` have been printed, and keeps them all in `model`. */
static size_t print_many(char *model, size_t bytes)
{
    size_t length = 0;
    for (unsigned i = 0; length < bytes; i++) {
        char line[200];
        int n =
            snprintf(line, sizeof line, "%u %.*s", i, (int)(i * 37 % 120),
                     "the quick brown fox jumps over the lazy dog and then goes home to its den "
                     "under the old oak tree by the river in the wood");
        log_raw("%s", line);
        memcpy(model + length, line, (size_t)n);
        length += (size_t)n;
        model[length++] = '\n';
    }
    model[length] = 0;
    return length;
}

/* A console slower than the writer lags, then holds it back, and loses nothing. */
static void test_slow_sinks_lose_nothing(void **state)
{
    (void)state;
    char *model = malloc(PAPER);
    struct paper *slow = add_paper(0, 3), *fast = add_paper(1, 1000);
    log_use_ring(roomy);
    size_t length = print_many(model, 5 * LOG_RING);

    assert_string_equal(fast->text, model);
    assert_true(slow->length < length);
    assert_true(length - slow->length <= LOG_RING);
    assert_true(slow->length + LOG_RING - length < 200); /* it waited no longer than needed */
    assert_memory_equal(slow->text, model, slow->length);
    while (log_pump())
        ;
    assert_string_equal(slow->text, model);
    free(model);
}

/* One byte at a time: a lagging sink costs the printer one call, not a wait. */
static void test_printing_does_not_wait(void **state)
{
    (void)state;
    struct paper *slow = add_paper(0, 0);
    for (unsigned i = 0; i < 100; i++)
        log_info("line");
    assert_int_equal(slow->calls, 100);
    assert_true(log_pump());
    slow->speed = 5;
    log_pump();
    assert_string_equal(slow->text, "[    ");
}

static void test_late_sink_begins_at_a_line(void **state)
{
    (void)state;
    char *model = malloc(PAPER);
    log_use_ring(roomy);
    size_t length = print_many(model, 3 * LOG_RING + 12345);
    struct paper *late = add_paper(0, 1u << 20);
    size_t missing = length - late->length;

    assert_true(late->length <= LOG_RING && late->length > LOG_RING - 200);
    assert_string_equal(late->text, model + missing);
    assert_int_equal(model[missing - 1], '\n');
    free(model);
}

/* The early ring has gone round any number of times, and a console lags in it. */
static void test_larger_ring_holds_what_the_early_one_did(void **state)
{
    char *model = malloc(PAPER), *tail = malloc(2 * LOG_RING);
    for (size_t before = 1000; before < 4 * LOG_EARLY; before += 999) {
        reset(state);
        struct paper *slow = add_paper(0, 3);
        size_t length = print_many(model, before);
        size_t kept = log_tail(tail, 2 * LOG_RING);
        assert_true(kept + 200 > (length < LOG_EARLY ? length : LOG_EARLY));
        log_use_ring(NULL);
        log_use_ring(roomy);
        assert_int_equal(log_tail(tail, 2 * LOG_RING), kept);
        assert_string_equal(tail, model + length - kept);
        struct paper *late = add_paper(1, 1u << 20);
        assert_string_equal(late->text, model + length - kept);
        length += print_many(model + length, 64 * KiB);
        assert_true(length - slow->length > 16 * KiB); /* nobody waited for it */
        while (log_pump())
            ;
        assert_string_equal(slow->text, model);
        log_tail(tail, 2 * LOG_RING);
        assert_string_equal(tail, late->text);
    }
    free(tail);
    free(model);
}

static void test_tail_is_whole_lines(void **state)
{
    (void)state;
    char *model = malloc(PAPER), *tail = malloc(2 * LOG_RING);
    log_use_ring(roomy);
    size_t length = print_many(model, 2 * LOG_RING);
    for (size_t size = 1; size < 2 * LOG_RING; size = size * 3 / 2 + 1) {
        memset(tail, 'q', 2 * LOG_RING);
        size_t got = log_tail(tail, size);
        assert_true(got < size);
        assert_int_equal(strlen(tail), got);
        assert_string_equal(tail, model + length - got);
        assert_true(got == 0 || model[length - got - 1] == '\n');
        assert_true(got + 200 > (size < LOG_RING ? size : LOG_RING));
    }
    tail[0] = 'q';
    assert_int_equal(log_tail(tail, 0), 0);
    assert_int_equal(tail[0], 'q');
    free(tail);
    free(model);
}

static void check_dead_is_dropped(void)
{
    char tail[400];
    struct paper *dead = add_paper(0, 0), *good = add_paper(1, 1000);
    char *model = malloc(PAPER);
    print_many(model, 3 * LOG_RING);
    assert_int_equal(dead->length, 0);
    assert_null(sinks->next);
    assert_non_null(strstr(good->text, "warning: console one takes nothing and is dropped\n"));
    log_info("after");
    log_tail(tail, sizeof tail);
    assert_non_null(strstr(tail, "after\n"));
    free(model);
}

static void test_dead_sink_by_the_clock(void **state)
{
    (void)state;
    clock_step = 1000000; /* a millisecond a look */
    check_dead_is_dropped();
    assert_true(paper[0].calls > 900); /* it had its second */
    assert_true(paper[0].calls < 9000);
}

static void test_dead_sink_without_clock(void **state)
{
    (void)state;
    log_source = (struct log_source){0};
    check_dead_is_dropped();
}

static void test_dead_sink_with_stopped_clock(void **state)
{
    (void)state;
    check_dead_is_dropped();
}

static void test_flush_drains_and_waits_for_the_wire(void **state)
{
    (void)state;
    clock_step = 100000;
    struct paper *one = add_paper(0, 2), *dead = add_paper(1, 0);
    one->sink.idle = paper_idle;
    one->busy = 50;
    log_raw("to the last byte");
    log_flush();
    assert_int_equal(one->busy, 0);
    assert_true(strncmp(one->text, "to the last byte\n", 17) == 0);
    assert_non_null(strstr(one->text, "console two takes nothing and is dropped\n"));
    assert_int_equal(dead->length, 0);
    one->busy = ~0u; /* a transmitter that never says empty must not hold the machine */
    log_flush();
    assert_ptr_equal(sinks, &one->sink);
}

/* What is typed shows at once where nothing lags, is not kept, and waits for nobody for ever. */
static void test_echo(void **state)
{
    (void)state;
    struct paper *fast = add_paper(0, 1), *stuck = add_paper(1, 0);
    char tail[64];
    log_source.now_ns = read_clock;
    clock_step = 1000000;
    log_echo("a\b \b");
    assert_string_equal(fast->text, "a\b \b");
    assert_int_equal(stuck->length, 0);
    log_tail(tail, sizeof tail);
    assert_string_equal(tail, "");
    stuck->speed = 0;
    log_raw("line");
    size_t before = stuck->calls;
    log_echo("x"); /* not into the middle of what lags */
    assert_int_equal(stuck->calls, before);
    stuck->speed = 100;
    log_flush();
    assert_string_equal(stuck->text, "line\n");
}

/* The other core stopped while it held the lock: the panic's lines come out all the same. */
static void test_panic_breaks_the_lock(void **state)
{
    (void)state;
    struct paper *one = add_paper(0, 1);
    lock_take(&log_lock);
    log_panic_mode();
    log_raw("panic: no more");
    assert_string_equal(one->text, "panic: no more\n");
    log_raw("registers");
    assert_string_equal(one->text, "panic: no more\nregisters\n");
}

static size_t failing_write(struct log_sink *sink, const char *text, size_t size)
{
    static bool nested;
    if (!nested) { /* as a fault handler within the write would do */
        nested = true;
        log_panic_mode();
        log_panic_mode();
        log_raw("panic within the panic");
        assert_null(strstr(container_of(sink, struct paper, sink)->text, "panic"));
    }
    return paper_write(sink, text, size);
}

static void test_panic_within_panic_drops_the_writer(void **state)
{
    (void)state;
    struct paper *two = add_paper(1, 1000), *one = add_paper(0, 1000);
    one->sink.write = failing_write;
    log_raw("x");
    assert_non_null(strstr(two->text, "panic within the panic\n"));
    assert_ptr_equal(sinks, &two->sink);
}

#define THREADS 4
#define LINES   1000

static void *print_from_thread(void *arg)
{
    thread_core = (unsigned)(uintptr_t)arg;
    for (unsigned i = 0; i < LINES; i++)
        log_info("core %u line %u end", thread_core, i);
    return NULL;
}

static void check_threads_text(char *text)
{
    unsigned next[THREADS] = {0}, lines = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        unsigned core, i, prefix_core;
        int end = 0;
        assert_int_equal(
            sscanf(line, "[ 0.000000 %u] core %u line %u end%n", &prefix_core, &core, &i, &end), 3);
        assert_int_equal(line[end], 0);
        assert_in_range(core, 0, THREADS - 1);
        assert_int_equal(core, prefix_core);
        assert_int_equal(i, next[core]++);
    }
    assert_int_equal(lines, THREADS * LINES);
}

static void test_threads_do_not_interleave(void **state)
{
    (void)state;
    pthread_t thread[THREADS];
    struct paper *one = add_paper(0, 5), *two = add_paper(1, 1000);
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, print_from_thread, (void *)i), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    log_flush();
    assert_string_equal(one->text, two->text);
    check_threads_text(one->text);
}

static void check_quote(size_t size, const char *text, const char *expected)
{
    char to[64];
    memset(to, 'q', sizeof to);
    assert_ptr_equal(log_quote(to, size, text), to);
    assert_string_equal(to, expected);
    assert_int_equal(to[size], 'q');
}

static void test_quote(void **state)
{
    (void)state;
    check_quote(40, "", "\"\"");
    check_quote(40, "VT-x is off", "\"VT-x is off\"");
    check_quote(40, "say \"no\" \\ never", "\"say \\\"no\\\" \\\\ never\"");
    check_quote(40, "a\nb\tc\x01\x7f", "\"a\\nb\\tc\\x01\\x7f\"");
    check_quote(7, "abcdef", "\"abcd\"");
    check_quote(7, "abc\"d", "\"abc\""); /* an escape is never cut in two */
    check_quote(7, "abc\x01", "\"abc\"");
    check_quote(3, "abc", "\"\"");
    check_quote(2, "abc", "");
    check_quote(1, "abc", "");
    char untouched = 'q';
    log_quote(&untouched, 0, "abc");
    assert_int_equal(untouched, 'q');
}

static void test_byte_ring(void **state)
{
    (void)state;
    u8 bytes[4];
    struct ring queue = RING(bytes);
    queue.put = queue.got = 0xfffffffe; /* the counts wrap on the way */
    assert_int_equal(ring_get(&queue), -1);
    for (unsigned round = 0; round < 5; round++) {
        for (u8 i = 0; i < 4; i++)
            assert_true(ring_put(&queue, (u8)(0xf0 + i)));
        assert_false(ring_put(&queue, 1));
        assert_int_equal(ring_room(&queue), 0);
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(ring_get(&queue), 0xf0 + i);
        assert_int_equal(ring_used(&queue), 1);
        assert_int_equal(ring_get(&queue), 0xf3);
        assert_int_equal(ring_get(&queue), -1);
    }
}

static void *ring_producer(void *arg)
{
    for (unsigned i = 0; i < 20000; i++)
        while (!ring_put(arg, (u8)(i * 7)))
            sched_yield();
    return NULL;
}

static void test_byte_ring_between_threads(void **state)
{
    (void)state;
    u8 bytes[16];
    struct ring queue = RING(bytes);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, ring_producer, &queue), 0);
    for (unsigned i = 0; i < 20000; i++) {
        int byte;
        while ((byte = ring_get(&queue)) < 0)
            sched_yield();
        assert_int_equal(byte, (u8)(i * 7));
    }
    pthread_join(thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_stream, reset),
        cmocka_unit_test_setup(test_stream_of_anything, reset),
        cmocka_unit_test_setup(test_stream_in_the_tail, reset),
        cmocka_unit_test_setup(test_prefix_and_levels, reset),
        cmocka_unit_test_setup(test_no_source_is_time_zero, reset),
        cmocka_unit_test_setup(test_ring_keeps_hidden_lines, reset),
        cmocka_unit_test_setup(test_one_line_stays_one, reset),
        cmocka_unit_test_setup(test_long_lines_are_cut, reset),
        cmocka_unit_test_setup(test_slow_sinks_lose_nothing, reset),
        cmocka_unit_test_setup(test_printing_does_not_wait, reset),
        cmocka_unit_test_setup(test_late_sink_begins_at_a_line, reset),
        cmocka_unit_test_setup(test_larger_ring_holds_what_the_early_one_did, reset),
        cmocka_unit_test_setup(test_tail_is_whole_lines, reset),
        cmocka_unit_test_setup(test_dead_sink_by_the_clock, reset),
        cmocka_unit_test_setup(test_dead_sink_without_clock, reset),
        cmocka_unit_test_setup(test_dead_sink_with_stopped_clock, reset),
        cmocka_unit_test_setup(test_flush_drains_and_waits_for_the_wire, reset),
        cmocka_unit_test_setup(test_echo, reset),
        cmocka_unit_test_setup(test_panic_breaks_the_lock, reset),
        cmocka_unit_test_setup(test_panic_within_panic_drops_the_writer, reset),
        cmocka_unit_test_setup(test_threads_do_not_interleave, reset),
        cmocka_unit_test(test_quote),
        cmocka_unit_test(test_byte_ring),
        cmocka_unit_test(test_byte_ring_between_threads),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}

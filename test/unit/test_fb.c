/* SPDX-License-Identifier: MIT */
/*
 * The screen: terminal, font and framebuffer, drawn into ordinary memory and read back by a model
 * of the mode; and the tool that reads pictures of it, test/boot/screen.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/host/fb.h"
#include "drivers/host/font.h"

#define SENTINEL 0xa5

static const struct fb_mode layouts[] = {
    {.depth = 32, .red_at = 16,  .red_bits = 8,  .green_at = 8,   .green_bits = 8,  .blue_bits = 8 },
    {.depth = 32, .red_bits = 8, .green_at = 8,  .green_bits = 8, .blue_at = 16,    .blue_bits = 8 },
    {.depth = 32, .red_at = 20,  .red_bits = 10, .green_at = 10,  .green_bits = 10, .blue_bits = 10},
    {.depth = 24, .red_at = 16,  .red_bits = 8,  .green_at = 8,   .green_bits = 8,  .blue_bits = 8 },
    {.depth = 24, .red_bits = 8, .green_at = 8,  .green_bits = 8, .blue_at = 16,    .blue_bits = 8 },
    {.depth = 16, .red_at = 11,  .red_bits = 5,  .green_at = 5,   .green_bits = 6,  .blue_bits = 5 },
    {.depth = 15, .red_at = 10,  .red_bits = 5,  .green_at = 5,   .green_bits = 5,  .blue_bits = 5 },
};

static struct fb fb;
static u8 *memory, *grid;
static struct fb_mode mode;

/* A buffer of exactly pitch * height bytes: the sanitizer sees a step outside. */
static void make(unsigned layout, u32 width, u32 height, u32 padding)
{
    mode = layouts[layout];
    mode.width = width;
    mode.height = height;
    mode.pitch = width * ((mode.depth + 7u) / 8) + padding;
    free(memory);
    memory = malloc((size_t)mode.pitch * height);
    assert_non_null(memory);
    memset(memory, SENTINEL, (size_t)mode.pitch * height);
    mode.base = memory;
    u64 cells = fb_cells(width, height);
    free(grid);
    grid = malloc(2 * cells);
    assert_null(fb_init(&fb, &mode, (struct term_room){grid, 2 * cells}));
}

static u32 pixel_at(u32 x, u32 y)
{
    unsigned bytes = (mode.depth + 7u) / 8;
    u32 value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (u32)memory[y * mode.pitch + x * bytes + i] << (8 * i);
    return value;
}

/* A channel's value as eight bits. */
static unsigned channel_at(u32 pixel, u8 at, u8 bits)
{
    u32 value = pixel >> at & ((1u << bits) - 1);
    return bits > 8 ? value >> (bits - 8) : value << (8 - bits);
}

static bool lit(u32 x, u32 y)
{
    u32 pixel = pixel_at(x, y);
    if (!pixel)
        return false;
    unsigned step = 256u >> (mode.green_bits < 8 ? 5 : 8); /* what five bits can miss */
    assert_in_range(channel_at(pixel, mode.red_at, mode.red_bits), 0xd8 + 1 - step, 0xd8);
    assert_in_range(channel_at(pixel, mode.green_at, mode.green_bits), 0xd8 + 1 - step, 0xd8);
    assert_in_range(channel_at(pixel, mode.blue_at, mode.blue_bits), 0xd8 + 1 - step, 0xd8);
    return true;
}

static void check_cell(unsigned col, unsigned row, char c)
{
    unsigned scale = mode.width >= 2560 ? 2 : 1;
    for (u32 y = 0; y < 16 * scale; y++)
        for (u32 x = 0; x < 8 * scale; x++)
            assert_int_equal(lit(col * 8 * scale + x, row * 16 * scale + y),
                             font_row((u8)c, y / scale) >> (7 - x / scale) & 1);
}

static void check_row(unsigned row, const char *text)
{
    size_t length = strlen(text);
    for (unsigned col = 0; col < fb.term.cols; col++)
        check_cell(col, row, col < length ? text[col] : ' ');
}

static void check_padding(void)
{
    for (u32 y = 0; y < mode.height; y++)
        for (u32 x = mode.width * ((mode.depth + 7u) / 8); x < mode.pitch; x++)
            assert_int_equal(memory[y * mode.pitch + x], SENTINEL);
}

static void show(const char *text)
{
    size_t size = strlen(text);
    assert_int_equal(fb.term.sink.write(&fb.term.sink, text, size), size);
}

static void test_font_is_whole(void **state)
{
    (void)state;
    static const u8 tee[16] = {0, 0, 0xfe, 16, 16, 16, 16, 16, 16, 16, 16, 16};
    static const u8 pee[16] = {0, 0, 0, 0, 0, 0x5c, 0x62, 0x42, 0x42, 0x42, 0x62, 0x5c, 64, 64, 64};
    u8 glyph[256][16];
    for (unsigned c = 0; c < 256; c++)
        for (unsigned y = 0; y < 16; y++)
            glyph[c][y] = font_row((u8)c, y);
    assert_memory_equal(glyph['T'], tee, 16);
    assert_memory_equal(glyph['p'], pee, 16);
    for (unsigned a = 0x20; a < 0x80; a++)
        for (unsigned b = 0x20; b < a; b++)
            assert_memory_not_equal(glyph[a], glyph[b], 16);
    assert_memory_equal(glyph[0], glyph[TERM_BOX], 16);
    assert_memory_equal(glyph[0xff], glyph[TERM_BOX], 16);
}

static void test_every_layout_draws_the_text(void **state)
{
    (void)state;
    for (unsigned layout = 0; layout < array_size(layouts); layout++)
        for (u32 padding = 0; padding < 8; padding += 7) {
            make(layout, 163, 53, padding);
            assert_int_equal(fb.term.cols, 20);
            assert_int_equal(fb.term.rows, 3);
            show("Trivet 0.1\n{gjpqy} ~");
            check_row(0, "Trivet 0.1");
            check_row(1, "{gjpqy} ~");
            check_row(2, "");
            check_padding();
            for (u32 y = 0; y < mode.height; y++) /* the rest at the right and below is black */
                for (u32 x = y < 48 ? 160 : 0; x < mode.width; x++)
                    assert_int_equal(pixel_at(x, y), 0);
        }
}

static void test_large_screen_doubles_pixels(void **state)
{
    (void)state;
    make(0, 2559, 40, 4);
    assert_int_equal(fb.term.cols, 240); /* 319 would fit: the grid has an end */
    assert_int_equal(fb.term.rows, 2);
    make(0, 2560, 80, 4);
    assert_int_equal(fb.term.cols, 160);
    assert_int_equal(fb.term.rows, 2);
    show("big\ntext");
    check_row(0, "big");
    check_row(1, "text");
    check_padding();
}

static void test_size_is_bounded(void **state)
{
    (void)state;
    make(5, 2400, 1600, 0);
    assert_int_equal(fb.term.cols, TERM_COLS_MAX);
    assert_int_equal(fb.term.rows, TERM_ROWS_MAX);
    for (unsigned i = 0; i < 500; i++)
        show("0123456789abcdefghijklmnopqrstuvwxyz and once again and once again and once again");
    make(3, 8, 16, 1);
    show("abc\n\tx\b\b\bq");
    check_row(0, "q");
    check_padding();
}

static void test_wrap_and_control_characters(void **state)
{
    (void)state;
    make(0, 20 * 8, 8 * 16, 0);
    show("12345678901234567890\nno blank line above\n");
    show("123456789012345678901x\n");
    show("a\tb\tc\td\te\n");
    show("abc\rX\b\b\bY\n");
    show("\033[1;31mred\033[0m \033cok \xe2\x80\xa6\xc3\xa9\x01\x7f!");
    check_row(0, "12345678901234567890");
    check_row(1, "no blank line above");
    check_row(2, "12345678901234567890");
    check_row(3, "1x");
    check_row(4, "a       b       c   ");
    check_row(5, "d       e"); /* a tab goes no further than the line's end */
    check_row(6, "Ybc");
    check_row(7, "red ok \x7f\x7f!");
}

static void test_scroll_keeps_the_last_lines(void **state)
{
    (void)state;
    char text[40];
    make(0, 20 * 8, 5 * 16, 3); /* few rows: line by line */
    for (unsigned i = 0; i < 23; i++) {
        snprintf(text, sizeof text, "%sline %u", i ? "\n" : "", i);
        show(text);
    }
    for (unsigned row = 0; row < 5; row++) {
        snprintf(text, sizeof text, "line %u", 18 + row);
        check_row(row, text);
    }
    make(0, 20 * 8, 32 * 16, 3); /* many: four at once, so 33 lines leave the first 4 gone */
    for (unsigned i = 0; i < 33; i++) {
        snprintf(text, sizeof text, "%sline %u", i ? "\n" : "", i);
        show(text);
    }
    check_row(0, "line 4");
    check_row(27, "line 31");
    check_row(28, "line 32");
    check_row(29, "");
    check_padding();
}

/* What is on the screen already is not drawn again. */
static void test_only_changes_are_drawn(void **state)
{
    (void)state;
    make(0, 20 * 8, 5 * 16, 0);
    show("same\rsame same");
    memset(memory, 0, (size_t)mode.pitch * mode.height);
    show("\rsame slow\n");
    check_row(0, "      low"); /* the s is the same */
    memset(memory, 0, (size_t)mode.pitch * mode.height);
    show("1\n2\n3\n4\n5\n6\n7"); /* scrolled off before it was ever drawn */
    check_row(4, "7");
}

/* A change at any place of a long line is seen. */
static void test_each_cell_can_change(void **state)
{
    (void)state;
    char text[102] = "\r", now[101] = "";
    make(6, 100 * 8, 16, 0);
    for (unsigned i = 0; i < 100; i++) {
        memset(text + 1, '-', 100);
        text[1 + i * 37 % 100] = 'X';
        memcpy(now, text + 1, 100);
        show(text);
        check_row(0, now);
    }
}

static void refuse(struct fb_mode bad, const char *why)
{
    bad.base = bad.base == (void *)1 ? NULL : memory;
    const char *fault = fb_init(&fb, &bad, (struct term_room){0});
    assert_non_null(fault);
    assert_non_null(strstr(fault, why));
}

/* Before there is memory: as many rows as there is room for, at the top. */
static void test_little_room(void **state)
{
    (void)state;
    make(0, 100 * 8, 30 * 16, 0);
    free(grid);
    grid = malloc(2 * 100 * 3 + 1);
    assert_null(fb_init(&fb, &mode, (struct term_room){grid, 2 * 100 * 3 + 1}));
    assert_int_equal(fb.term.cols, 100);
    assert_int_equal(fb.term.rows, 3);
    show("1\n2\n3\n4\n5");
    check_row(0, "3");
    check_row(2, "5");
    for (unsigned row = 3; row < 30; row++)
        for (unsigned col = 0; col < 100; col++)
            check_cell(col, row, ' ');
    assert_non_null(fb_init(&fb, &mode, (struct term_room){grid, 2 * 100 - 1}));
}

static void test_unfit_modes_are_refused(void **state)
{
    (void)state;
    struct fb_mode good = layouts[0], bad;
    make(0, 64, 64, 0);
    good = mode;
#define WITH(field, value, why) (bad = good, bad.field = (value), refuse(bad, why))
    WITH(base, (void *)1, "no address");
    WITH(depth, 8, "depth");
    WITH(depth, 0, "depth");
    WITH(depth, 64, "depth");
    WITH(width, 0, "too small");
    WITH(width, 7, "too small");
    WITH(height, 15, "too small");
    WITH(pitch, 64 * 4 - 1, "shorter");
    WITH(pitch, 0, "shorter");
    WITH(width, 0xffffffff, "larger");
    WITH(height, 0xffffffff, "larger");
    WITH(red_at, 25, "colours");
    WITH(green_bits, 0, "colours");
    WITH(blue_bits, 17, "colours");
    WITH(blue_at, 255, "colours");
#undef WITH
    for (size_t i = 0; i < (size_t)mode.pitch * mode.height; i++)
        assert_int_equal(memory[i], 0);
}

static void write_picture(const char *path)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fprintf(file, "P6\n%u %u\n255\n", mode.width, mode.height);
    for (u32 y = 0; y < mode.height; y++)
        for (u32 x = 0; x < mode.width; x++) {
            u32 pixel = pixel_at(x, y);
            fputc((int)channel_at(pixel, mode.red_at, mode.red_bits), file);
            fputc((int)channel_at(pixel, mode.green_at, mode.green_bits), file);
            fputc((int)channel_at(pixel, mode.blue_at, mode.blue_bits), file);
        }
    fclose(file);
}

static void invert_pixel(u32 x, u32 y)
{
    for (unsigned i = 0; i < 4; i++)
        memory[y * mode.pitch + x * 4 + i] ^= 0xff;
}

static bool picture_shows(const char *text)
{
    char path[] = "/tmp/trivet-screen-XXXXXX", command[200];
    int file = mkstemp(path);
    assert_true(file >= 0);
    write_picture(path);
    snprintf(command, sizeof command,
             "python3 test/boot/screen.py %s --expect '%s' >/dev/null 2>&1", path, text);
    int status = system(command);
    remove(path);
    assert_true(status == 0 || status == 1 << 8);
    return status == 0;
}

static void test_pictures_can_be_read(void **state)
{
    (void)state;
    static const char all[] = "!\"#$%&()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
    make(0, 805, 66, 0);
    show("\nTrivet ");
    show(all);
    assert_true(picture_shows("Trivet"));
    assert_true(picture_shows(all));
    assert_false(picture_shows("Trivet 0.1"));
    invert_pixel(9, 16 + 5); /* one of the r */
    assert_false(picture_shows("Trivet"));
    assert_true(picture_shows(all));
    make(0, 2560, 64, 0);
    show("Trivet twice as large");
    assert_true(picture_shows("Trivet twice"));
    invert_pixel(19, 5); /* a quarter of one */
    assert_false(picture_shows("Trivet"));
    assert_true(picture_shows("ivet twice"));
}

static int teardown(void **state)
{
    (void)state;
    free(memory);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_font_is_whole),
        cmocka_unit_test(test_every_layout_draws_the_text),
        cmocka_unit_test(test_large_screen_doubles_pixels),
        cmocka_unit_test(test_size_is_bounded),
        cmocka_unit_test(test_wrap_and_control_characters),
        cmocka_unit_test(test_scroll_keeps_the_last_lines),
        cmocka_unit_test(test_only_changes_are_drawn),
        cmocka_unit_test(test_each_cell_can_change),
        cmocka_unit_test(test_little_room),
        cmocka_unit_test(test_unfit_modes_are_refused),
        cmocka_unit_test(test_pictures_can_be_read),
    };
    return cmocka_run_group_tests_name("screen", tests, NULL, teardown);
}

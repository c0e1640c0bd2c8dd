/* SPDX-License-Identifier: MIT */
#include "lib/fmt.h"

#include "lib/string.h"

struct out {
    char *to;
    size_t size, length;
};

/* One conversion, read from the text between '%' and its letter. */
struct spec {
    bool left, zero;
    int width, precision; /* precision -1: none given */
    unsigned bytes;       /* size of the integer argument */
    char letter;
};

static void put(struct out *out, char c)
{
    if (out->length + 1 < out->size)
        out->to[out->length] = c;
    out->length++;
}

static void put_many(struct out *out, char c, int count)
{
    while (count-- > 0)
        put(out, c);
}

static void put_padded(struct out *out, const struct spec *spec, const char *text, int length)
{
    if (!spec->left)
        put_many(out, ' ', spec->width - length);
    for (int i = 0; i < length; i++)
        put(out, text[i]);
    if (spec->left)
        put_many(out, ' ', spec->width - length);
}

static void put_number(struct out *out, const struct spec *spec, u64 value, bool negative)
{
    const char *digits = spec->letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    unsigned base = spec->letter == 'x' || spec->letter == 'X' || spec->letter == 'p' ? 16 : 10;
    char text[72];
    int at = (int)sizeof text;
    int least = spec->precision > 0 ? spec->precision : 1;

    if (spec->zero && !spec->left && spec->precision < 0)
        least = spec->width - negative;
    for (int n = 0; at > 2 && (value || n < least); n++) {
        text[--at] = digits[value % base];
        value /= base;
    }
    if (spec->letter == 'p') {
        text[--at] = 'x';
        text[--at] = '0';
    }
    if (negative)
        text[--at] = '-';
    put_padded(out, spec, text + at, (int)sizeof text - at);
}

static void put_string(struct out *out, const struct spec *spec, const char *s)
{
    int length = 0;
    if (!s)
        s = "(null)";
    while ((spec->precision < 0 || length < spec->precision) && s[length])
        length++;
    put_padded(out, spec, s, length);
}

static int read_count(const char **format, va_list *args)
{
    int count = 0;
    if (**format == '*') {
        ++*format;
        return va_arg(*args, int);
    }
    for (; **format >= '0' && **format <= '9'; ++*format)
        if (count < 1000)
            count = count * 10 + (**format - '0');
    return count;
}

static unsigned read_length(const char **format)
{
    unsigned bytes = sizeof(int);
    for (;; ++*format) {
        if (**format == 'h')
            bytes /= 2;
        else if (**format == 'l' || **format == 'z')
            bytes = 8;
        else
            return bytes;
    }
}

static struct spec read_spec(const char **format, va_list *args)
{
    struct spec spec = {.precision = -1};
    for (;; ++*format) {
        if (**format == '-')
            spec.left = true;
        else if (**format == '0')
            spec.zero = true;
        else
            break;
    }
    spec.width = read_count(format, args);
    if (spec.width < 0) {
        spec.left = true;
        spec.width = -spec.width;
    }
    if (**format == '.') {
        ++*format;
        spec.precision = read_count(format, args);
    }
    spec.bytes = read_length(format);
    spec.letter = **format;
    return spec;
}

static void put_signed(struct out *out, const struct spec *spec, s64 value)
{
    put_number(out, spec, value < 0 ? -(u64)value : (u64)value, value < 0);
}

static void put_spec(struct out *out, const struct spec *spec, va_list *args)
{
    char c;
    switch (spec->letter) {
    case 'd':
    case 'i':
        put_signed(out, spec, spec->bytes == 8 ? va_arg(*args, s64) : va_arg(*args, int));
        break;
    case 'u':
    case 'x':
    case 'X':
        put_number(out, spec, spec->bytes == 8 ? va_arg(*args, u64) : va_arg(*args, unsigned),
                   false);
        break;
    case 'p':
        put_number(out, spec, (u64)(uintptr_t)va_arg(*args, void *), false);
        break;
    case 's':
        put_string(out, spec, va_arg(*args, const char *));
        break;
    case 'c':
        c = (char)va_arg(*args, int);
        put_padded(out, spec, &c, 1);
        break;
    default:
        put(out, '%');
        if (spec->letter && spec->letter != '%')
            put(out, spec->letter);
        break;
    }
}

size_t fmt_va(char *to, size_t size, const char *format, va_list args)
{
    struct out out = {.to = to, .size = size};
    va_list copy;

    va_copy(copy, args);
    for (; *format; format++) {
        if (*format != '%') {
            put(&out, *format);
            continue;
        }
        format++;
        struct spec spec = read_spec(&format, &copy);
        put_spec(&out, &spec, &copy);
        if (!*format)
            break;
    }
    va_end(copy);
    if (size)
        to[out.length < size ? out.length : size - 1] = 0;
    return out.length;
}

size_t fmt_text(char *to, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t length = fmt_va(to, size, format, args);
    va_end(args);
    return length;
}

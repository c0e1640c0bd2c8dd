/* SPDX-License-Identifier: MIT */
#include "guests/acpi_aml.h"

#include "lib/bits.h"
#include "lib/string.h"

/* ACPI 6.1, 20.3. */
enum aml_op {
    AML_BYTE = 0x0a,
    AML_WORD = 0x0b,
    AML_DWORD = 0x0c,
    AML_NAME = 0x08,
    AML_SCOPE = 0x10,
    AML_BUFFER = 0x11,
    AML_PACKAGE = 0x12,
    AML_METHOD = 0x14,
    AML_EXT = 0x5b,
    AML_EXT_DEVICE = 0x82,
    AML_ARG0 = 0x68,
    AML_RETURN = 0xa4,
};

static void put_byte(struct firmware *fw, u8 byte)
{
    firmware_put(fw, &byte, 1);
}

static void put_segment(struct firmware *fw, const char *name)
{
    firmware_put(fw, name, 4);
}

/*
 * 20.2.4: a package's length counts its own bytes. Short ones take one; else the lowest four bits
 * stand in the first, with the number of the others above them. Where it starts it is not known how
 * many there are, so the end moves the contents up by that much.
 */
static u32 encode_length(u8 *to, u32 contents)
{
    u32 more = contents + 1 < 0x40 ? 0 : contents + 2 < 0x1000 ? 1 : 2;
    u32 length = contents + 1 + more;

    to[0] = (u8)(more ? more << 6 | (length & 0xf) : length);
    for (u32 i = 1; i <= more; i++)
        to[i] = (u8)(length >> (8 * i - 4));
    return 1 + more;
}

void aml_end(struct firmware *fw, u32 at)
{
    u32 contents = firmware_here(fw) - at;
    u8 length[3];
    u32 size = encode_length(length, contents);

    if (!firmware_put(fw, length, size)) /* makes the room */
        return;
    memmove(firmware_at(fw, at + size), firmware_at(fw, at), contents);
    memcpy(firmware_at(fw, at), length, size);
}

u32 aml_begin_scope(struct firmware *fw, const char *name)
{
    put_byte(fw, AML_SCOPE);
    u32 at = firmware_here(fw);
    put_segment(fw, name);
    return at;
}

u32 aml_begin_device(struct firmware *fw, const char *name, u32 id)
{
    put_byte(fw, AML_EXT);
    put_byte(fw, AML_EXT_DEVICE);
    u32 at = firmware_here(fw);
    put_segment(fw, name);
    aml_name(fw, "_HID");
    aml_integer(fw, id);
    return at;
}

u32 aml_begin_method(struct firmware *fw, const char *name, u8 arguments)
{
    put_byte(fw, AML_METHOD);
    u32 at = firmware_here(fw);
    put_segment(fw, name);
    put_byte(fw, arguments);
    return at;
}

/* 20.2.3: 0 and 1 are their own opcodes. */
void aml_integer(struct firmware *fw, u32 value)
{
    u8 op = value <= 0xff ? AML_BYTE : value <= 0xffff ? AML_WORD : AML_DWORD;

    if (value > 1)
        put_byte(fw, op);
    firmware_put(fw, &value, op == AML_DWORD ? 4 : op == AML_WORD ? 2 : 1);
}

void aml_name(struct firmware *fw, const char *name)
{
    put_byte(fw, AML_NAME);
    put_segment(fw, name);
}

void aml_name_bytes(struct firmware *fw, const char *name, const u8 *values, u8 count)
{
    aml_name(fw, name);
    put_byte(fw, AML_PACKAGE);
    u32 at = firmware_here(fw);
    put_byte(fw, count);
    for (u8 i = 0; i < count; i++)
        aml_integer(fw, values[i]);
    aml_end(fw, at);
}

void aml_return_argument(struct firmware *fw, u8 number)
{
    put_byte(fw, AML_RETURN);
    put_byte(fw, (u8)(AML_ARG0 + number));
}

static void add(struct aml_resources *r, const void *descriptor, u32 size)
{
    if (size > sizeof r->bytes - r->used) {
        r->full = true;
        return;
    }
    memcpy(r->bytes + r->used, descriptor, size);
    r->used += size;
}

/* 6.4.2.5 */
void aml_io(struct aml_resources *r, u16 base, u8 size)
{
    struct {
        u8 tag, decode16;
        u16 first, last;
        u8 alignment, size;
    } packed d = {0x47, 1, base, base, 1, size};
    add(r, &d, sizeof d);
}

/* 6.4.2.1: two bytes of bits; edge, active high, not shared is meant without a third. */
void aml_irq(struct aml_resources *r, u8 irq)
{
    struct {
        u8 tag;
        u16 mask;
    } packed d = {0x22, (u16)BIT(irq)};
    add(r, &d, sizeof d);
}

/* 6.4.3.4: fixed, writable. */
void aml_memory(struct aml_resources *r, u32 base, u32 size)
{
    struct {
        u8 tag;
        u16 length;
        u8 writable;
        u32 base, size;
    } packed d = {0x86, sizeof d - 3, 1, base, size};
    add(r, &d, sizeof d);
}

/* 6.4.3.5: windows that a bridge passes on, all of it fixed. */
enum { WINDOW_MEMORY, WINDOW_IO, WINDOW_BUSES };
#define WINDOW_FIXED  0x0c
#define IO_ALL_PORTS  3
#define MEMORY_WRITES 1

static void add_window16(struct aml_resources *r, u8 type, u8 how, u16 first, u16 last)
{
    struct {
        u8 tag;
        u16 length;
        u8 type, flags, how;
        u16 granularity, first, last, translation, size;
    } packed d = {0x88,  sizeof d - 3, type, WINDOW_FIXED,           how, 0,
                  first, last,         0,    (u16)(last - first + 1)};
    add(r, &d, sizeof d);
}

void aml_window_buses(struct aml_resources *r, u16 first, u16 last)
{
    add_window16(r, WINDOW_BUSES, 0, first, last);
}

void aml_window_io(struct aml_resources *r, u16 first, u16 last)
{
    add_window16(r, WINDOW_IO, IO_ALL_PORTS, first, last);
}

void aml_window_memory(struct aml_resources *r, u32 first, u32 last)
{
    struct {
        u8 tag;
        u16 length;
        u8 type, flags, how;
        u32 granularity, first, last, translation, size;
    } packed d = {0x87, sizeof d - 3,    WINDOW_MEMORY, WINDOW_FIXED, MEMORY_WRITES, 0, first, last,
                  0,    last - first + 1};
    add(r, &d, sizeof d);
}

void aml_resources(struct firmware *fw, const struct aml_resources *r)
{
    static const u8 end[] = {0x79, 0}; /* 6.4.2.9; a checksum of 0 is not looked at */

    fw->full |= r->full;
    aml_name(fw, "_CRS");
    put_byte(fw, AML_BUFFER);
    u32 at = firmware_here(fw);
    aml_integer(fw, r->used + (u32)sizeof end);
    firmware_put(fw, r->bytes, r->used);
    firmware_put(fw, end, sizeof end);
    aml_end(fw, at);
}

/* SPDX-License-Identifier: MIT */
/*
 * The one thing that Trivet wants from AML: the package \_S5, which holds the values for the sleep
 * registers (7.4.2.6). There is no interpreter; the definition's bytes are looked for:
 *
 *   08 ['\'] '_' 'S' '5' '_'  12  PkgLength  NumElements  PM1a  PM1b …         20.2.5
 */
#include "drivers/host/acpi_table.h"

#include "lib/bytes.h"
#include "lib/string.h"

enum {
    OP_ZERO = 0x00,
    OP_ONE = 0x01,
    OP_NAME = 0x08,
    OP_BYTE = 0x0a,
    OP_WORD = 0x0b,
    OP_DWORD = 0x0c,
    OP_QWORD = 0x0e,
    OP_PACKAGE = 0x12,
    OP_ONES = 0xff,
};

#define SLEEP_TYPE_MAX 7 /* SLP_TYP has three bits */

struct aml {
    const u8 *at, *end;
};

static bool take(struct aml *aml, u8 *byte)
{
    if (aml->at == aml->end)
        return false;
    *byte = *aml->at++;
    return true;
}

/* 20.2.4: bits 7:6 of the first byte say how many follow; the length counts from that byte. Moves
 * the end to the package's. */
static bool enter_package(struct aml *aml)
{
    const u8 *start = aml->at;
    u8 lead, more;

    if (!take(aml, &lead))
        return false;
    u32 length = lead >> 6 ? lead & 0xf : lead & 0x3f;
    for (int i = 0; i < lead >> 6; i++) {
        if (!take(aml, &more))
            return false;
        length |= (u32)more << (4 + 8 * i);
    }
    if (length < (u32)(aml->at - start) || length > (u64)(aml->end - start))
        return false;
    aml->end = start + length;
    return true;
}

static bool take_bytes(struct aml *aml, unsigned count, u64 *value)
{
    u8 byte;
    *value = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!take(aml, &byte))
            return false;
        *value |= (u64)byte << (8 * i);
    }
    return true;
}

/* 20.2.3: a constant integer. */
static bool take_integer(struct aml *aml, u64 *value)
{
    u8 op;
    if (!take(aml, &op))
        return false;
    switch (op) {
    case OP_ZERO:
    case OP_ONE:
        *value = op;
        return true;
    case OP_ONES:
        *value = ~0ull;
        return true;
    case OP_BYTE:
        return take_bytes(aml, 1, value);
    case OP_WORD:
        return take_bytes(aml, 2, value);
    case OP_DWORD:
        return take_bytes(aml, 4, value);
    case OP_QWORD:
        return take_bytes(aml, 8, value);
    default:
        return false;
    }
}

/* Some firmware puts both values into one element, PM1a's in the low byte. */
static bool take_s5(struct aml aml, u8 *type_a, u8 *type_b)
{
    u64 a, b;
    u8 op, elements;

    if (!take(&aml, &op) || op != OP_PACKAGE || !enter_package(&aml) || !take(&aml, &elements) ||
        elements == 0 || !take_integer(&aml, &a))
        return false;
    if (elements == 1) {
        b = a >> 8;
        a &= 0xff;
    } else if (!take_integer(&aml, &b)) {
        return false;
    }
    if (a > SLEEP_TYPE_MAX || b > SLEEP_TYPE_MAX)
        return false;
    *type_a = (u8)a;
    *type_b = (u8)b;
    return true;
}

bool acpi_find_s5(const u8 *aml, u32 length, u8 *type_a, u8 *type_b)
{
    for (u32 at = 0; at + 5 <= length; at++) {
        u32 name = at + 1;
        if (aml[at] != OP_NAME)
            continue;
        if (aml[name] == '\\')
            name++;
        if (length - name < 4 || memcmp(aml + name, "_S5_", 4) != 0)
            continue;
        if (take_s5((struct aml){aml + name + 4, aml + length}, type_a, type_b))
            return true;
    }
    return false;
}

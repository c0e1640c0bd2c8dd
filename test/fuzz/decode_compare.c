/* SPDX-License-Identifier: MIT */
/*
 * Compares the decoder with Zydis: first every legacy opcode with every ModRM under every mandatory
 * prefix in every mode, then random instructions built from the maps, and mutations of them.
 *
 *   decode_compare [count [seed]]     10,000,000 by default; the same seed, the same instructions
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/fuzz/decode_explained.h"

static u64 random_state;

static u64 random64(void) /* splitmix64 */
{
    u64 z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static unsigned below(unsigned n)
{
    return (unsigned)(random64() % n);
}

static u64 compared, legal, explained, unexplained;

/* --- a class of differences is printed once --- */
static u64 seen[65536];
static unsigned seen_count;

static bool first_of_class(const struct opinion *o)
{
    const struct insn *i = &o->ours;
    u64 key = (u64)o->what | (u64)i->encoding << 4 | (u64)i->map << 8 | (u64)i->opcode << 16 |
              (u64)i->has_mem << 24 | (u64)(i->prefixes & 0x1d) << 32 |
              (u64)insn_modrm_reg(i) << 40 | (u64)mode_index(o->mode.bits) << 48;
    for (unsigned n = 0; n < seen_count; n++)
        if (seen[n] == key)
            return false;
    if (seen_count < array_size(seen))
        seen[seen_count++] = key;
    return true;
}

static void print_difference(const struct opinion *o)
{
    printf("%-12s %u-bit%s map %u op %02x prefixes %02x modrm %02x ours: %s %u, Zydis: ",
           what_names[o->what], o->mode.bits, o->mode.amd_branches ? " amd" : "", o->ours.map,
           o->ours.opcode, o->ours.prefixes, o->ours.modrm, decode_verdict_name(o->verdict),
           o->ours.length);
    if (ZYAN_SUCCESS(o->status))
        printf("%s %u", ZydisMnemonicGetString(o->theirs.mnemonic), o->theirs.length);
    else
        printf("status %x", o->status & 0xfffff);
    printf("  bytes");
    for (unsigned i = 0; i < INSN_MAX; i++)
        printf(" %02x", o->code[i]);
    printf("\n");
}

static void check(struct opinion *o)
{
    compared++;
    enum what what = compare(o);
    legal += o->verdict == DECODE_OK;
    if (what == SAME)
        return;
    if (explain(o)) {
        explained++;
        return;
    }
    unexplained++;
    if (first_of_class(o))
        print_difference(o);
}

/* --- generation --- */
static void fill(u8 *at, const u8 *end)
{
    while (at < end)
        *at++ = (u8)random64();
}

static void pick_mode(struct opinion *o)
{
    static const u8 bits[4] = {16, 32, 64, 64};
    o->mode.bits = bits[below(4)];
    o->mode.amd_branches = below(4) == 0;
}

static u8 *put_prefixes(u8 *at)
{
    static const u8 prefix[] = {0x66, 0x66, 0xf2, 0xf3, 0x67, 0xf0, 0x2e, 0x36, 0x3e,
                                0x26, 0x64, 0x65, 0x48, 0x41, 0x44, 0x42, 0x40, 0x4f};
    unsigned count = below(8) < 3 ? 0 : below(16) == 0 ? below(14) : below(4);
    while (count--)
        *at++ = prefix[below(array_size(prefix))];
    return at;
}

static u8 *put_vector(u8 *at)
{
    static const u8 first[4] = {0xc4, 0xc5, 0x62, 0x8f};
    u8 byte = first[below(4)];
    *at++ = byte;
    if (byte == 0xc5) {
        *at++ = (u8)(random64() | (below(2) ? 0xc0 : 0));
    } else {
        u8 map = byte == 0x8f ? (u8)(8 + below(4)) : (u8)below(8);
        *at++ = (u8)((random64() & 0xe0) | (below(2) ? 0xc0 : 0) | map);
        *at++ = (u8)(random64() | (below(2) ? 0x78 : 0) | (byte == 0x62 && below(8) ? 4 : 0));
        if (byte == 0x62)
            *at++ = (u8)(random64() | (below(2) ? 0x08 : 0));
    }
    *at++ = (u8)random64();
    return at;
}

static u8 *put_opcode(u8 *at)
{
    unsigned map = below(9);
    if (map >= 7)
        return put_vector(at);
    if (map >= 3)
        *at++ = 0x0f;
    if (map >= 5)
        *at++ = map == 5 ? 0x38 : 0x3a;
    *at++ = (u8)random64();
    return at;
}

static void random_one(struct opinion *o)
{
    u8 at[64];
    pick_mode(o);
    fill(put_opcode(put_prefixes(at)), at + sizeof at);
    memcpy(o->code, at, INSN_MAX);
}

static void mutate(struct opinion *o)
{
    for (unsigned n = 1 + below(3); n > 0; n--)
        o->code[below(8)] ^= (u8)(1u << below(8));
    if (below(4) == 0)
        pick_mode(o);
}

static void enumerate(void)
{
    static const u8 modes[3] = {16, 32, 64};
    static const u8 lead[][3] = {
        {0    },
        {0x66 },
        {0xf3 },
        {0xf2 },
        {0x66,  0xf2},
        {0x66,     0xf3},
        {0xf0},
        {0x67 }
    };
    static const u8 escape[4][2] = {
        {0},
        {    0x0f},
        { 0x0f, 0x38},
        { 0x0f, 0x3a}
    };
    struct opinion o;
    for (unsigned i = 0; i < 3 * 8 * 4 * 65536u; i++) {
        unsigned mode = i >> 21, prefix = i >> 18 & 7, map = i >> 16 & 3;
        u8 *at = o.code;
        o.mode = (struct decode_mode){modes[mode], false};
        for (const u8 *p = lead[prefix]; *p; p++)
            *at++ = *p;
        for (unsigned n = 0; n < (map > 1 ? 2 : map); n++)
            *at++ = escape[map][n];
        *at++ = (u8)(i >> 8);
        *at++ = (u8)i;
        fill(at, o.code + INSN_MAX);
        check(&o);
    }
}

int main(int argc, char **argv)
{
    u64 count = argc > 1 ? strtoull(argv[1], NULL, 0) : 10000000;
    random_state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    struct opinion o = {
        .mode = {64, false}
    };
    oracle_init();
    if (count >= 10000000)
        enumerate();
    for (u64 i = 0; i < count; i++) {
        if (i % 4 == 3)
            mutate(&o);
        else if (i % 16 == 0)
            fill(o.code, o.code + INSN_MAX);
        else
            random_one(&o);
        check(&o);
    }
    for (unsigned i = 0; i < array_size(explanations); i++)
        printf("%10llu  %s\n", (unsigned long long)explanations[i].count, explanations[i].reason);
    printf("%llu instructions compared, %llu legal, %llu differences explained, %llu not\n",
           (unsigned long long)compared, (unsigned long long)legal, (unsigned long long)explained,
           (unsigned long long)unexplained);
    return unexplained != 0;
}

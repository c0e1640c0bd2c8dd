/* SPDX-License-Identifier: MIT */
/*
 * The CPUID of guests over recorded processors. What may be shown stands here once more, by the
 * manual's bit numbers, so that a slip in the policy's tables shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "guest_fake.h"

enum { A, B, C, D };

static struct guest guest;

static u32 leaf_of(u32 leaf, u32 sub, int reg)
{
    u32 out[4];
    guest_cpuid_leaf(&guest, leaf, sub, out);
    return out[reg];
}

static void host_regs(u32 leaf, u32 sub, u32 out[4])
{
    struct cpuid regs = recorded_host(leaf, sub);
    memcpy(out, &regs, sizeof regs);
}

static u32 bits(const char *numbers)
{
    u32 value = 0;
    for (char *at = (char *)numbers, *end;; at = end) {
        unsigned long n = strtoul(at, &end, 10);
        if (end == at)
            return value;
        value |= 1u << n;
    }
}

/* Vendor 'i' or 'a', or '*'; the bits that may pass, and those that are set in any case. */
static const struct shown {
    char vendor;
    u32 leaf, sub;
    int reg;
    const char *pass, *set;
} shown[] = {
    {'*', 1,          0, C, "0 1 9 12 13 17 19 20 22 23 25 26 28 29 30",                            "31"},
    {'*', 1,          0, D, "0 1 2 3 4 5 6 7 8 11 12 13 14 15 16 17 19 23 24 25 26 27",             ""  },
    {'*', 7,          0, B, "0 3 5 6 7 8 9 10 13 16 17 18 19 20 21 23 24 26 27 28 29 30 31",        "1" },
    {'*', 7,          0, C, "0 1 2 3 5 6 8 9 10 11 12 14 22 25 27 28",                              ""  },
    {'*', 7,          0, D, "2 3 4 8 10 14 23",                                                     ""  },
    {'*', 7,          1, A, "0 1 2 4 5 7 10 11 12 23",                                              ""  },
    {'*', 7,          1, B, "",                                                                     ""  },
    {'*', 7,          1, C, "",                                                                     ""  },
    {'*', 7,          1, D, "4 5 10 14",                                                            ""  },
    {'*', 0xd,        1, A, "0 1 2 3",                                                              ""  },
    {'*', 0xd,        1, C, "",                                                                     ""  },
    {'*', 0xd,        1, D, "",                                                                     ""  },
    {'i', 0x80000001, 0, C, "0 5 8",                                                                ""  },
    {'i', 0x80000001, 0, D, "11 20 26 27 29",                                                       ""  },
    {'a', 0x80000001, 0, C, "0 4 5 6 7 8 11 16 21 22",                                              ""  },
    {'a', 0x80000001, 0, D, "0 1 2 3 4 5 6 7 8 11 12 13 14 15 16 17 20 22 23 24 25 26 27 29 30 31",
     ""                                                                                                 },
    {'*', 0x80000007, 0, A, "",                                                                     ""  },
    {'*', 0x80000007, 0, B, "",                                                                     ""  },
    {'*', 0x80000007, 0, C, "",                                                                     ""  },
    {'*', 0x80000007, 0, D, "8",                                                                    ""  },
    {'*', 0x80000008, 0, B, "0 2 9",                                                                ""  },
    {'*', 0x80000008, 0, D, "",                                                                     ""  },
};

static bool is_amd(void)
{
    return recorded_host(0, 0).ecx == 0x444d4163;
}

static void each_host(void (*check)(u32 vcpus))
{
    static const u32 counts[] = {1, 2, 3, 4, 5, 8, 33, 64};
    for (unsigned i = 0; i < array_size(recorded_cpuids); i++) {
        fake_host = recorded_cpuids[i].leaf;
        for (unsigned n = 0; n < array_size(counts); n++) {
            fake_guest(&guest, ENGINE_TRAITS, counts[n], 2893297, counts[n] - 1);
            check(counts[n]);
        }
    }
}

static void check_bits(u32 vcpus)
{
    for (unsigned i = 0; i < array_size(shown); i++) {
        const struct shown *row = &shown[i];
        u32 host[4], expected;
        if (row->vendor != '*' && (row->vendor == 'a') != is_amd())
            continue;
        if (row->leaf > recorded_host(row->leaf & 0x80000000, 0).eax)
            continue;
        host_regs(row->leaf, row->sub, host);
        expected = (host[row->reg] & bits(row->pass)) | bits(row->set);
        if (vcpus > 1 && row->leaf == 1 && row->reg == D)
            expected |= 1u << 28;
        if (vcpus > 1 && row->leaf == 0x80000001 && row->reg == C && is_amd())
            expected |= 1u << 1;
        assert_int_equal(leaf_of(row->leaf, row->sub, row->reg), expected);
    }
}

static void test_what_passes(void **state)
{
    (void)state;
    each_host(check_bits);
}

static void check_whole(u32 vcpus)
{
    static const u32 same[] = {0x80000002, 0x80000003, 0x80000004, 0x80000006};
    static const u32 none[] = {3,          5,          9,          0xa,       0xc,  0xe,
                               0xf,        0x10,       0x12,       0x14,      0x17, 0x18,
                               0x80000009, 0x8000000a, 0x8000001b, 0x8000001f};
    u32 top = recorded_host(0, 0).eax, extended = recorded_host(0x80000000, 0).eax;

    (void)vcpus;
    for (unsigned i = 0; i < array_size(same); i++) {
        u32 host[4], ours[4];
        host_regs(same[i], 0, host);
        guest_cpuid_leaf(&guest, same[i], 0, ours);
        assert_memory_equal(host, ours, sizeof host);
    }
    for (unsigned i = 0; i < array_size(none); i++) {
        for (int reg = A; reg <= D; reg++)
            assert_int_equal(leaf_of(none[i], 0, reg), 0);
    }
    assert_int_equal(leaf_of(6, 0, A), 0); /* no ARAT without a local APIC */
    assert_int_equal(leaf_of(0, 0, A), top < 0x1f ? top : 0x1f);
    assert_int_equal(leaf_of(0, 0, B), recorded_host(0, 0).ebx);
    assert_int_equal(leaf_of(1, 0, A), recorded_host(1, 0).eax);
    assert_int_equal(leaf_of(0x80000000, 0, A), extended < 0x80000021 ? extended : 0x80000021);
}

static void check_beyond(u32 vcpus)
{
    u32 top = leaf_of(0, 0, A), extended = leaf_of(0x80000000, 0, A);

    (void)vcpus;
    for (u32 n = 1; n < 0x80; n++) {
        u32 beyond[] = {top + n, extended + n, 0x40000010 + n, 0xc0000000 + n, 0x3fffff80 + n};
        for (unsigned i = 0; i < array_size(beyond); i++) {
            for (int reg = A; reg <= D; reg++)
                assert_int_equal(leaf_of(beyond[i], 0, reg), 0);
        }
    }
    assert_int_equal(leaf_of(~0u, ~0u, A) | leaf_of(0x7fffffff, 0, A), 0);
}

static void test_whole_leaves(void **state)
{
    (void)state;
    each_host(check_whole);
    each_host(check_beyond);
}

/* The count of vCPUs from each leaf that tells of it, as software reads them. */
static void check_topology(u32 vcpus)
{
    u32 top = leaf_of(0, 0, A), ids = 1;
    while (ids < vcpus)
        ids *= 2;
    assert_int_equal(leaf_of(1, 0, B) >> 24, vcpus - 1);
    assert_int_equal(leaf_of(1, 0, B) >> 16 & 0xff, vcpus);
    assert_int_equal(leaf_of(1, 0, D) >> 28 & 1, vcpus > 1);
    for (u32 leaf = 0xb; leaf <= 0x1f; leaf += 0x14) {
        if (leaf > top)
            continue;
        assert_int_equal(leaf_of(leaf, 0, A), 0); /* a thread's bits of the APIC id: none */
        assert_int_equal(leaf_of(leaf, 0, B), 1);
        assert_int_equal(leaf_of(leaf, 0, C), 0x100);
        assert_int_equal(1u << leaf_of(leaf, 1, A), ids);
        assert_int_equal(leaf_of(leaf, 1, B), vcpus);
        assert_int_equal(leaf_of(leaf, 1, C), 0x201);
        assert_int_equal(leaf_of(leaf, 2, A) | leaf_of(leaf, 2, B), 0);
        assert_int_equal(leaf_of(leaf, 2, C), 2);
        assert_int_equal(leaf_of(leaf, 0x105, C), 5);
        for (u32 sub = 0; sub < 4; sub++)
            assert_int_equal(leaf_of(leaf, sub, D), vcpus - 1);
    }
    if (is_amd() && leaf_of(0x80000000, 0, A) >= 0x80000008) {
        assert_int_equal(leaf_of(0x80000008, 0, C) & 0xff, vcpus - 1);
        assert_int_equal(1u << (leaf_of(0x80000008, 0, C) >> 12 & 15), ids);
    } else {
        assert_int_equal(leaf_of(0x80000008, 0, C), 0);
    }
}

static void check_caches(u32 vcpus)
{
    u32 leaf = is_amd() ? 0x8000001d : 4, ids = 1;
    bool tells = !is_amd() || leaf_of(0x80000001, 0, C) >> 22 & 1;

    while (ids < vcpus)
        ids *= 2;
    for (u32 sub = 0; sub < 10; sub++) {
        u32 host[4], a = leaf_of(leaf, sub, A);
        host_regs(leaf, sub, host);
        assert_int_equal(a & 0x3ff, tells ? host[A] & 0x3ff : 0);
        if (!(a & 31))
            continue;
        assert_int_equal((a >> 14 & 0xfff) + 1, (a >> 5 & 7) == 3 ? ids : 1);
        assert_int_equal((a >> 26) + 1, is_amd() ? 1 : ids);
        assert_int_equal(leaf_of(leaf, sub, B), host[B]);
        assert_int_equal(leaf_of(leaf, sub, C), host[C]);
    }
    for (int reg = A; reg <= D; reg++)
        assert_int_equal(leaf_of(is_amd() ? 4 : 0x8000001d, 0, reg), 0);
}

static void test_topology(void **state)
{
    (void)state;
    each_host(check_topology);
    each_host(check_caches);
}

/* A made-up Zen, since no emulator's model has the leaves in full. */
static void test_amd_topology_extension(void **state)
{
    static const struct recorded_leaf zen[96] = {
        {0,          0, 0x10,       0x68747541, 0x444d4163, 0x69746e65},
        {1,          0, 0xa20f10,   0,          ~0u,        ~0u       },
        {0x80000000, 0, 0x80000023, 0x68747541, 0x444d4163, 0x69746e65},
        {0x80000001, 0, 0xa20f10,   0x20000000, ~0u,        ~0u       },
        {0x80000008, 0, 0x3930,     ~0u,        0x400f,     ~0u       },
        {0x8000001d, 0, 0x4121,     0x1c0003f,  63,         0         },
        {0x8000001d, 1, 0x3c163,    0x3c0003f,  0x7fff,     1         },
        {0x8000001e, 0, 7,          0x103,      0x201,      9         },
        {0x80000021, 0, ~0u,        ~0u,        ~0u,        ~0u       },
    };
    (void)state;
    fake_host = zen;
    fake_guest(&guest, ENGINE_TRAITS, 6, 3000000, 5);
    assert_int_equal(leaf_of(0x80000000, 0, A), 0x80000021);
    assert_int_equal(leaf_of(0x8000001e, 0, A), 5);
    assert_int_equal(leaf_of(0x8000001e, 0, B), 5); /* core 5, one thread */
    assert_int_equal(leaf_of(0x8000001e, 0, C), 0); /* node 0 of 1 */
    assert_int_equal(leaf_of(0x8000001d, 0, A), 0x121);
    assert_int_equal(leaf_of(0x8000001d, 1, A), 0x163 | 7 << 14);
    assert_int_equal(leaf_of(0x80000008, 0, A), 0x3030); /* no fifth level of paging */
    assert_int_equal(leaf_of(0x80000008, 0, B), 0x205);
    assert_int_equal(leaf_of(0x80000008, 0, C), 0x3005);
    assert_int_equal(leaf_of(0x80000021, 0, A), 0xc44);
    assert_int_equal(leaf_of(0x80000021, 0, B), 0);
    assert_int_equal(guest.cpuid->physical_bits, 48);
    assert_int_equal(guest_efer_allowed(&guest), 0x4d01); /* FFXSR NXE LMA LME SCE */
}

static void exec_cpuid(u32 leaf, u32 sub)
{
    guest.gpr[GPR_RAX] = 0xdeadbeef00000000 | leaf;
    guest.gpr[GPR_RCX] = 0xdeadbeef00000000 | sub;
    assert_int_equal(guest_cpuid(&guest), GUEST_NEXT);
}

static void check_exit(u32 vcpus)
{
    (void)vcpus;
    for (u32 class = 0; class < 4; class ++) {
        for (u32 n = 0; n < 0x30; n++) {
            for (u32 sub = 0; sub < 70; sub += sub < 11 ? 1 : 29) {
                u32 out[4];
                guest_cpuid_leaf(&guest, class << 30 | n, sub, out);
                exec_cpuid(class << 30 | n, sub);
                assert_int_equal(guest.gpr[GPR_RAX], out[A]);
                assert_int_equal(guest.gpr[GPR_RBX], out[B]);
                assert_int_equal(guest.gpr[GPR_RCX], out[C]);
                assert_int_equal(guest.gpr[GPR_RDX], out[D]);
            }
        }
    }
    assert_false(guest.event.valid);
}

static void test_exit_answers_as_the_leaf(void **state)
{
    (void)state;
    each_host(check_exit);
}

static void test_cr4_shows(void **state)
{
    (void)state;
    fake_host = recorded_named("bochs tigerlake");
    fake_guest(&guest, ENGINE_TRAITS, 1, 1000000, 0);
    for (unsigned bit = 0; bit < 32; bit++) {
        fake_reg[GUEST_CR4] = 1u << bit;
        exec_cpuid(1, 0);
        assert_int_equal(guest.gpr[GPR_RCX] >> 27 & 1, bit == 18);
        exec_cpuid(7, 0);
        assert_int_equal(guest.gpr[GPR_RCX] >> 4 & 1, bit == 22);
        exec_cpuid(7, 1);
        assert_int_equal(guest.gpr[GPR_RCX], 0);
    }
}

static void test_traits(void **state)
{
    (void)state;
    fake_host = recorded_named("bochs tigerlake");
    fake_guest(&guest, 0, 2, 1000000, 0);
    assert_int_equal(leaf_of(0x80000001, 0, D) >> 27 & 1, 0);
    assert_int_equal(leaf_of(7, 0, C) & (1u << 22 | 1u << 5), 0);
    assert_int_equal(leaf_of(7, 0, B) >> 10 & 1, 0);
    assert_int_equal(leaf_of(0xd, 1, A) >> 3 & 1, 0);
    assert_int_equal(leaf_of(1, 0, D) >> 9 & 1, 0);

    fake_guest(&guest, TRAIT_APIC | TRAIT_X2APIC | TRAIT_TSC_DEADLINE, 2, 1000000, 1);
    assert_int_equal(leaf_of(1, 0, D) >> 9 & 1, 1);
    assert_int_equal(leaf_of(1, 0, C) >> 21 & 1, 1);
    assert_int_equal(leaf_of(1, 0, C) >> 24 & 1, 1);
    assert_int_equal(leaf_of(6, 0, A), 4);

    /* An engine's permission makes no feature that the processor lacks. */
    fake_host = recorded_named("bochs core2_penryn_t9600");
    fake_guest(&guest, ENGINE_TRAITS, 1, 1000000, 0);
    assert_int_equal(guest.cpuid->have & ENGINE_TRAITS, 0);
    assert_int_equal(leaf_of(0x80000001, 0, D) >> 27 & 1, 0);
}

static void test_hypervisor_leaves(void **state)
{
    u32 regs[4];
    (void)state;
    fake_host = recorded_named("qemu EPYC,+svm,+npt");
    fake_guest(&guest, 0, 1, 2893297, 0);
    guest_cpuid_leaf(&guest, 0x40000000, 0, regs);
    assert_int_equal(regs[A], 0x40000010);
    assert_memory_equal(&regs[B], "TrivetTrivet", 12);
    assert_int_equal(leaf_of(0x40000010, 0, A), 2893297);
    assert_int_equal(leaf_of(0x40000010, 0, B), 1000000);
    for (u32 leaf = 0x40000001; leaf < 0x40000010; leaf++)
        assert_int_equal(leaf_of(leaf, 0, A) | leaf_of(leaf, 0, B), 0);
}

static u64 distance(u64 up, u64 down, u64 khz)
{
    u64 says = 1000000000000 * up / down, real = khz * 1000000;
    return says > real ? says - real : real - says;
}

/* Leaf 15 is a fraction: Linux's product of it and the crystal's kHz, in 32 bits, must not
 * overflow, and no fraction that keeps to this is nearer. */
static void test_frequency(void **state)
{
    (void)state;
    fake_host = recorded_named("bochs tigerlake");
    for (u64 khz = 150000; khz < 4290000; khz += 7919) {
        fake_guest(&guest, 0, 1, khz, 0);
        u64 down = leaf_of(0x15, 0, A), up = leaf_of(0x15, 0, B), hz = leaf_of(0x15, 0, C);
        u64 best = ~0ull;
        assert_int_equal(hz, 1000000000);
        assert_true(down && up && up * (hz / 1000) < 1ull << 32);
        for (u64 p = 1; p <= 4294; p++) {
            u64 q = (2 * p * 1000000 + khz) / (2 * khz);
            if (q && distance(p, q, khz) < best)
                best = distance(p, q, khz);
        }
        assert_true(distance(up, down, khz) <= best + 1);
        assert_true(distance(up, down, khz) / khz < 120); /* ppm: at the worst, beside 4 GHz */
        assert_int_equal(leaf_of(0x16, 0, A), (khz + 500) / 1000);
    }
    fake_guest(&guest, 0, 1, 200000, 0); /* exact where it can be */
    assert_int_equal(leaf_of(0x15, 0, A), 5);
    assert_int_equal(leaf_of(0x15, 0, B), 1);
    fake_guest(&guest, 0, 1, 2500000, 0);
    assert_int_equal(leaf_of(0x15, 0, A), 2);
    assert_int_equal(leaf_of(0x15, 0, B), 5);
    fake_guest(&guest, 0, 1, 0, 0);
    assert_int_equal(leaf_of(0x15, 0, A) | leaf_of(0x15, 0, C) | leaf_of(0x16, 0, A), 0);
    fake_host = recorded_named("bochs corei7_haswell_4770");
    fake_guest(&guest, 0, 1, 2500000, 0);
    assert_int_equal(leaf_of(0x15, 0, A) | leaf_of(0x15, 0, C) | leaf_of(0x16, 0, A), 0);
}

/* SDM volume 1, 13.5: where the standard format has the components, on every processor so far. */
static void test_xsave_sizes(void **state)
{
    (void)state;
    fake_host = recorded_named("bochs corei7_skylake_x");
    fake_guest(&guest, ENGINE_TRAITS, 1, 1000000, 0);
    assert_int_equal(leaf_of(0xd, 0, A), 0xe7);
    assert_int_equal(leaf_of(0xd, 0, C), 2688);
    static const struct {
        u64 xcr0;
        u32 size, compact;
    } sizes[] = {
        {1,    576,  576 },
        {3,    576,  576 },
        {7,    832,  832 },
        {0xe7, 2688, 2432}
    };
    for (unsigned i = 0; i < array_size(sizes); i++) {
        guest.xcr0 = sizes[i].xcr0;
        assert_int_equal(leaf_of(0xd, 0, B), sizes[i].size);
        assert_int_equal(leaf_of(0xd, 1, B), sizes[i].compact);
    }
    assert_int_equal(leaf_of(0xd, 2, A), 256);
    assert_int_equal(leaf_of(0xd, 2, B), 576);
    for (u32 sub = 8; sub < 100; sub++)
        assert_int_equal(leaf_of(0xd, sub, A) | leaf_of(0xd, sub, B) | leaf_of(0xd, sub, C), 0);
    fake_host = recorded_named("bochs corei5_lynnfield_750");
    fake_guest(&guest, ENGINE_TRAITS, 1, 1000000, 0);
    assert_int_equal(guest_cr4_allowed(&guest) >> 18 & 1, 0);
    for (u32 sub = 0; sub < 3; sub++)
        assert_int_equal(leaf_of(0xd, sub, A) | leaf_of(0xd, sub, B) | leaf_of(0xd, sub, C), 0);
}

static void check_cr4(u32 vcpus)
{
    static const struct {
        unsigned cr4;
        u32 leaf;
        int reg;
        unsigned bit;
    } rows[] = {
        {0,  1, D, 1 },
        {1,  1, D, 1 },
        {2,  1, D, 4 },
        {3,  1, D, 2 },
        {4,  1, D, 3 },
        {5,  1, D, 6 },
        {6,  1, D, 7 },
        {7,  1, D, 13},
        {8,  1, D, 5 },
        {9,  1, D, 24},
        {10, 1, D, 25},
        {11, 7, C, 2 },
        {16, 7, B, 0 },
        {17, 1, C, 17},
        {18, 1, C, 26},
        {20, 7, B, 7 },
        {21, 7, B, 20},
        {22, 7, C, 3 },
    };
    u64 expected = 0, efer = 0;

    (void)vcpus;
    for (unsigned i = 0; i < array_size(rows); i++)
        expected |= (u64)(leaf_of(rows[i].leaf, 0, rows[i].reg) >> rows[i].bit & 1) << rows[i].cr4;
    assert_int_equal(guest_cr4_allowed(&guest), expected);
    assert_int_equal(expected & 0x7bc, 0x7bc); /* what every 64-bit processor has: TSD onward */
    efer |= leaf_of(0x80000001, 0, D) >> 20 & 1 ? 0x800 : 0;
    efer |= leaf_of(0x80000001, 0, D) >> 29 & 1 ? 0x501 : 0;
    efer |= is_amd() && leaf_of(0x80000001, 0, D) >> 25 & 1 ? 0x4000 : 0;
    assert_int_equal(guest_efer_allowed(&guest), efer);
    assert_int_equal(efer & 0x501, 0x501);
}

static void test_control_registers_agree(void **state)
{
    (void)state;
    each_host(check_cr4);
}

/* --- hosts that never were ----------------------------------------------------------------------
 */

static u32 seed, fill_or;

static u32 noise(void)
{
    return seed = seed * 1664525 + 1013904223;
}

/* The same leaf gives the same answer. */
static struct cpuid random_host(u32 leaf, u32 sub)
{
    u32 keep = seed;
    seed ^= leaf * 2654435761u ^ sub * 40503u;
    struct cpuid regs = {noise() | fill_or, noise() | fill_or, noise() | fill_or,
                         noise() | fill_or};
    seed = keep;
    if (leaf == 0)
        regs.eax &= 0x3f;
    if (leaf == 0x80000000 && regs.ebx & 1)
        regs.eax = 0x80000000 | (regs.eax & 0x3f);
    return regs;
}

static void check_hidden(void)
{
    /* DTES64, MONITOR, VMX, SMX, EIST, TM2, PDCM: never */
    assert_int_equal(leaf_of(1, 0, C) & 0x000081fc, 0);
    assert_int_equal(leaf_of(1, 0, D) & (1u << 18 | 1u << 21 | 1u << 22 | 7u << 29), 0);
    assert_int_equal(leaf_of(7, 0, B) & 0x0240d814, 0); /* SGX HLE RTM PQM MPX PQE PT */
    assert_int_equal(leaf_of(7, 0, D) & 0xdf7fba23, 0); /* UINTR .. SPEC_CTRL .. SSBD */
    assert_int_equal(leaf_of(0x80000001, 0, C) & 1u << 2, 0);
    assert_int_equal(guest_cr4_allowed(&guest) & ~0x770fffull, 0);
    assert_int_equal(fake_table.xcr0_allowed & ~0x2e7ull, 0);
    if (!(fake_table.xcr0_allowed & 4)) /* no AVX, FMA, F16C; AVX2; XOP, FMA4 */
        assert_int_equal((leaf_of(1, 0, C) & 0x30001000) | (leaf_of(7, 0, B) & 0x20) |
                             (leaf_of(0x80000001, 0, C) & 0x10800),
                         0);
    if (!(fake_table.xcr0_allowed & 0xe0)) /* no AVX-512 */
        assert_int_equal((leaf_of(7, 0, B) & 0xdc230000) | (leaf_of(7, 0, C) & 0x5842) |
                             (leaf_of(7, 0, D) & 0x80010c) | (leaf_of(7, 1, A) & 0x20),
                         0);
    if (!(fake_table.xcr0_allowed & 0x200))
        assert_int_equal((leaf_of(7, 0, C) & 8) | (guest_cr4_allowed(&guest) & 0x400000), 0);
}

static void test_no_host_breaks_it(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        struct guest_traits traits = {noise(), round % 64 + 1, noise(), random_host, noise()};
        seed = round * 7 + 1;
        fill_or = round % 3 == 0 ? ~0u : 0;
        fake_host = recorded_cpuids[0].leaf;
        fake_guest(&guest, 0, 1, 1, 0);
        guest_cpuid_init(&fake_table, &traits);
        guest.xcr0 = fake_table.xcr0_allowed;
        check_hidden();
        check_exit(1);
    }
}

/* 11.4.3; AMD's extended leaf repeats the bit. */
static void check_apic_off(u32 vcpus)
{
    fake_guest(&guest, ENGINE_TRAITS | TRAIT_APIC, vcpus, 2893297, vcpus - 1);
    u32 basic = leaf_of(1, 0, D), extended = leaf_of(0x80000001, 0, D);

    assert_true(basic & BIT(9));
    assert_int_equal(!!(extended & BIT(9)), is_amd());
    guest.apic_off = true;
    assert_int_equal(leaf_of(1, 0, D), basic & ~BIT(9));
    assert_int_equal(leaf_of(0x80000001, 0, D), extended & ~BIT(9));
    check_exit(1);
    guest.apic_off = false;
}

static void test_apic_off(void **state)
{
    (void)state;
    each_host(check_apic_off);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_passes),
        cmocka_unit_test(test_whole_leaves),
        cmocka_unit_test(test_topology),
        cmocka_unit_test(test_amd_topology_extension),
        cmocka_unit_test(test_exit_answers_as_the_leaf),
        cmocka_unit_test(test_cr4_shows),
        cmocka_unit_test(test_traits),
        cmocka_unit_test(test_apic_off),
        cmocka_unit_test(test_hypervisor_leaves),
        cmocka_unit_test(test_frequency),
        cmocka_unit_test(test_xsave_sizes),
        cmocka_unit_test(test_control_registers_agree),
        cmocka_unit_test(test_no_host_breaks_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

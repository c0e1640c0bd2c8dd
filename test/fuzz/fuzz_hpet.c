/* SPDX-License-Identifier: MIT */
/* Sequences of accesses and time against the HPET. Input: {operation, register, value, shift}. */
#include "drivers/emu/hpet.h"
#include "test/unit/fake_host.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_trap();                                                                      \
    } while (0)

static const u16 registers[] = {0x000, 0x010, 0x020, 0x0f0, 0x100, 0x108, 0x120, 0x128,
                                0x140, 0x148, 0x160, 0x3f8, 0x110, 0x010, 0x100, 0x108};

static struct fake_host fake;
static struct hpet hpet;

/* Whatever the guest sets, no line rises more than once in 50 µs by an edge. */
static u64 last_edge[HPET_TIMERS];

static void check_timer(unsigned n)
{
    const struct hpet_timer *t = &hpet.timer[n];
    bool legacy = hpet_replaces_legacy(&hpet) && n < 2;

    CHECK(legacy ? t->line == n * 8 : HPET_PINS >> t->line & 1);
    if (t->config & T_LEVEL)
        CHECK(t->level == (hpet.config & 1 && t->config & T_INTERRUPT && hpet.status >> n & 1));
    else
        CHECK(!(hpet.status >> n & 1));
    CHECK(t->match > (u64)((unsigned __int128)fake.now * HPET_HZ / 1000000000));
    if (t->config & T_32BIT)
        CHECK(!(t->comparator >> 32));
    if (t->told != last_edge[n])
        CHECK(t->told >= last_edge[n] + 50000);
    last_edge[n] = t->told;
}

static void check(void)
{
    CHECK(hpet.dev.deadline > fake.now);
    if (!(hpet.config & 1))
        CHECK(hpet.dev.deadline == DEV_NEVER);
    for (unsigned n = 0; n < HPET_TIMERS; n++)
        check_timer(n);
}

static void step(const u8 *data)
{
    unsigned bytes = data[0] & 1 ? 8 : 4;
    u64 offset = registers[data[1] % array_size(registers)];
    u64 value = (u64)data[2] << data[3] % 64;

    if (bytes == 4) {
        offset += data[0] & 2 ? 4 : 0;
        value &= 0xffffffff;
    }
    if (data[0] < 128)
        hpet.dev.ops->write(&hpet.dev, offset, bytes, value);
    else if (data[0] < 176)
        CHECK(bytes == 8 || !(hpet.dev.ops->read(&hpet.dev, offset, bytes) >> 32));
    else if (fake.now < 1ull << 62)
        fake.now += value % (1ull << 60);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    char text[256];

    fake_init(&fake);
    hpet_init(&hpet, &fake.host);
    for (unsigned n = 0; n < HPET_TIMERS; n++)
        last_edge[n] = 0;
    for (; size >= 4; data += 4, size -= 4) {
        step(data);
        if (hpet.dev.deadline <= fake.now)
            hpet.dev.ops->expire(&hpet.dev, fake.now);
        hpet.dev.ops->read(&hpet.dev, 0, 8); /* brings it up to date */
        check();
    }
    hpet.dev.ops->dump(&hpet.dev, text, sizeof text);
    return 0;
}

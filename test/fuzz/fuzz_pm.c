/* SPDX-License-Identifier: MIT */
/* Sequences of accesses, events and time against ACPI's registers. Input: {operation, value} pairs.
 */
#include "drivers/emu/pm.h"
#include "test/unit/fake_host.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_trap();                                                                      \
    } while (0)

static struct fake_host fake;
static struct pm pm;

static void check(void)
{
    CHECK(pm.line == fake.line[9] && pm.line == ((pm.status & pm.enable) != 0));
    CHECK(!((pm.status | pm.enable) & ~0x721));
    CHECK(pm.dev.deadline > fake.now);
    if (!(pm.enable & 1) || pm.line)
        CHECK(pm.dev.deadline == DEV_NEVER);
    CHECK(!fake.stops || fake.reason == DEV_STOP_POWER_OFF);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    char text[256];

    fake_init(&fake);
    pm_init(&pm, &fake.host, 9, size % 2 ? 24 : 32, 5);
    for (; size >= 2; data += 2, size -= 2) {
        unsigned bytes = 1u << (data[0] >> 4) % 3;
        u64 offset = (u64)(data[0] % 12u) / bytes * bytes, value = data[1] * 0x01010101ull;
        value &= ~0ull >> (64 - 8 * bytes);
        if (data[0] < 96)
            pm.dev.ops->write(&pm.dev, offset, bytes, value);
        else if (data[0] < 192)
            CHECK(!(pm.dev.ops->read(&pm.dev, offset, bytes) >> 8 * bytes));
        else if (data[0] < 208)
            pm_raise(&pm, data[1] % 2 ? PM_POWER_BUTTON : PM_RTC);
        else if (fake.now < 1ull << 62)
            fake.now += 1ull << data[1] % 60;
        if (pm.dev.deadline <= fake.now)
            pm.dev.ops->expire(&pm.dev, fake.now);
        check();
    }
    pm.dev.ops->dump(&pm.dev, text, sizeof text);
    return 0;
}

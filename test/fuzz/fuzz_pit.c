/* SPDX-License-Identifier: MIT */
/*
 * Sequences of accesses, gate changes and times against the whole timer, and against the ticking
 * model for counter 2 while the steps are short. Input: records of {operation, value, time}.
 */
#include "drivers/emu/pit.h"
#include "test/unit/fake_host.h"
#include "test/unit/i8254_model.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_trap();                                                                      \
    } while (0)

static struct fake_host fake;
static struct pit pit;
static struct model model;
static bool compared;
static u64 model_tick;

static void wait_ticks(u64 ticks)
{
    u64 until = pit_ns(pit_ticks(fake.now) + ticks);
    if (until >> 62)
        return;
    fake.now = until;
    if (pit.dev.deadline <= fake.now) {
        unsigned before = fake.rises[0];
        pit.dev.ops->expire(&pit.dev, fake.now);
        CHECK(fake.rises[0] - before <= 1);
    }
    CHECK(pit.dev.deadline > fake.now);
    CHECK(pit.owed <= PIT_HZ);
    if (ticks > 4096)
        compared = false;
    for (; compared && model_tick < pit_ticks(fake.now); model_tick++)
        model_clk(&model);
}

static void compare(void)
{
    bool window = model.load_next || model.trigger;
    if (!compared || window)
        return;
    bool out = dev_in(&pit.dev, PIT_PORT_B) & 0x20;
    CHECK(out == model.out);
    CHECK(pit.counter[2].rises == model.rises);
}

static void write(u64 offset, u8 value)
{
    dev_out(&pit.dev, offset, value);
    if (offset == 3 && value >> 6 == 2 && (value & 0x30)) {
        /* The model starts at a control word; counts of 0 and 1 are out of its league in 2, 3. */
        u64 rises = pit.counter[2].rises;
        model_control(&model, value);
        model.rises = rises;
        model_tick = pit_ticks(fake.now);
        compared = true;
    } else if (offset == 2) {
        model_write(&model, value);
        if (pit.counter[2].reload == 1 && (model.mode == 2 || model.mode == 3))
            compared = false;
    } else if (offset == PIT_PORT_B) {
        model_gate(&model, value & 1);
    }
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    char text[512];

    fake_init(&fake);
    pit_init(&pit, &fake.host, 0);
    model = (struct model){0};
    compared = false;
    for (; size >= 3; data += 3, size -= 3) {
        switch (data[0] % 8) {
        case 0:
        case 1:
            write(data[1] % 5, data[2]);
            break;
        case 2:
            CHECK(pit.dev.ops->read(&pit.dev, data[1] % 5, 1) <= 0xff);
            break;
        case 3:
            wait_ticks(1ull << data[1] % 56);
            break;
        case 4:
            write(PIT_PORT_B, data[1]);
            break;
        default:
            wait_ticks(data[1] % 64);
            break;
        }
        CHECK(pit.dev.deadline > fake.now);
        compare();
    }
    pit.dev.ops->dump(&pit.dev, text, sizeof text);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* Sequences of accesses against the keyboard controller and the reset ports. Input: {operation,
 * value} pairs. */
#include "drivers/emu/i8042.h"
#include "drivers/emu/reset.h"
#include "test/unit/fake_host.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_trap();                                                                      \
    } while (0)

static struct fake_host fake;
static struct i8042 kbc;
static struct reset reset;

static void check(void)
{
    bool full = kbc.status & 1;

    CHECK(kbc.line == fake.line[1] && kbc.line == (full && (kbc.ram[0] & 1)));
    CHECK((kbc.ram[0] & 0x22) == 0x20);
    CHECK(!(kbc.status & 0xa2));
    CHECK(kbc.dev.deadline == DEV_NEVER && reset.dev.deadline == DEV_NEVER);
    CHECK(!fake.stops || fake.reason == DEV_STOP_RESET);
    CHECK(!(reset.control & 0xf1));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    char text[256];

    fake_init(&fake);
    i8042_init(&kbc, &fake.host, 1);
    reset_init(&reset, &fake.host);
    for (; size >= 2; data += 2, size -= 2) {
        switch (data[0] % 8) {
        case 0:
        case 1:
            dev_out(&kbc.dev, I8042_STATUS, data[1]);
            break;
        case 2:
            dev_out(&kbc.dev, I8042_DATA, data[1]);
            break;
        case 3:
            dev_in(&kbc.dev, I8042_STATUS);
            break;
        case 4:
            dev_in(&kbc.dev, I8042_DATA);
            break;
        case 5:
            dev_out(&reset.dev, RESET_CONTROL, data[1]);
            break;
        case 6:
            dev_out(&reset.dev, RESET_PORT_A, data[1]);
            break;
        case 7:
            CHECK(dev_in(&reset.dev, data[1] & 1) <= 0xff);
            break;
        }
        check();
    }
    kbc.dev.ops->dump(&kbc.dev, text, sizeof text);
    reset.dev.ops->dump(&reset.dev, text, sizeof text);
    return 0;
}

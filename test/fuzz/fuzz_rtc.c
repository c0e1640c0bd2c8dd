/* SPDX-License-Identifier: MIT */
/* Sequences of accesses and time against the clock. Input: {operation, value} pairs. */
#include "drivers/emu/rtc.h"
#include "test/unit/fake_host.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_trap();                                                                      \
    } while (0)

static struct fake_host fake;
static struct rtc rtc;

/* What a machine that is late sees at the deadline, on a copy: the line has risen. */
static void check_deadline(void)
{
    struct fake_host other = fake;
    struct rtc copy = rtc;

    if (rtc.dev.deadline == DEV_NEVER || rtc.dev.deadline >> 63)
        return;
    other.host.ctx = &other;
    copy.dev.host = &other.host;
    other.now = rtc.dev.deadline;
    copy.dev.ops->expire(&copy.dev, other.now);
    CHECK(other.line[8] && copy.dev.deadline == DEV_NEVER);
}

static void check(void)
{
    u8 asks = rtc.reg[RTC_B] & rtc.reg[RTC_C] & 0x70;

    CHECK(rtc.line == fake.line[8] && rtc.line == (asks != 0));
    CHECK(rtc.dev.deadline > fake.now);
    CHECK(rtc.index < RTC_BYTES && rtc.reg[RTC_D] == 0x80 && !(rtc.reg[RTC_C] & 0x8f));
    if (!(rtc.reg[RTC_B] & 0x70))
        CHECK(rtc.dev.deadline == DEV_NEVER);
    check_deadline();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    char text[256];

    fake_init(&fake);
    rtc_init(&rtc, &fake.host, 8, 1000000000);
    for (; size >= 2; data += 2, size -= 2) {
        unsigned op = data[0] % 64;
        dev_out(&rtc.dev, 0, (u8)op);
        if (data[0] < 96)
            dev_out(&rtc.dev, 1, data[1]);
        else if (data[0] < 192)
            CHECK(rtc.dev.ops->read(&rtc.dev, 1, 1) <= 0xff);
        else if (fake.now < 1ull << 62)
            fake.now += 1ull << data[1] % 60;
        if (rtc.dev.deadline <= fake.now)
            rtc.dev.ops->expire(&rtc.dev, fake.now);
        check();
    }
    rtc.dev.ops->dump(&rtc.dev, text, sizeof text);
    return 0;
}

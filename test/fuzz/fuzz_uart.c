/* SPDX-License-Identifier: MIT */
/* Sequences of accesses, input and time against the serial port. Input: {operation, value} pairs.
 */
#include "drivers/emu/uart.h"
#include "test/unit/fake_host.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            __builtin_trap();                                                                      \
    } while (0)

static struct fake_host fake;
static struct uart uart;

static void feed_back(struct fake_host *host)
{
    u8 bytes[UART_FIFO] = "0123456789abcdef";
    if (host->rooms % 3)
        uart_receive(&uart, bytes, uart_room(&uart));
}

static void receive(u8 value)
{
    u8 bytes[20] = {value};
    bool overrun = uart.rx.overrun, looped = uart.mcr & 0x10;
    size_t count = value % sizeof bytes;
    unsigned room = uart_room(&uart);

    uart_receive(&uart, bytes, count);
    CHECK(uart.rx.overrun == (overrun || (!looped && count > room)));
}

/* The line is what a driver would find out by reading, on a copy, since reading changes things. */
static void check(void)
{
    struct fake_host other = fake;
    struct uart copy = uart;

    other.host.ctx = &other;
    other.on_room = NULL;
    copy.dev.host = &other.host;
    u8 iir = dev_in(&copy.dev, 2);
    CHECK(uart.line == fake.line[4]);
    CHECK(uart.line == (!(iir & 1) && (uart.mcr & 0x18) == 0x08));
    CHECK(iir >> 6 == (uart.rx.fifo_on ? 3 : 0));
    u8 lsr = dev_in(&copy.dev, 5);
    CHECK((lsr & 1) == (uart.rx.count > 0) && (lsr & 0x60) == 0x60);
    CHECK(uart.rx.count <= (uart.rx.fifo_on ? 16 : 1));
    CHECK(uart.rx.head < UART_FIFO);
    CHECK(uart.dev.deadline > fake.now);
    /* Nobody waits for ever: what is there is asked for, or will be. */
    if (uart.rx.count && (uart.ier & 1))
        CHECK(!(iir & 1) || uart.dev.deadline != DEV_NEVER);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    char text[256];

    fake_init(&fake);
    uart_init(&uart, &fake.host, 4, 0);
    fake.on_room = feed_back;
    for (; size >= 2; data += 2, size -= 2) {
        unsigned op = data[0] % 24;
        if (op < 8)
            dev_out(&uart.dev, op, data[1]);
        else if (op < 16)
            CHECK(uart.dev.ops->read(&uart.dev, op - 8, 1) <= 0xff);
        else if (op < 18)
            uart_break(&uart);
        else if (op < 21)
            receive(data[1]);
        else
            fake.now += 1ull << data[1] % 40;
        if (uart.dev.deadline <= fake.now)
            uart.dev.ops->expire(&uart.dev, fake.now);
        check();
    }
    uart.dev.ops->dump(&uart.dev, text, sizeof text);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Where both entries meet: the machine set up, the guest's body, its verdict.
 */
#include "lib/fmt.h"
#include "guests/tiny/rt/tiny.h"

#define UART  0x3f8
#define SPINS 200000 /* a bounded wait: a dead UART loses text, it hangs nothing */

void rt_main(void);
void rt_low_copy(void);

static unsigned failures;

static void uart_wait(u8 bit)
{
    for (unsigned i = 0; i < SPINS && !(inb(UART + 5) & bit); i++)
        pause();
}

static void uart_put(char c)
{
    uart_wait(0x20);
    outb(UART, (u8)c);
}

static void uart_init(void)
{
    outb(UART + 1, 0);
    outb(UART + 3, 0x80);
    outb(UART, 1); /* 115200 */
    outb(UART + 1, 0);
    outb(UART + 3, 3);
    outb(UART + 2, 7);
    outb(UART + 4, 3);
}

void rt_devices(void)
{
    pic_init();
    pit_set(0, 0, 0); /* a firmware's periodic tick ends here */
    uart_init();
}

static void print_va(const char *format, va_list args)
{
    char text[256];
    u8 mcr = inb(UART + 4);

    fmt_va(text, sizeof(text), format, args);
    if (mcr & 0x10) { /* a guest says what fails in loopback */
        uart_wait(0x40);
        outb(UART + 4, mcr & 0x0f);
    }
    for (const char *s = text; *s; s++) {
        if (*s == '\n')
            uart_put('\r');
        uart_put(*s);
    }
    if (mcr & 0x10) {
        uart_wait(0x40);
        outb(UART + 4, mcr);
    }
}

void print(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_va(format, args);
    va_end(args);
}

bool tiny_check(bool good, const char *file, int line, const char *format, ...)
{
    if (good)
        return true;
    if (failures++ >= 20)
        return false;
    va_list args;
    va_start(args, format);
    print("FAIL %s:%d ", file, line);
    print_va(format, args);
    print("\n");
    va_end(args);
    return false;
}

static no_return void finish(u8 status)
{
    uart_wait(0x40); /* the last byte has left: a power-off must not cut it */
    outb(0xf4, status);
    for (;;)
        __asm__ volatile("cli; hlt");
}

void done(void)
{
    irq_disable();
    rt_parts_end();
    if (failures)
        print("FAILED %s %u\n", tiny_name, failures);
    else
        print("ok %s\n", tiny_name);
    finish(failures != 0);
}

void skip(const char *reason)
{
    irq_disable();
    if (failures)
        done();
    print("skipped %s: %s\n", tiny_name, reason);
    finish(0);
}

void rt_main(void)
{
    const u32 csr = 0x1f80;

    descriptors_load();
    __asm__ volatile("fninit; ldmxcsr %0" ::"m"(csr)); /* a reset unmasks x87's exceptions */
    rt_cmdline_copy();
    rt_devices();
    rt_low_copy();
    tiny_main();
    done();
}

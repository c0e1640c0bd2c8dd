/* SPDX-License-Identifier: MIT */
#include "drivers/emu/uart.h"

#include "drivers/emu/uart_regs.h"
#include "lib/bits.h"
#include "lib/fmt.h"
#include "lib/string.h"

#define CLOCK_HZ 1843200ull

static struct uart *uart_of(struct device *dev)
{
    return container_of(dev, struct uart, dev);
}

static bool looped(const struct uart *uart)
{
    return uart->mcr & MCR_LOOP;
}

/* The foremost interrupt, in the data sheet's order. */
static u8 identify(const struct uart *uart)
{
    if ((uart->ier & IER_LINE) && (uart->rx.overrun || uart->rx.break_seen))
        return IIR_LINE;
    if ((uart->ier & IER_RECEIVE) && uart_rx_asks(&uart->rx))
        return IIR_RECEIVE;
    if ((uart->ier & IER_RECEIVE) && uart->rx.timeout)
        return IIR_TIMEOUT;
    if ((uart->ier & IER_TRANSMIT) && uart->thr_empty)
        return IIR_TRANSMIT;
    if ((uart->ier & IER_MODEM) && uart->msr)
        return IIR_MODEM;
    return IIR_NONE;
}

/* In loopback the OUT2 pin is inactive, whatever the MCR says. */
static void settle(struct uart *uart)
{
    bool wired = (uart->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;
    bool level = wired && identify(uart) != IIR_NONE;

    if (level == uart->line)
        return;
    uart->line = level;
    dev_line(&uart->dev, uart->irq, level);
}

/* Four characters' time without one coming or going; half a stop bit is counted as a whole one. */
static u64 timeout_ns(const struct uart *uart)
{
    u64 bits = 7u + (uart->lcr & LCR_WORD) + !!(uart->lcr & LCR_STOP) + !!(uart->lcr & LCR_PARITY);
    u64 divisor = uart->divisor ? uart->divisor : 1;

    return 4 * bits * 16 * divisor * 1000000000ull / CLOCK_HZ;
}

static void restart_timeout(struct uart *uart)
{
    const struct uart_rx *rx = &uart->rx;
    bool waits = rx->fifo_on && rx->count && !rx->timeout && !uart_rx_asks(rx);
    bool runs = waits && (uart->ier & IER_RECEIVE);

    dev_set_deadline(&uart->dev, runs ? dev_now(&uart->dev) + timeout_ns(uart) : DEV_NEVER);
}

static void uart_expire(struct device *dev, u64 now)
{
    struct uart *uart = uart_of(dev);

    if (now < dev->deadline)
        return;
    uart->rx.timeout = true;
    dev_set_deadline(dev, DEV_NEVER);
    settle(uart);
}

unsigned uart_room(const struct uart *uart)
{
    return looped(uart) ? 0 : uart_rx_room(&uart->rx);
}

void uart_receive(struct uart *uart, const u8 *bytes, size_t count)
{
    if (looped(uart) || !count)
        return;
    for (size_t i = 0; i < count; i++)
        uart_rx_put(&uart->rx, bytes[i], false);
    restart_timeout(uart);
    settle(uart);
}

void uart_break(struct uart *uart)
{
    if (looped(uart))
        return;
    uart_rx_put(&uart->rx, 0, true);
    restart_timeout(uart);
    settle(uart);
}

/* Tells the host, which may call uart_receive at once: so it comes last in an access. */
static void tell_room(struct uart *uart)
{
    if (!looped(uart))
        uart->dev.host->room(uart->dev.host->ctx, uart->stream);
}

static u8 read_data(struct uart *uart)
{
    bool had = uart->rx.count;
    u8 byte = uart_rx_take(&uart->rx);

    restart_timeout(uart);
    settle(uart);
    if (had && !uart->rx.count)
        tell_room(uart);
    return byte;
}

/* THR is full, and empty again: the interrupt falls and rises, if it is enabled. */
static void write_data(struct uart *uart, u8 byte)
{
    uart->thr_empty = false;
    if (uart->line)
        settle(uart);
    if (looped(uart)) {
        uart_rx_put(&uart->rx, byte, false);
        restart_timeout(uart);
    } else {
        uart->dev.host->output(uart->dev.host->ctx, uart->stream, byte);
    }
    uart->thr_empty = true;
    if (uart->ier)
        settle(uart);
}

static u8 modem_lines(const struct uart *uart)
{
    /* Outside, a terminal that is always ready; no ring. */
    if (!looped(uart))
        return MSR_CTS | MSR_DSR | MSR_CARRIER;
    return (u8)((uart->mcr & MCR_RTS ? MSR_CTS : 0) | (uart->mcr & MCR_DTR ? MSR_DSR : 0) |
                (uart->mcr & MCR_OUT1 ? MSR_RING : 0) | (uart->mcr & MCR_OUT2 ? MSR_CARRIER : 0));
}

static void write_mcr(struct uart *uart, u8 value)
{
    bool was_looped = looped(uart);

    uart->mcr = value & 0x1f;
    u8 lines = modem_lines(uart);
    u8 changed = uart->lines ^ lines;
    /* Bits 7:4 fall on their changes in 3:0, but of ring only the end counts. */
    uart->msr |= (u8)((changed & ~MSR_RING) >> 4);
    if (changed & uart->lines & MSR_RING)
        uart->msr |= MSR_RING_ENDED;
    uart->lines = lines;
    settle(uart);
    if (was_looped)
        tell_room(uart);
}

static void write_ier(struct uart *uart, u8 value)
{
    u8 set = value & (u8)~uart->ier;

    uart->ier = value & 0x0f;
    if (set & IER_TRANSMIT)
        uart->thr_empty = true; /* it is, and enabling asks anew */
    if (set & IER_RECEIVE)
        restart_timeout(uart);
    settle(uart);
}

/* Bit 0 makes the others count, and clears the FIFOs when it changes. */
static void write_fcr(struct uart *uart, u8 value)
{
    static const u8 trigger[4] = {1, 4, 8, 14};
    bool on = value & FCR_ENABLE;
    bool switches = on != uart->rx.fifo_on;
    bool clears = switches || (on && (value & FCR_RESET_RECEIVE));

    uart->rx.fifo_on = on;
    if (on)
        uart->rx.trigger = trigger[value >> 6];
    if (switches || (on && (value & FCR_RESET_TRANSMIT)))
        uart->thr_empty = true;
    if (clears)
        uart_rx_clear(&uart->rx);
    restart_timeout(uart);
    settle(uart);
    if (clears)
        tell_room(uart);
}

static u8 read_iir(struct uart *uart)
{
    u8 source = identify(uart);

    if (source == IIR_TRANSMIT) {
        uart->thr_empty = false;
        settle(uart);
    }
    return source | (uart->rx.fifo_on ? IIR_FIFO : 0);
}

static u8 read_lsr(struct uart *uart)
{
    u8 value = LSR_THR_EMPTY | LSR_IDLE;

    if (uart->rx.count)
        value |= LSR_READY;
    if (uart->rx.fifo_on && (uart->rx.breaks || uart->rx.break_seen))
        value |= LSR_FIFO_ERROR;
    if (!uart->rx.overrun && !uart->rx.break_seen)
        return value;
    value |= (u8)((uart->rx.overrun ? LSR_OVERRUN : 0) | (uart->rx.break_seen ? LSR_BREAK : 0));
    uart->rx.overrun = uart->rx.break_seen = false;
    settle(uart);
    return value;
}

static u8 read_msr(struct uart *uart)
{
    u8 value = uart->lines | uart->msr;

    uart->msr = 0;
    settle(uart);
    return value;
}

static u64 uart_read(struct device *dev, u64 offset, unsigned bytes)
{
    struct uart *uart = uart_of(dev);
    bool dlab = uart->lcr & LCR_DLAB;

    (void)bytes;
    switch (offset) {
    case DATA:
        return dlab ? (u8)uart->divisor : read_data(uart);
    case IER:
        return dlab ? uart->divisor >> 8 : uart->ier;
    case IIR_FCR:
        return read_iir(uart);
    case LCR:
        return uart->lcr;
    case MCR:
        return uart->mcr;
    case LSR:
        return read_lsr(uart);
    case MSR:
        return read_msr(uart);
    default:
        return uart->scr;
    }
}

static void uart_write(struct device *dev, u64 offset, unsigned bytes, u64 value)
{
    struct uart *uart = uart_of(dev);
    bool dlab = uart->lcr & LCR_DLAB;
    u8 byte = (u8)value;

    (void)bytes;
    switch (offset) {
    case DATA:
        if (dlab)
            uart->divisor = (u16)((uart->divisor & 0xff00) | byte);
        else
            write_data(uart, byte);
        break;
    case IER:
        if (dlab)
            uart->divisor = (u16)((uart->divisor & 0xff) | byte << 8);
        else
            write_ier(uart, byte);
        break;
    case IIR_FCR:
        write_fcr(uart, byte);
        break;
    case LCR:
        uart->lcr = byte;
        break;
    case MCR:
        write_mcr(uart, byte);
        break;
    case SCR:
        uart->scr = byte;
        break;
    default: /* LSR and MSR are for factory tests */
        break;
    }
}

static cold void uart_reset(struct device *dev)
{
    struct uart *uart = uart_of(dev);

    uart->ier = uart->lcr = uart->mcr = uart->scr = uart->msr = 0;
    uart->divisor = 1;
    uart->thr_empty = false;
    uart->lines = modem_lines(uart);
    uart->rx = (struct uart_rx){.trigger = 1};
    dev_set_deadline(dev, DEV_NEVER);
    settle(uart);
}

static cold size_t uart_dump(const struct device *dev, char *to, size_t size)
{
    const struct uart *u = container_of(dev, const struct uart, dev);

    return fmt_text(to, size,
                    "%s: ier %02x iir %02x lcr %02x mcr %02x msr %02x divisor %u, "
                    "%u bytes waiting, line %d",
                    dev->name, u->ier, identify(u), u->lcr, u->mcr, u->lines | u->msr, u->divisor,
                    u->rx.count, u->line);
}

static const struct device_ops ops = {
    .widths = DEV_WIDTH(1),
    .read = uart_read,
    .write = uart_write,
    .reset = uart_reset,
    .expire = uart_expire,
    .dump = uart_dump,
};

cold void uart_init(struct uart *uart, const struct dev_host *host, unsigned irq, unsigned stream)
{
    memset(uart, 0, sizeof *uart);
    uart->dev = (struct device){&ops, host, "uart", DEV_NEVER};
    uart->irq = irq;
    uart->stream = stream;
    uart_reset(&uart->dev);
}

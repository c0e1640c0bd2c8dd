/* SPDX-License-Identifier: MIT */
#include "drivers/host/serial.h"

#include "arch/x86/mmio.h"
#include "arch/x86/port.h"

/* PC16550D data sheet, section 8: the registers, and their bits as far as they matter here. */
#define RBR 0 /* read */
#define THR 0 /* write */
#define IER 1
#define IIR 2 /* read */
#define FCR 2 /* write */
#define LCR 3
#define MCR 4
#define LSR 5
#define MSR 6
#define SCR 7
#define DLL 0 /* while LCR.DLAB is set */
#define DLM 1

#define IER_RECEIVED  0x01
#define IIR_FIFO      0xc0 /* both bits: a FIFO that works (one alone: the 16550 without A) */
#define FCR_RESET     0x07 /* FIFO on, both sides emptied */
#define LCR_8N1       0x03
#define LCR_DLAB      0x80
#define MCR_DTR       0x01
#define MCR_RTS       0x02
#define MCR_OUT2      0x08
#define MCR_LOOP      0x10
#define LSR_DATA      0x01
#define LSR_THR_EMPTY 0x20
#define LSR_EMPTY     0x40 /* the shift register too */
#define MSR_LINES     0xf0
#define MSR_CTS       0x10
#define MSR_DSR       0x20
#define MSR_DCD       0x80
#define NOBODY        0xff

#define FIFO_SIZE   16
#define PROBE_POLLS 50000 /* a port read is about 1 us: time for a few dozen characters */
#define PROBE_BYTE  0xae

const u16 serial_com[4] = {0x3f8, 0x2f8, 0x3e8, 0x2e8};

static u8 reg_read(const struct serial *serial, unsigned reg)
{
    const struct serial_at *at = &serial->at;
    const volatile u8 *byte = (const volatile u8 *)at->regs + reg * at->stride;

    if (!at->regs)
        return port_read8((u16)(at->port + reg * at->stride));
    return at->width == 4 ? (u8)mmio_read32(byte) : mmio_read8(byte);
}

static void reg_write(const struct serial *serial, unsigned reg, unsigned value)
{
    const struct serial_at *at = &serial->at;
    volatile u8 *byte = (volatile u8 *)at->regs + reg * at->stride;

    if (!at->regs)
        port_write8((u16)(at->port + reg * at->stride), (u8)value);
    else if (at->width == 4)
        mmio_write32(byte, (u8)value);
    else
        mmio_write8(byte, (u8)value);
}

static bool wait_for(const struct serial *serial, u8 lsr_bits)
{
    for (unsigned polls = 0; polls < PROBE_POLLS; polls++)
        if ((reg_read(serial, LSR) & lsr_bits) == lsr_bits)
            return true;
    return false;
}

static u16 get_divisor(const struct serial *serial)
{
    u8 lcr = reg_read(serial, LCR);
    reg_write(serial, LCR, lcr | LCR_DLAB);
    u16 divisor = (u16)(reg_read(serial, DLM) << 8 | reg_read(serial, DLL));
    reg_write(serial, LCR, lcr);
    return divisor;
}

static void set_line(const struct serial *serial, u16 divisor)
{
    reg_write(serial, LCR, LCR_8N1 | LCR_DLAB);
    reg_write(serial, DLL, divisor & 0xff);
    reg_write(serial, DLM, divisor >> 8);
    reg_write(serial, LCR, LCR_8N1);
}

static u16 divisor_of(u32 clock, u32 baud)
{
    u64 divisor = ((u64)clock + baud / 2) / baud;
    return divisor < 1 ? 1 : divisor > 0xffff ? 0xffff : (u16)divisor;
}

static bool keeps(const struct serial *serial, u8 value)
{
    reg_write(serial, SCR, value);
    return reg_read(serial, SCR) == value;
}

/*
 * Loopback (data sheet 8.6.7): RTS and OUT2 come back as CTS and DCD, DTR and OUT1 stay off, and a
 * byte that is sent arrives, without a sound on the line.
 */
static bool answers_itself(const struct serial *serial)
{
    bool good;

    reg_write(serial, MCR, MCR_LOOP | MCR_RTS | MCR_OUT2);
    good = (reg_read(serial, MSR) & MSR_LINES) == (MSR_CTS | MSR_DCD);
    if (good) {
        reg_write(serial, THR, PROBE_BYTE);
        good = wait_for(serial, LSR_DATA) && reg_read(serial, RBR) == PROBE_BYTE;
    }
    reg_write(serial, MCR, MCR_DTR | MCR_RTS);
    return good;
}

static bool is_there(const struct serial *serial)
{
    return reg_read(serial, LSR) != NOBODY && keeps(serial, 0x55) && keeps(serial, 0xaa);
}

/* THR empty means that the whole FIFO is. */
static size_t sink_write(struct log_sink *sink, const char *text, size_t size)
{
    struct serial *serial = container_of(sink, struct serial, sink);
    size_t took = 0;

    if (!(reg_read(serial, LSR) & LSR_THR_EMPTY))
        return 0;
    for (unsigned room = serial->fifo; room && took < size; room--) {
        bool first = text[took] == '\n' && !serial->between_crlf;
        reg_write(serial, THR, first ? '\r' : (u8)text[took]);
        serial->between_crlf = first;
        took += !first;
    }
    return took;
}

static bool sink_idle(struct log_sink *sink)
{
    return reg_read(container_of(sink, struct serial, sink), LSR) & LSR_EMPTY;
}

bool serial_init(struct serial *serial, const char *name, const struct serial_at *at, u32 baud)
{
    *serial = (struct serial){
        .sink = {.name = name, .write = sink_write, .idle = sink_idle},
        .at = *at,
    };
    if (!serial->at.stride)
        serial->at.stride = 1;
    if (!serial->at.clock)
        serial->at.clock = SERIAL_CLOCK;
    if (!is_there(serial))
        return false;

    wait_for(serial, LSR_EMPTY); /* what firmware printed last may still be on its way */
    u16 divisor = baud ? divisor_of(serial->at.clock, baud) : get_divisor(serial);
    set_line(serial, 1); /* the probe at full speed: it takes one character's time */
    reg_write(serial, IER, 0);
    reg_write(serial, FCR, FCR_RESET);
    bool good = answers_itself(serial);
    set_line(serial, divisor ? divisor : 1);
    serial->fifo = (reg_read(serial, IIR) & IIR_FIFO) == IIR_FIFO ? FIFO_SIZE : 1;
    return good;
}

int serial_read(struct serial *serial)
{
    u8 lsr = reg_read(serial, LSR);
    if (lsr == NOBODY || !(lsr & LSR_DATA))
        return -1;
    serial->heard = true;
    return reg_read(serial, RBR);
}

/* A PC's UART reaches the interrupt line through OUT2. */
void serial_listen(struct serial *serial, bool on)
{
    reg_write(serial, IER, 0);
    reg_write(serial, MCR, MCR_DTR | MCR_RTS | (on ? MCR_OUT2 : 0));
    if (on)
        reg_write(serial, IER, IER_RECEIVED);
}

bool serial_listened(const struct serial *serial)
{
    return serial->heard || reg_read(serial, MSR) & (MSR_CTS | MSR_DSR | MSR_DCD);
}

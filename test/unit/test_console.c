/* SPDX-License-Identifier: MIT */
/*
 * The drivers that speak to ports, against a model machine: a UART after National's PC16550D data
 * sheet, a PCI bus behind 0xcf8, and VGA's CRT controller.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "test/unit/ports.h"

#include "drivers/host/keyboard.c"
#include "drivers/host/pci.c"
#include "drivers/host/serial.c"
#include "drivers/host/serial_pci.c"
#include "drivers/host/vgatext.c"

enum uart_kind { NONE, WITH_FIFO, NO_FIFO, BROKEN_FIFO, NO_LOOP, LOOP_LOSES, STUCK };

static struct {
    enum uart_kind kind;
    u16 port;
    u8 ier, lcr, mcr, scr, fcr, dll, dlm;
    u8 in[64], out[4096];
    unsigned in_count, out_count;
    unsigned fifo_used; /* not yet on the line */
    unsigned reads;
    bool overrun, alone;
} uart;

static u8 uart_msr(void)
{
    if (!(uart.mcr & 0x10) || uart.kind == NO_LOOP)
        return uart.alone ? 0 : 0xb0; /* somebody is connected: CTS, DSR, DCD */
    return (u8)((uart.mcr & 0x02) << 3 | (uart.mcr & 0x01) << 5 | (uart.mcr & 0x0c) << 4);
}

static u8 uart_pop(void)
{
    u8 byte = uart.in[0];
    if (uart.in_count)
        memmove(uart.in, uart.in + 1, --uart.in_count);
    return byte;
}

/* The line moves on by one byte each time the status is looked at. */
static u8 uart_lsr(void)
{
    u8 lsr = (u8)((uart.in_count ? 1 : 0) | (uart.fifo_used ? 0 : 0x60));
    if (uart.fifo_used && uart.kind != STUCK)
        uart.fifo_used--;
    return lsr;
}

static u8 uart_read(unsigned reg)
{
    bool dlab = uart.lcr & 0x80;
    uart.reads++;
    switch (reg) {
    case 0:
        return dlab ? uart.dll : uart_pop();
    case 1:
        return dlab ? uart.dlm : uart.ier;
    case 2:
        if (!(uart.fcr & 1) || uart.kind == NO_FIFO)
            return 0x01;
        return uart.kind == BROKEN_FIFO ? 0x81 : 0xc1;
    case 3:
        return uart.lcr;
    case 4:
        return uart.mcr;
    case 5:
        return uart_lsr();
    case 6:
        return uart_msr();
    default:
        return uart.scr;
    }
}

static void uart_send(u8 byte)
{
    unsigned room = uart.kind == WITH_FIFO && (uart.fcr & 1) ? 16 : 1;
    if (uart.mcr & 0x10) {
        if (uart.kind != LOOP_LOSES)
            uart.in[uart.in_count++] = byte;
        return;
    }
    uart.overrun |= uart.fifo_used >= room;
    uart.fifo_used++;
    uart.out[uart.out_count++] = byte;
}

static void uart_write(unsigned reg, u8 value)
{
    bool dlab = uart.lcr & 0x80;
    switch (reg) {
    case 0:
        if (dlab)
            uart.dll = value;
        else
            uart_send(value);
        break;
    case 1:
        *(dlab ? &uart.dlm : &uart.ier) = value;
        break;
    case 2:
        uart.fcr = value;
        if (value & 2)
            uart.in_count = 0;
        break;
    case 3:
        uart.lcr = value;
        break;
    case 4:
        uart.mcr = value & 0x1f;
        break;
    case 7:
        uart.scr = value;
        break;
    default:
        break;
    }
}

/* A machine's PCI functions, their first 64 bytes. */
struct function {
    u32 at;
    u32 config[16];
    bool for_all; /* answers for functions 1 to 7 too, as a careless single-function device does */
};

static struct function *functions;
static unsigned function_count, config_reads;
static bool pci_absent;
static u32 config_address;

static u32 *find_config(void)
{
    u32 at = config_address >> 8 & 0xffff;
    for (unsigned i = 0; i < function_count; i++)
        if (functions[i].at == (functions[i].for_all ? at & ~7u : at))
            return &functions[i].config[(config_address & 0xfc) / 4 % 16];
    return NULL;
}

static u32 model_pci_read(u16 port, unsigned bytes)
{
    if (port == 0xcf8 && bytes == 4 && !pci_absent)
        return config_address;
    u32 *config = config_address >> 31 && !pci_absent ? find_config() : NULL;
    config_reads++;
    if (port < 0xcfc || !config)
        return ~0u;
    u32 value = *config >> (port & 3) * 8;
    return bytes == 4 ? value : value & ((1u << bytes * 8) - 1);
}

static void model_pci_write(u16 port, unsigned bytes, u32 value)
{
    if (port == 0xcf8 && bytes == 4) {
        config_address = value;
    } else if (port >= 0xcfc && find_config()) {
        u32 mask = (bytes == 4 ? ~0u : (1u << bytes * 8) - 1) << (port & 3) * 8;
        u32 *config = find_config();
        *config = (*config & ~mask) | (value << (port & 3) * 8 & mask);
    }
}

static u8 crtc_index, crtc[256];

/* A keyboard controller: bytes that wait, each with whether it is the mouse's. */
static struct {
    bool there, endless;
    u8 byte[32];
    bool mouse[32];
    unsigned count, reads;
} keys;

static u8 keys_read(u16 port)
{
    keys.reads++;
    if (!keys.there)
        return 0xff;
    if (port == 0x64)
        return (u8)(0x14 | (keys.count || keys.endless ? 1 : 0) | (keys.mouse[0] ? 0x20 : 0));
    u8 byte = keys.byte[0];
    if (keys.count) {
        memmove(keys.byte, keys.byte + 1, sizeof keys.byte - 1);
        memmove(keys.mouse, keys.mouse + 1, sizeof keys.mouse - sizeof keys.mouse[0]);
        keys.count--;
    }
    return byte;
}

static u32 model_read(u16 port, unsigned bytes)
{
    if (port >= 0xcf8 && port <= 0xcff)
        return model_pci_read(port, bytes);
    if (uart.kind != NONE && port >= uart.port && port < uart.port + 8)
        return uart_read(port - uart.port);
    if (port == 0x60 || port == 0x64)
        return keys_read(port);
    return ~0u;
}

static void model_write(u16 port, unsigned bytes, u32 value)
{
    if (port >= 0xcf8 && port <= 0xcff)
        model_pci_write(port, bytes, value);
    else if (port == 0x3d4)
        crtc_index = (u8)value;
    else if (port == 0x3d5)
        crtc[crtc_index] = (u8)value;
    else if (uart.kind != NONE && port >= uart.port && port < uart.port + 8)
        uart_write(port - uart.port, (u8)value);
}

static struct serial serial;

static bool init_uart(enum uart_kind kind, u32 baud)
{
    struct serial_at at = {.port = serial_com[0]};
    memset(&uart, 0, sizeof uart);
    uart.kind = kind;
    uart.port = 0x3f8;
    uart.dll = 0x0c; /* firmware's 9600 */
    uart.ier = 0x0f;
    uart.mcr = 0x0b;
    uart.fifo_used = kind == STUCK ? 1 : 7;
    uart.in[uart.in_count++] = 'x'; /* typed before we came */
    return serial_init(&serial, "com1", &at, baud);
}

static void test_probe_finds_a_uart(void **state)
{
    (void)state;
    assert_true(init_uart(WITH_FIFO, 115200));
    assert_int_equal(uart.dll | uart.dlm << 8, 1);
    assert_int_equal(uart.lcr, 0x03);
    assert_int_equal(uart.ier, 0);
    assert_int_equal(uart.mcr, 0x03); /* loopback is off again, DTR and RTS on */
    assert_int_equal(uart.fcr & 1, 1);
    assert_int_equal(uart.out_count, 0); /* nothing was sent */
    assert_int_equal(serial.fifo, 16);
    assert_int_equal(serial_read(&serial), -1);
    assert_true(init_uart(NO_FIFO, 9600));
    assert_int_equal(uart.dll | uart.dlm << 8, 12);
    assert_int_equal(serial.fifo, 1);
    assert_true(init_uart(BROKEN_FIFO, 300));
    assert_int_equal(uart.dll | uart.dlm << 8, 384);
    assert_int_equal(serial.fifo, 1);
}

static void test_speed_is_kept_or_sane(void **state)
{
    (void)state;
    assert_true(init_uart(WITH_FIFO, 0));
    assert_int_equal(uart.dll | uart.dlm << 8, 12);
    assert_true(init_uart(WITH_FIFO, 4000000));
    assert_int_equal(uart.dll | uart.dlm << 8, 1);
    assert_true(init_uart(WITH_FIFO, 1));
    assert_int_equal(uart.dll | uart.dlm << 8, 0xffff);
}

static void test_probe_refuses_what_is_none(void **state)
{
    (void)state;
    assert_false(init_uart(NONE, 115200));
    assert_false(init_uart(NO_LOOP, 115200));
    assert_false(init_uart(LOOP_LOSES, 115200));
    assert_true(uart.reads < 200000);
    struct serial_at nowhere = {.port = 0x2f8};
    assert_true(init_uart(WITH_FIFO, 0));
    uart.reads = 0;
    assert_false(serial_init(&serial, "com2", &nowhere, 0));
    assert_int_equal(uart.reads, 0);
}

/* Registers in memory that hold what was written are RAM, not a UART. */
static void test_memory_is_no_uart(void **state)
{
    (void)state;
    u8 ram[64] = {0};
    struct serial_at at = {.regs = ram, .stride = 4, .width = 4};
    assert_false(serial_init(&serial, "mmio", &at, 115200));
    memset(ram, 0xff, sizeof ram);
    assert_false(serial_init(&serial, "mmio", &at, 115200));
}

static void test_registers_in_memory_are_a_stride_apart(void **state)
{
    (void)state;
    u8 bytes[8] = {0};
    u32 words[8] = {0};
    struct serial narrow = {
        .at = {.regs = bytes, .stride = 1}
    };
    struct serial wide = {
        .at = {.regs = words, .stride = 4, .width = 4}
    };
    narrow.fifo = wide.fifo = 16;
    bytes[5] = 0x20;
    words[5] = 0x20;
    assert_int_equal(sink_write(&narrow.sink, "A", 1), 1);
    assert_int_equal(sink_write(&wide.sink, "B", 1), 1);
    assert_int_equal(bytes[0], 'A');
    assert_int_equal(words[0], 'B');
    words[0] = 0xffffff43; /* what stands above the byte is not ours */
    words[5] = 0x01;
    assert_int_equal(serial_read(&wide), 'C');
}

static void print(const char *text)
{
    size_t size = strlen(text), took = 0;
    for (unsigned calls = 0; took < size; calls++) {
        assert_true(calls < 1000);
        took += serial.sink.write(&serial.sink, text + took, size - took);
    }
    while (!serial.sink.idle(&serial.sink))
        ;
    assert_int_equal(uart.fifo_used, 0);
}

static void check_output(enum uart_kind kind)
{
    assert_true(init_uart(kind, 115200));
    print("\none line of more than sixteen bytes\n\nend\n");
    print("0123456789abcde\n"); /* "\r" is the sixteenth */
    uart.out[uart.out_count] = 0;
    assert_string_equal(uart.out, "\r\none line of more than sixteen bytes\r\n\r\nend\r\n"
                                  "0123456789abcde\r\n");
    assert_false(uart.overrun);
}

static void test_output_never_overruns(void **state)
{
    (void)state;
    check_output(WITH_FIFO);
    check_output(NO_FIFO);
    check_output(BROKEN_FIFO);
}

static void test_busy_transmitter_takes_nothing(void **state)
{
    (void)state;
    assert_true(init_uart(STUCK, 115200));
    assert_int_equal(serial.sink.write(&serial.sink, "abc", 3), 0);
    assert_false(serial.sink.idle(&serial.sink));
    assert_int_equal(uart.out_count, 0);
    assert_true(init_uart(WITH_FIFO, 115200));
    assert_int_equal(serial.sink.write(&serial.sink, "0123456789abcdefgh", 18), 16);
    assert_int_equal(serial.sink.write(&serial.sink, "gh", 2), 0);
}

static void test_input(void **state)
{
    (void)state;
    assert_true(init_uart(WITH_FIFO, 115200));
    uart.in[uart.in_count++] = 'h';
    uart.in[uart.in_count++] = 0xff;
    assert_int_equal(serial_read(&serial), 'h');
    assert_int_equal(serial_read(&serial), 0xff);
    assert_int_equal(serial_read(&serial), -1);
    uart.kind = NONE; /* unplugged */
    assert_int_equal(serial_read(&serial), -1);
}

/* Somebody is there if a modem line is up or a byte has come; loopback's lines are our own. */
static void test_listened(void **state)
{
    (void)state;
    assert_true(init_uart(WITH_FIFO, 115200));
    assert_true(serial_listened(&serial));
    uart.alone = true;
    assert_false(serial_listened(&serial));
    uart.in[uart.in_count++] = 'k';
    assert_false(serial_listened(&serial));
    assert_int_equal(serial_read(&serial), 'k');
    assert_true(serial_listened(&serial));
    assert_true(init_uart(WITH_FIFO, 115200));
    uart.alone = true;
    assert_false(serial_listened(&serial));
}

static void use_keyboard(void)
{
    memset(&keys, 0, sizeof keys);
    keys.there = true;
    shift = caps = extended = false;
    skip = 0;
}

static void hit(u8 code)
{
    keys.byte[keys.count++] = code;
}

static int typed(u8 code)
{
    hit(code);
    int c = keyboard_read();
    assert_int_equal(keys.count, 0);
    return c;
}

/* The rows of a US keyboard, left to right, from the number of each row's first key. */
static void test_keyboard_types_what_the_keys_say(void **state)
{
    (void)state;
    static const struct {
        u8 first;
        const char *plain, *shifted;
    } rows[] = {
        {0x02, "1234567890-=", "!@#$%^&*()_+" },
        {0x10, "qwertyuiop[]", "QWERTYUIOP{}" },
        {0x1e, "asdfghjkl;'`", "ASDFGHJKL:\"~"},
        {0x2b, "\\zxcvbnm,./", "|ZXCVBNM<>?"  },
    };
    use_keyboard();
    for (unsigned r = 0; r < 4; r++) {
        for (u8 k = 0; rows[r].plain[k]; k++) {
            u8 code = (u8)(rows[r].first + k);
            bool letter = rows[r].plain[k] >= 'a' && rows[r].plain[k] <= 'z';
            assert_int_equal(typed(code), rows[r].plain[k]);
            assert_int_equal(typed(code | 0x80), -1);
            assert_int_equal(typed(k & 1 ? 0x2a : 0x36), -1);
            assert_int_equal(typed(code), rows[r].shifted[k]);
            assert_int_equal(typed(k & 1 ? 0xaa : 0xb6), -1);
            assert_int_equal(typed(0x3a), -1); /* caps lock */
            assert_int_equal(typed(code), letter ? rows[r].shifted[k] : rows[r].plain[k]);
            assert_int_equal(typed(0xba), -1);
            assert_int_equal(typed(0x3a), -1);
        }
    }
    assert_int_equal(typed(0x39), ' ');
    assert_int_equal(typed(0x1c), '\r');
    assert_int_equal(typed(0x0e), '\b');
    static const u8 silent[] = {0x00, 0x1d, 0x38, 0x3b, 0x45, 0x58, 0x7f, 0xfa, 0xff};
    for (unsigned i = 0; i < sizeof silent; i++)
        assert_int_equal(typed(silent[i]), -1);
}

static void test_keyboard_long_codes(void **state)
{
    static const u8 bytes[] = {0xe0, 0x2a, 0xe0, 0x48, 0xe0, 0xc8, 0xe0, 0xaa, /* cursor up */
                               0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5,             /* Pause */
                               0xe0, 0x1c, 0xe0, 0x9c, 0x1e};                  /* Enter, a */
    (void)state;
    use_keyboard();
    for (unsigned i = 0; i < sizeof bytes; i++)
        hit(bytes[i]);
    int c = keyboard_read();
    if (c < 0) /* it takes so many bytes a call */
        c = keyboard_read();
    assert_int_equal(c, '\r');
    assert_int_equal(keyboard_read(), 'a');
    assert_int_equal(keyboard_read(), -1);
}

/* Neither an absent controller, nor one that is always full, nor a mouse holds us or types. */
static void test_keyboard_never_waits(void **state)
{
    (void)state;
    use_keyboard();
    keys.there = false;
    assert_int_equal(keyboard_read(), -1);
    assert_int_equal(keys.reads, 1);
    use_keyboard();
    keys.endless = true;
    assert_int_equal(keyboard_read(), -1);
    assert_true(keys.reads < 100);
    use_keyboard();
    keys.mouse[0] = true;
    hit(0x1e);
    hit(0x1f);
    assert_int_equal(keyboard_read(), 's');
}

/* A host bridge, a single-function device that answers for all, a multifunction one, one far away.
 */
static struct function machine[] = {
    {PCI_FN(0,   0,  0), {0x12378086, 0, 0x06000002, 0},                      false},
    {PCI_FN(0,   1,  0), {0x70008086, 0, 0x06010000, 0x00800000},             false},
    {PCI_FN(0,   1,  3), {0x71138086, 0, 0x06800003, 0x00800000},             false},
    {PCI_FN(0,   2,  0), {0x11111234, 0, 0x03000002, 0},                      true },
    {PCI_FN(0,   4,  0), {0x12341234, 0, 0x07000200, 0, 0x00000001},          false}, /* BAR 0 unassigned */
    {PCI_FN(3,   5,  0), {0x00021b36, 0x02800000, 0x07000201, 0, 0x0000c041}, false},
    {PCI_FN(255, 31, 7), {0x99991234, 0, 0xff000000, 0},                      false}, /* no function 0: not there */
};

static void use_machine(struct function *of, unsigned count)
{
    functions = of;
    function_count = count;
    pci_absent = false;
    config_reads = 0;
}

static void test_walk_visits_each_function_once(void **state)
{
    (void)state;
    static const u32 expected[] = {PCI_FN(0, 0, 0), PCI_FN(0, 1, 0), PCI_FN(0, 1, 3),
                                   PCI_FN(0, 2, 0), PCI_FN(0, 4, 0), PCI_FN(3, 5, 0)};
    unsigned n = 0;
    use_machine(machine, array_size(machine));
    for (u32 f = pci_next(PCI_BEGIN); f != PCI_NONE; f = pci_next(f)) {
        assert_true(n < array_size(expected));
        assert_int_equal(f, expected[n++]);
    }
    assert_int_equal(n, array_size(expected));
    assert_true(config_reads < 8192 + 100);
}

static void test_walk_reaches_the_last_function(void **state)
{
    (void)state;
    static struct function last[] = {
        {PCI_FN(255, 31, 0), {0x12341234, 0, 0, 0x00800000}, false},
        {PCI_FN(255, 31, 7), {0x12341234, 0, 0, 0x00800000}, false},
    };
    use_machine(last, 2);
    assert_int_equal(pci_next(PCI_BEGIN), PCI_FN(255, 31, 0));
    assert_int_equal(pci_next(PCI_FN(255, 31, 0)), PCI_FN(255, 31, 7));
    assert_int_equal(pci_next(PCI_FN(255, 31, 7)), PCI_NONE);
}

static void test_no_pci_is_an_empty_walk(void **state)
{
    (void)state;
    use_machine(machine, array_size(machine));
    pci_absent = true;
    assert_int_equal(pci_next(PCI_BEGIN), PCI_NONE);
    assert_int_equal(config_reads, 1);
}

static void test_config_access_widths(void **state)
{
    (void)state;
    u32 f = PCI_FN(3, 5, 0);
    use_machine(machine, array_size(machine));
    assert_int_equal(pci_read32(f, 0), 0x00021b36);
    assert_int_equal(pci_read16(f, 2), 0x0002);
    assert_int_equal(pci_read8(f, 0x0b), 0x07);
    assert_int_equal(pci_read8(f, 0x0a), 0x00);
    assert_int_equal(pci_read8(f, 0x09), 0x02);
    pci_write8(f, 0x0d, 0x40);
    assert_int_equal(pci_read32(f, 0x0c), 0x00004000);
    pci_write16(f, 0x0e, 0x1234);
    assert_int_equal(pci_read32(f, 0x0c), 0x12344000);
    pci_write32(f, 0x0c, 0);
    assert_int_equal(pci_read32(f, 0x0c), 0);
    assert_int_equal(pci_read16(PCI_FN(9, 9, 1), 0), 0xffff);
}

static void test_serial_card_is_found_and_switched_on(void **state)
{
    (void)state;
    struct serial_at at;
    u64 address = 99;
    use_machine(machine, array_size(machine));
    assert_true(serial_find_pci(&at, &address));
    assert_int_equal(at.port, 0xc040);
    assert_int_equal(address, 0);
    assert_int_equal(pci_read16(PCI_FN(3, 5, 0), 4), 1);      /* I/O decoding */
    assert_int_equal(pci_read16(PCI_FN(3, 5, 0), 6), 0x0280); /* the status is left alone */
    static struct function in_memory[] = {
        {PCI_FN(0, 3, 0), {0x12341234, 0x00000004, 0x07008000, 0, 0xc0000000},       false},
        {PCI_FN(0, 4, 0), {0x12341234, 0x00000004, 0x07000200, 0, 0xfe00000c, 0x12}, false},
    };
    use_machine(in_memory, 2);
    assert_true(serial_find_pci(&at, &address));
    assert_int_equal(address, 0x12fe000000);
    assert_int_equal(pci_read16(PCI_FN(0, 3, 0), 4), 4); /* some other serial thing */
    assert_int_equal(pci_read16(PCI_FN(0, 4, 0), 4), 6);
    use_machine(machine, 4);
    assert_false(serial_find_pci(&at, &address));
}

static void test_vga_text(void **state)
{
    (void)state;
    static u16 cells[80 * 25 + 1];
    static struct vgatext vga;
    static u8 grid[2 * 80 * 25];
    const struct term_room room = {grid, sizeof grid};
    memset(cells, 0x5a, sizeof cells);
    crtc[0x0c] = 9;
    assert_null(vgatext_init(&vga, cells, 80, 25, room));
    assert_int_equal(crtc[0x0c], 0);
    for (unsigned i = 0; i < 80 * 25; i++)
        assert_int_equal(cells[i], 0x0720);
    for (unsigned i = 0; i < 30; i++)
        term_write(&vga.term, "scroll\n", 7);
    term_write(&vga.term, "ab\xc3\xa9", 4);
    assert_int_equal(cells[0], 0x0700 | 's');
    assert_int_equal(cells[23 * 80 + 5], 0x0700 | 'l');
    assert_int_equal(cells[24 * 80 + 0], 0x0700 | 'a');
    assert_int_equal(cells[24 * 80 + 1], 0x0700 | 'b');
    assert_int_equal(cells[24 * 80 + 2], 0x07fe);
    assert_int_equal(cells[24 * 80 + 3], 0x0720);
    assert_int_equal(crtc[0x0e] << 8 | crtc[0x0f], 24 * 80 + 3);
    assert_int_equal(cells[80 * 25], 0x5a5a);
    assert_non_null(vgatext_init(&vga, cells, 0, 25, room));
    assert_non_null(vgatext_init(&vga, cells, 80, 1000000, room));
    assert_non_null(vgatext_init(&vga, cells, 0x10000, 0x10000, room));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probe_finds_a_uart),
        cmocka_unit_test(test_speed_is_kept_or_sane),
        cmocka_unit_test(test_probe_refuses_what_is_none),
        cmocka_unit_test(test_memory_is_no_uart),
        cmocka_unit_test(test_registers_in_memory_are_a_stride_apart),
        cmocka_unit_test(test_output_never_overruns),
        cmocka_unit_test(test_busy_transmitter_takes_nothing),
        cmocka_unit_test(test_input),
        cmocka_unit_test(test_listened),
        cmocka_unit_test(test_keyboard_types_what_the_keys_say),
        cmocka_unit_test(test_keyboard_long_codes),
        cmocka_unit_test(test_keyboard_never_waits),
        cmocka_unit_test(test_walk_visits_each_function_once),
        cmocka_unit_test(test_walk_reaches_the_last_function),
        cmocka_unit_test(test_no_pci_is_an_empty_walk),
        cmocka_unit_test(test_config_access_widths),
        cmocka_unit_test(test_serial_card_is_found_and_switched_on),
        cmocka_unit_test(test_vga_text),
    };
    return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}

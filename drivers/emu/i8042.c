/* SPDX-License-Identifier: MIT */
#include "drivers/emu/i8042.h"

#include "lib/fmt.h"
#include "lib/string.h"

#define STATUS_FULL     0x01 /* the output buffer */
#define STATUS_SYSTEM   0x04 /* the self-test has passed */
#define STATUS_COMMAND  0x08 /* the last byte came by port 0x64 */
#define STATUS_UNLOCKED 0x10
#define STATUS_TIMEOUT  0x40

#define CONFIG_INTERRUPT 0x01
#define CONFIG_SYSTEM    0x04
#define CONFIG_NO_KBD    0x10 /* its clock is held */
#define CONFIG_NO_AUX    0x20
#define CONFIG_AUX       0x22 /* the second port's bits: held, without interrupt */
#define CONFIG_TRANSLATE 0x40
#define CONFIG_POWER_ON  (CONFIG_TRANSLATE | CONFIG_NO_AUX | CONFIG_SYSTEM)
#define OUTPUT_NO_RESET  0x01
#define OUTPUT_A20       0x02
#define INPUT_PORT       0xb0 /* no keyboard lock, no manufacturing jumper, 512K: as AT clones say */
#define SELF_TEST_PASSED 0x55
#define PORT_PASSED      0x00
#define PORT_CLOCK_LOW   0x01
#define RESEND           0xfe

enum command {
    READ_RAM = 0x20,  /* to 0x3f */
    WRITE_RAM = 0x60, /* to 0x7f */
    AUX_OFF = 0xa7,
    AUX_ON = 0xa8,
    AUX_TEST = 0xa9,
    SELF_TEST = 0xaa,
    KBD_TEST = 0xab,
    KBD_OFF = 0xad,
    KBD_ON = 0xae,
    READ_INPUT = 0xc0,
    READ_OUTPUT = 0xd0,
    WRITE_OUTPUT = 0xd1,
    AS_KBD = 0xd2,
    AS_AUX = 0xd3,
    TO_AUX = 0xd4,
    A20_OFF = 0xdd,
    A20_ON = 0xdf,
    READ_TEST = 0xe0,
    PULSE = 0xf0, /* to 0xff: zeros in bits 3:0 */
};

static struct i8042 *i8042_of(struct device *dev)
{
    return container_of(dev, struct i8042, dev);
}

static void settle(struct i8042 *kbc)
{
    bool level = (kbc->status & STATUS_FULL) && (kbc->ram[0] & CONFIG_INTERRUPT);

    if (level == kbc->line)
        return;
    kbc->line = level;
    dev_line(&kbc->dev, kbc->irq, level);
}

/* Into the output buffer. A new byte is a new interrupt, also if the old one was not read. */
static void answer(struct i8042 *kbc, u8 byte, u8 flags)
{
    kbc->status &= (u8) ~(STATUS_FULL | STATUS_TIMEOUT);
    settle(kbc);
    kbc->output = byte;
    kbc->status |= STATUS_FULL | flags;
    settle(kbc);
}

static void write_output(struct i8042 *kbc, u8 value)
{
    kbc->output_port = value;
    if (!(value & OUTPUT_NO_RESET))
        kbc->dev.host->stop(kbc->dev.host->ctx, DEV_STOP_RESET, 0);
}

/* The second port stays off, which is how guests find out that there is none. */
static void write_ram(struct i8042 *kbc, unsigned at, u8 value)
{
    kbc->ram[at] = at ? value : (u8)((value & ~CONFIG_AUX) | CONFIG_NO_AUX);
    if (at == 0) {
        kbc->status = (u8)((kbc->status & ~STATUS_SYSTEM) | (value & CONFIG_SYSTEM));
        settle(kbc);
    }
}

static void self_test(struct i8042 *kbc)
{
    kbc->status |= STATUS_SYSTEM;
    kbc->ram[0] |= CONFIG_SYSTEM;
    answer(kbc, SELF_TEST_PASSED, 0);
}

static void fixed_command(struct i8042 *kbc, u8 command)
{
    switch (command) {
    case AUX_TEST:
        answer(kbc, PORT_CLOCK_LOW, 0);
        break;
    case SELF_TEST:
        self_test(kbc);
        break;
    case KBD_TEST:
        answer(kbc, PORT_PASSED, 0);
        break;
    case KBD_OFF:
        write_ram(kbc, 0, kbc->ram[0] | CONFIG_NO_KBD);
        break;
    case KBD_ON:
        write_ram(kbc, 0, kbc->ram[0] & ~CONFIG_NO_KBD & 0xff);
        break;
    case READ_INPUT:
        answer(kbc, INPUT_PORT, 0);
        break;
    case READ_OUTPUT:
        answer(kbc, kbc->output_port, 0);
        break;
    case A20_OFF:
        kbc->output_port &= ~OUTPUT_A20 & 0xff;
        break;
    case A20_ON:
        kbc->output_port |= OUTPUT_A20;
        break;
    case READ_TEST:
        answer(kbc, 0, 0);
        break;
    case WRITE_OUTPUT:
    case AS_KBD:
    case AS_AUX:
    case TO_AUX:
        kbc->command = command;
        break;
    default:
        break; /* AUX_ON and AUX_OFF, too: what is not there cannot be switched */
    }
}

static void write_command(struct i8042 *kbc, u8 command)
{
    kbc->status |= STATUS_COMMAND;
    kbc->command = 0;
    if ((command & 0xe0) == READ_RAM)
        answer(kbc, kbc->ram[command & 0x1f], 0);
    else if ((command & 0xe0) == WRITE_RAM)
        kbc->command = command;
    else if (command < PULSE)
        fixed_command(kbc, command);
    else if (!(command & OUTPUT_NO_RESET))
        kbc->dev.host->stop(kbc->dev.host->ctx, DEV_STOP_RESET, 0);
}

static void write_data(struct i8042 *kbc, u8 value)
{
    u8 command = kbc->command;

    kbc->status &= ~STATUS_COMMAND & 0xff;
    kbc->command = 0;
    if ((command & 0xe0) == WRITE_RAM)
        write_ram(kbc, command & 0x1f, value);
    else if (command == WRITE_OUTPUT)
        write_output(kbc, value);
    else if (command == AS_KBD || command == AS_AUX)
        answer(kbc, value, 0);
    else
        answer(kbc, RESEND, STATUS_TIMEOUT);
}

static void i8042_write(struct device *dev, u64 offset, unsigned bytes, u64 value)
{
    (void)bytes;
    if (offset == I8042_STATUS)
        write_command(i8042_of(dev), (u8)value);
    else
        write_data(i8042_of(dev), (u8)value);
}

static u64 i8042_read(struct device *dev, u64 offset, unsigned bytes)
{
    struct i8042 *kbc = i8042_of(dev);

    (void)bytes;
    if (offset == I8042_STATUS)
        return kbc->status | STATUS_UNLOCKED;
    kbc->status &= (u8) ~(STATUS_FULL | STATUS_TIMEOUT);
    settle(kbc);
    return kbc->output;
}

static void i8042_reset(struct device *dev)
{
    struct i8042 *kbc = i8042_of(dev);

    memset(kbc->ram, 0, sizeof kbc->ram);
    kbc->ram[0] = CONFIG_POWER_ON;
    kbc->status = STATUS_SYSTEM;
    kbc->output = kbc->command = 0;
    kbc->output_port = 0xcc | OUTPUT_A20 | OUTPUT_NO_RESET;
    settle(kbc);
}

static size_t i8042_dump(const struct device *dev, char *to, size_t size)
{
    const struct i8042 *kbc = container_of(dev, const struct i8042, dev);

    return fmt_text(to, size, "%s: status %02x config %02x output %02x port %02x command %02x",
                    dev->name, kbc->status | STATUS_UNLOCKED, kbc->ram[0], kbc->output,
                    kbc->output_port, kbc->command);
}

static const struct device_ops ops = {
    .widths = DEV_WIDTH(1),
    .read = i8042_read,
    .write = i8042_write,
    .reset = i8042_reset,
    .dump = i8042_dump,
};

void i8042_init(struct i8042 *kbc, const struct dev_host *host, unsigned irq)
{
    memset(kbc, 0, sizeof *kbc);
    kbc->dev = (struct device){&ops, host, "i8042", DEV_NEVER};
    kbc->irq = irq;
    i8042_reset(&kbc->dev);
}

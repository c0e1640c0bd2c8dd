/* SPDX-License-Identifier: MIT */
#include "drivers/host/keyboard.h"

#include "arch/x86/port.h"

/* 8042: the status, its bits, and the data. */
#define STATUS       0x64
#define STATUS_FULL  0x01
#define STATUS_MOUSE 0x20 /* the byte is the second port's */
#define DATA         0x60
#define STATUS_BUSY  0x02 /* it has not taken the last byte yet */
#define COMMAND      STATUS
#define READ_CONFIG  0x20
#define WRITE_CONFIG 0x60
#define CONFIG_IRQ   0x01
#define NOBODY       0xff
#define POLLS        10000
#define BYTES_MAX    16 /* a call: a controller that is always full is none */

/* Scan code set 1: a key's number, with RELEASED when it goes up; EXTENDED comes before keys that
 * the first PC had not. */
#define RELEASED    0x80
#define EXTENDED    0xe0
#define EXTENDED_2  0xe1 /* Pause: two bytes follow */
#define LEFT_SHIFT  0x2a
#define RIGHT_SHIFT 0x36
#define CAPS_LOCK   0x3a
#define KEY_ENTER   0x1c
#define KEY_SLASH   0x35

/* By number from 0; a blank is a key without a character (but for the space bar). */
static const char plain[] = " \0331234567890-=\b\tqwertyuiop[]\r asdfghjkl;'` \\zxcvbnm,./ *  ";
static const char shifted[] = " \033!@#$%^&*()_+\b\tQWERTYUIOP{}\r ASDFGHJKL:\"~ |ZXCVBNM<>? *  ";
#define SPACE_BAR 0x39

static bool shift, caps;
static unsigned skip; /* bytes of a longer code still to come */
static bool extended;

static int character(u8 key)
{
    if (key == SPACE_BAR)
        return ' ';
    if (key >= sizeof plain - 1 || plain[key] == ' ')
        return -1;
    bool letter = plain[key] >= 'a' && plain[key] <= 'z';
    return (letter ? shift != caps : shift) ? shifted[key] : plain[key];
}

/* Of the keys behind EXTENDED only the number pad's Enter and slash type something; the fake shifts
 * around the others are none. */
static int take_extended(u8 code)
{
    extended = false;
    return code == KEY_ENTER ? '\r' : code == KEY_SLASH ? '/' : -1;
}

static int take(u8 code)
{
    u8 key = code & (u8)~RELEASED;

    if (skip) {
        skip--;
        return -1;
    }
    if (code == EXTENDED || code == EXTENDED_2) {
        extended = code == EXTENDED;
        skip = code == EXTENDED_2 ? 2 : 0;
        return -1;
    }
    if (extended)
        return take_extended(code);
    if (key == LEFT_SHIFT || key == RIGHT_SHIFT)
        shift = !(code & RELEASED);
    else if (code == CAPS_LOCK)
        caps = !caps;
    else if (!(code & RELEASED))
        return character(key);
    return -1;
}

int keyboard_read(void)
{
    for (unsigned n = 0; n < BYTES_MAX; n++) {
        u8 status = port_read8(STATUS);
        if (status == NOBODY || !(status & STATUS_FULL))
            return -1;
        u8 code = port_read8(DATA);
        int c = status & STATUS_MOUSE ? -1 : take(code);
        if (c >= 0)
            return c;
    }
    return -1;
}

static bool wait_status(u8 mask, u8 value)
{
    for (unsigned n = 0; n < POLLS; n++) {
        u8 status = port_read8(STATUS);
        if (status == NOBODY)
            return false;
        if ((status & mask) == value)
            return true;
    }
    return false;
}

static bool send(u16 port, u8 byte)
{
    if (!wait_status(STATUS_BUSY, 0))
        return false;
    port_write8(port, byte);
    return true;
}

/* A key that is hit while the answer is awaited would be taken for it: so what waits is read
 * first. */
void keyboard_listen(bool on)
{
    for (unsigned n = 0; n < BYTES_MAX && keyboard_read() >= 0; n++)
        ;
    if (!send(COMMAND, READ_CONFIG) || !wait_status(STATUS_FULL, STATUS_FULL))
        return;
    u8 config = port_read8(DATA) & (u8)~CONFIG_IRQ;
    if (send(COMMAND, WRITE_CONFIG))
        send(DATA, config | (on ? CONFIG_IRQ : 0));
}

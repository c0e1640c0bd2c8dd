/* SPDX-License-Identifier: MIT */
/*
 * An 8254 counter that really ticks: one step for each CLK pulse, written from the data sheet's
 * "mode definitions" alone. Slow and plain: what drivers/emu/i8254.c is measured against.
 */
#ifndef TEST_UNIT_I8254_MODEL_H
#define TEST_UNIT_I8254_MODEL_H

#include "lib/types.h"

struct model {
    unsigned mode, access;
    bool bcd, gate, out;
    bool null, armed, running, half_written;
    bool load_next, trigger, strobe;
    u8 low;
    u32 cr, ce, loaded; /* ce counts down from loaded */
    u64 rises;
};

static inline u32 model_modulus(const struct model *m)
{
    return m->bcd ? 10000 : 65536;
}

static inline void model_set_out(struct model *m, bool out)
{
    m->rises += out && !m->out;
    m->out = out;
}

static inline void model_control(struct model *m, u8 word)
{
    m->access = word >> 4 & 3;
    if ((word & 8) && (word & 4) == 0)
        m->mode = 4 + (word >> 1 & 1);
    else
        m->mode = word >> 1 & 3;
    m->bcd = word & 1;
    m->null = true;
    m->armed = m->running = m->half_written = false;
    m->load_next = m->trigger = m->strobe = false;
    model_set_out(m, m->mode != 0);
}

static inline void model_count(struct model *m, u16 value)
{
    u32 count = value;
    if (m->bcd) {
        count = 0;
        for (int shift = 12; shift >= 0; shift -= 4)
            count = count * 10 + (value >> shift & 15);
    }
    m->cr = count ? count : model_modulus(m);
    m->null = true;
    switch (m->mode) {
    case 0:
        model_set_out(m, false);
        m->load_next = true;
        break;
    case 2:
    case 3:
        if (!m->armed)
            m->load_next = true;
        break;
    case 4:
        m->load_next = true;
        break;
    default:
        break;
    }
    m->armed = true;
}

static inline void model_write(struct model *m, u8 byte)
{
    if (m->access == 1) {
        model_count(m, byte);
    } else if (m->access == 2) {
        model_count(m, (u16)(byte << 8));
    } else if (!m->half_written) {
        m->half_written = true;
        m->low = byte;
        if (m->mode == 0)
            model_set_out(m, false);
    } else {
        m->half_written = false;
        model_count(m, (u16)(byte << 8 | m->low));
    }
}

static inline void model_gate(struct model *m, bool level)
{
    bool edge_sensitive = m->mode == 1 || m->mode == 2 || m->mode == 3 || m->mode == 5;
    if (level && !m->gate && edge_sensitive && m->armed)
        m->trigger = true;
    if (!level && (m->mode == 2 || m->mode == 3))
        model_set_out(m, true);
    m->gate = level;
}

static inline void model_take(struct model *m)
{
    m->loaded = m->cr;
    m->ce = m->mode == 3 ? m->cr & ~1u : m->cr;
    m->null = false;
}

static inline void model_down(struct model *m)
{
    m->ce = m->ce ? m->ce - 1 : model_modulus(m) - 1;
}

static inline void model_square(struct model *m)
{
    u32 last = m->out && (m->loaded & 1) ? 0 : 2;
    if (m->ce == last) {
        model_set_out(m, !m->out);
        model_take(m);
    } else {
        m->ce -= 2;
    }
}

static inline void model_clk(struct model *m)
{
    if (m->trigger || m->load_next) {
        m->trigger = m->load_next = false;
        m->running = m->strobe = true;
        model_take(m);
        if (m->mode >= 2)
            model_set_out(m, true);
        if (m->mode == 1)
            model_set_out(m, false);
        return;
    }
    bool level_sensitive = m->mode != 1 && m->mode != 5;
    if (!m->running || (level_sensitive && !m->gate) || (m->mode == 0 && m->half_written))
        return;
    switch (m->mode) {
    case 0:
    case 1:
        model_down(m);
        if (!m->ce)
            model_set_out(m, true);
        break;
    case 2:
        if (m->ce == 1) {
            model_set_out(m, true);
            model_take(m);
        } else {
            m->ce--;
            model_set_out(m, m->ce != 1);
        }
        break;
    case 3:
        model_square(m);
        break;
    default:
        model_down(m);
        model_set_out(m, m->ce || !m->strobe);
        m->strobe = m->strobe && m->ce;
        break;
    }
}

#endif

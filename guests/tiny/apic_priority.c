/* SPDX-License-Identifier: MIT */
/*
 * TPR and PPR: a class that they hold back waits in IRR and comes with the instruction that lets it
 * in, by CR8 and by the register; the highest vector goes first (SDM 3, 11.8.3).
 */
#include "guests/tiny/rt/apic.h"

static volatile u32 came;
static u8 order[16];

static void on_any(struct frame *frame)
{
    if (came < array_size(order))
        order[came] = (u8)frame->vector;
    came++;
    apic_eoi();
}

static void by_cr8(u32 class)
{
    write_cr8(class);
}

static void by_register(u32 class)
{
    apic_write(APIC_TPR, class << 4);
}

/* For each class: not by its own and those above, but by the one below. */
static void classes(const char *mode, const char *way, void (*set)(u32 class))
{
    for (u32 class = 3; class < 15; class ++) {
        u8 vector = (u8)(class << 4 | 5);
        set(15);
        came = 0;
        apic_self(vector);
        irq_enable();
        check(came == 0 && apic_bit(APIC_IRR, vector), "%s, %s: class %u gets past 15", mode, way,
              class);
        set(class);
        check(came == 0 && apic_bit(APIC_IRR, vector), "%s, %s: class %u gets past its own", mode,
              way, class);
        set(class - 1);
        __asm__ volatile("nop");
        check(came == 1 && order[0] == vector, "%s, %s: class %u does not come with TPR %u", mode,
              way, class, class - 1);
        check(!apic_bit(APIC_IRR, vector) && !apic_bit(APIC_ISR, vector), "%s: it stays", mode);
        irq_disable();
    }
    set(0);
}

/* One register with two names; PPR follows. */
static void names(const char *mode)
{
    for (u32 tpr = 0; tpr < 0x100; tpr += 0x11) {
        apic_write(APIC_TPR, tpr);
        check(read_cr8() == tpr >> 4, "%s: TPR %x is CR8 %lu", mode, tpr, read_cr8());
        check(apic_read(APIC_PPR) == tpr, "%s: TPR %x, PPR %x", mode, tpr, apic_read(APIC_PPR));
        u32 other = tpr >> 4 ^ 1; /* another class: AMD's TPR has no more to tell a write by */
        write_cr8(other);
        check(apic_read(APIC_TPR) == other << 4, "%s: CR8 %u is TPR %x", mode, other,
              apic_read(APIC_TPR));
    }
    write_cr8(0);
}

static void highest_first(const char *mode)
{
    static const u8 sent[] = {0x51, 0x92, 0x50, 0xe3, 0x31, 0x9f};
    static const u8 due[] = {0xe3, 0x9f, 0x92, 0x51, 0x50, 0x31};

    came = 0;
    for (unsigned i = 0; i < array_size(sent); i++)
        apic_self(sent[i]);
    irq_enable();
    wait_for(came >= array_size(due), 1000);
    irq_disable();
    check(came == array_size(due) && !memcmp(order, due, sizeof due),
          "%s: %u came, in the order %x %x %x %x %x %x", mode, came, order[0], order[1], order[2],
          order[3], order[4], order[5]);
}

/* HLT with a TPR that holds it back goes on sleeping; another's end of it is the timer's. */
static void halted(const char *mode)
{
    came = 0;
    write_cr8(8);
    apic_self(0x71);
    apic_write(APIC_LVT_TIMER, 0xa1);
    apic_write(APIC_DIVIDE, TIMER_BY_1);
    apic_write(APIC_INITIAL, (u32)(apic_hz() / 1000));
    irq_wait();
    check(came == 1 && order[0] == 0xa1, "%s: %u interrupts woke it, the first %x", mode, came,
          order[0]);
    write_cr8(0);
    irq_window();
    check(came == 2 && order[1] == 0x71, "%s: the other one is lost", mode);
}

static void all(const char *mode)
{
    names(mode);
    classes(mode, "by CR8", by_cr8);
    classes(mode, "by register", by_register);
    highest_first(mode);
    halted(mode);
}

TINY(apic_priority)
{
    for (unsigned vector = 0x30; vector < 0xff; vector++)
        trap_on(vector, on_any);
    apic_both(all);
}

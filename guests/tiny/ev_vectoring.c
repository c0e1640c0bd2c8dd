/* SPDX-License-Identifier: MIT */
/*
 * Faults during delivery (the IDT-vectoring information's business): INT n whose IST stack is not
 * mapped gives #PF and, run again, arrives; interrupts and exceptions whose stack, IDT or handler
 * lies in memory never touched before arrive whole.
 */
#include "guests/tiny/rt/tiny.h"

static volatile unsigned page_faults, arrived, ticks;
static u64 *table;

static void on_pf(struct frame *frame)
{
    page_faults++;
    check((frame->error & ~4ull) == 2, "error %lx", frame->error);
    check(read_cr2() == 0x601ff8, "cr2 %lx", read_cr2());
    table[1] = 0x601003;
    invlpg((void *)0x601000);
}

static void on_int(struct frame *frame)
{
    (void)frame;
    arrived++;
}

static void on_tick(struct frame *frame)
{
    (void)frame;
    ticks++;
}

static void by_ist(void)
{
    table = page_split((void *)0x600000);
    table[1] = 0;
    invlpg((void *)0x601000);
    trap_on(PF, on_pf);
    trap_on(0x60, on_int);
    tss_set_ist(2, (void *)0x602000);
    rt_idt[0x60].ist = 2;
    __asm__ volatile("int $0x60" ::: "memory");
    check(page_faults == 1 && arrived == 1, "%u page faults, %u arrived", page_faults, arrived);
    trap_on(PF, NULL);
}

/* Each tick on another fresh page; so are an exception's stack and the copy of the IDT. */
static void on_fresh_memory(void)
{
    u8 *fresh = (u8 *)0x1000000;
    u64 fresh_end = mem_top();
    check(fresh_end >= 0x1800000, "memory ends at %lx", fresh_end);
    irq_on(0, on_tick);
    rt_idt[IRQ_BASE].ist = 3;
    pit_set(0, 2, (u16)(PIT_HZ / 2000));
    for (unsigned i = 1; i <= 64; i++) {
        fresh += 0x11000;
        tss_set_ist(3, fresh);
        irq_wait();
        check(ticks >= i, "tick %u lost", i);
        check(*(u64 *)(fresh - 8) == SEL_DATA, "frame %u: SS is %lx", i, *(u64 *)(fresh - 8));
    }
    pic_mask(0);

    struct {
        u16 limit;
        u64 base;
    } packed idt = {4095, (u64)fresh + 0x100000};
    memcpy((void *)idt.base, rt_idt, 4096);
    arrived = 0;
    __asm__ volatile("lidt %0; int $0x60" ::"m"(idt) : "memory");
    check(arrived == 1, "INT by an IDT elsewhere");
    check(TRY("ud2", ) == UD, "#UD by an IDT elsewhere");
    descriptors_load();
}

TINY(ev_vectoring)
{
    by_ist();
    on_fresh_memory();
}

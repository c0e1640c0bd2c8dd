/* SPDX-License-Identifier: MIT */
#include "guests/tiny/rt/trap.h"
#include "guests/tiny/rt/tiny.h"

extern const u8 rt_stubs[256][16];
extern struct {
    u16 limit;
    u64 base;
} packed rt_gdt_pointer;
void rt_trap(struct frame *frame);

struct gate rt_idt[256] aligned(16);
u32 rt_tss[26] aligned(8);
volatile struct trap trap;
volatile u64 rt_resume;
bool rt_in_user;
no_return void rt_user_leave(void);

static trap_handler handlers[256];
static bool is_irq[16];
static u8 stack_df[4096] aligned(16), stack_ring0[8192] aligned(16);

static void trap_note(const struct frame *frame)
{
    trap.vector = (unsigned)frame->vector;
    trap.error = frame->error;
    trap.rip = frame->rip;
    trap.cs = frame->cs;
    trap.rflags = frame->rflags;
    trap.cr2 = read_cr2();
}

static no_return void unexpected(const struct frame *frame)
{
    tiny_check(false, "trap", (int)frame->vector,
               "unexpected exception or interrupt: error=%lx rip=%lx rflags=%lx cr2=%lx rsp=%lx",
               frame->error, frame->rip, frame->rflags, read_cr2(), frame->rsp);
    done();
}

void rt_trap(struct frame *frame)
{
    unsigned vector = (unsigned)frame->vector;

    if (handlers[vector]) {
        handlers[vector](frame);
        if (vector - IRQ_BASE < 16 && is_irq[vector - IRQ_BASE])
            pic_eoi(vector - IRQ_BASE);
    } else if (rt_in_user) {
        trap_note(frame);
        rt_in_user = false;
        rt_user_leave();
    } else if (rt_resume) {
        trap_note(frame);
        frame->rip = rt_resume;
        frame->rflags &= ~(u64)FLAG_TF;
        rt_resume = 0;
    } else {
        unexpected(frame);
    }
}

void trap_on(unsigned vector, trap_handler handler)
{
    handlers[vector] = handler;
    barrier();
}

void irq_on(unsigned irq, trap_handler handler)
{
    is_irq[irq] = true;
    trap_on(IRQ_BASE + irq, handler);
    pic_unmask(irq);
}

static void tss_set(unsigned word, void *stack)
{
    rt_tss[word] = (u32)(u64)stack;
    rt_tss[word + 1] = (u32)((u64)stack >> 32);
}

void tss_set_rsp0(void *stack)
{
    tss_set(1, stack);
}

void tss_set_ist(unsigned n, void *stack)
{
    tss_set(7 + 2 * n, stack);
}

void gdt_set(unsigned selector, u32 base, u32 limit, u8 access, u8 flags)
{
    rt_gdt[selector / 8] = (limit & 0xffff) | (u64)(base & 0xffffff) << 16 | (u64)access << 40 |
                           (u64)(limit >> 16 & 0xf) << 48 | (u64)flags << 52 |
                           (u64)(base >> 24) << 56;
}

static void idt_fill(void)
{
    for (unsigned i = 0; i < 256; i++) {
        u64 at = (u64)rt_stubs[i];
        rt_idt[i] = (struct gate){.offset_low = (u16)at,
                                  .selector = SEL_CODE64,
                                  .ist = i == DF,
                                  .type = i == BP || i == OF || i == VECTOR_LEAVE ? 0xee : 0x8e,
                                  .offset_mid = (u16)(at >> 16)};
    }
}

void descriptors_load(void)
{
    struct {
        u16 limit;
        u64 base;
    } packed idt = {sizeof(rt_idt) - 1, (u64)rt_idt};

    idt_fill();
    memset(rt_tss, 0, sizeof(rt_tss));
    rt_tss[25] = sizeof(rt_tss) << 16; /* no I/O bitmap */
    tss_set_ist(1, stack_df + sizeof(stack_df));
    tss_set_rsp0(stack_ring0 + sizeof(stack_ring0));
    gdt_set(SEL_TSS64, (u32)(u64)rt_tss, sizeof(rt_tss) - 1, 0x89, 0);
    rt_gdt[SEL_TSS64 / 8 + 1] = 0;
    __asm__ volatile("lgdt %0; lidt %1; ltr %w2; lldt %w3" ::"m"(rt_gdt_pointer), "m"(idt),
                     "r"(SEL_TSS64), "r"(0)
                     : "memory");
    __asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%ss" ::"r"(SEL_DATA) : "memory");
}

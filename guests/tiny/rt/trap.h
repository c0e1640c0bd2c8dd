/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and interrupts: the frame, handlers by vector, TRY for one instruction that may
 * fault, ring 3, and the interrupt controllers.
 */
#ifndef TINY_TRAP_H
#define TINY_TRAP_H

#include "lib/types.h"

struct frame {
    u64 r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    u64 vector, error, rip, cs, rflags, rsp, ss;
};

enum {
    DE,
    DB,
    NMI,
    BP,
    OF,
    BR,
    UD,
    NM,
    DF,
    TS = 10,
    NP,
    SS,
    GP,
    PF,
    MF = 16,
    AC,
    MC,
    XM,
    NO_TRAP = 256
};

/* A handler replaces whatever would happen otherwise; NULL takes it away. */
typedef void (*trap_handler)(struct frame *frame);
void trap_on(unsigned vector, trap_handler handler);

/* What the last TRY or user_run met. */
struct trap {
    unsigned vector;
    u64 error, rip, cr2, rflags, cs;
};
extern volatile struct trap trap;
extern volatile u64 rt_resume;

/*
 * Runs one piece of assembler; its vector if it faults, else NO_TRAP. The arguments after the text
 * are asm's, from the outputs on: TRY("rdmsr", "=a"(low), "=d"(high) : "c"(msr)). A faulting
 * piece is left where it stands, its registers as they are.
 */
#define TRY(text, ...)                                                                             \
    ({                                                                                             \
        trap.vector = NO_TRAP;                                                                     \
        trap.error = trap.cr2 = 0;                                                                 \
        __asm__ volatile("" ::: "memory");                                                         \
        __asm__ volatile("movq $771f, rt_resume\n\t" text "\n771:\tmovq $0, rt_resume"             \
                         : __VA_ARGS__);                                                           \
        __asm__ volatile("" ::: "memory");                                                         \
        trap.vector;                                                                               \
    })

/* Each gate's descriptor; for guests that break one. */
struct gate {
    u16 offset_low, selector;
    u8 ist, type;
    u16 offset_mid;
    u32 offset_high, zero;
};
extern struct gate rt_idt[256];

/* The 64-bit TSS: RSP0 is at word 1, IST1 at word 9 (in 32-bit words from its start). */
extern u32 rt_tss[26];
void tss_set_rsp0(void *stack);
void tss_set_ist(unsigned n, void *stack); /* 1 to 7 */

/* One descriptor of the GDT; access and flags as in the manual (0x9b, 0xc). */
void gdt_set(unsigned selector, u32 base, u32 limit, u8 access, u8 flags);
extern u64 rt_gdt[];

/* GDT, IDT, TSS and data segments as the runtime wants them; after a guest has changed any. */
void descriptors_load(void);

/*
 * Runs fn in ring 3 (all memory becomes accessible to it) with these RFLAGS until it traps; the
 * vector. It ends normally with INT 0x80, which user_end() is.
 */
unsigned user_run(void (*fn)(void), u64 rflags);
#define user_end() __asm__ volatile("int $0x80")

/*
 * Runs one instruction (or two behind a MOV SS) at an address in ring 0, single-stepped, with every
 * register and the stack pointer at `fill`; the vector that ended it, DB if nothing went wrong.
 */
unsigned step_run(u64 code, u64 fill);

/* The pair of 8259s: IRQ n is vector 0x20 + n; the handler is followed by an EOI. */
#define IRQ_BASE 0x20
void pic_init(void);
void pic_mask(unsigned irq);
void pic_unmask(unsigned irq);
void pic_eoi(unsigned irq);
u8 pic_requests(void);   /* the first chip's IRR */
u8 pic_in_service(void); /* and its ISR */
void irq_on(unsigned irq, trap_handler handler);

#endif

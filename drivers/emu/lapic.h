/* SPDX-License-Identifier: MIT */
/*
 * A virtual processor's local APIC: SDM 3, chapter 11. xAPIC and x2APIC.
 *
 * The registers lie in a page of their own in the architectural layout, always as a guest may read
 * them (but for the current count, which is computed), so that the page can be VMX's virtual-APIC
 * page. What processors with APIC virtualization write there themselves (TPR, PPR, ISR, IRR; any
 * register before an APIC-write exit) is nowhere else, or lapic_reload takes it over, or the write
 * function puts it right: it needs no register's old value from the page.
 *
 * All functions are for the processor's own core, without a lock, but for those below "from any
 * core". Other cores' interrupts wait in `posted` until the owner merges them into IRR. Functions
 * that answer for a wrmsr or rdmsr return false for #GP.
 */
#ifndef DRIVERS_EMU_LAPIC_H
#define DRIVERS_EMU_LAPIC_H

#include "drivers/emu/apic_message.h"
#include "drivers/emu/lapic_regs.h"
#include "lib/types.h"

#define LAPIC_NEVER (~0ull)

/* What a machine gives a local APIC; every pointer is set. None may call back into this APIC, but
 * for `ipi`, `nmi` and `eoi`, which may call lapic_post. */
struct lapic_host {
    void *ctx;

    /* The guest's time in ns: never runs backwards, below 2^63. */
    u64 (*now)(void *ctx);

    /* The guest's TSC, and the ns when it will have reached that value: rounded up, in the past if
     * it has, LAPIC_NEVER if that is too far. */
    u64 (*tsc)(void *ctx);
    u64 (*tsc_time)(void *ctx, u64 tsc);

    /* l->deadline has changed; the machine calls lapic_expire when `now` has reached it. */
    void (*timer)(void *ctx);

    /* The processor sends; apic_bus_send with this processor as sender. */
    void (*ipi)(void *ctx, const struct lapic_message *m);

    /* A level-triggered interrupt has ended: for the I/O APICs, under the machine's lock. */
    void (*eoi)(void *ctx, u8 vector);

    /* An LVT entry delivers an NMI to this processor. */
    void (*nmi)(void *ctx);
};

/* VMX's posted-interrupt descriptor (SDM 3, "Posted-interrupt processing"): the first bit of
 * `control` is ON, outstanding notification; the rest is the vendor's. */
struct lapic_posted {
    u64 requests[4];
    u64 control;
    u64 reserved[3];
} aligned(64);

_Static_assert(sizeof(struct lapic_posted) == 64, "posted-interrupt descriptor");
_Static_assert(offsetof(struct lapic_posted, control) == 32, "posted-interrupt descriptor");

#define LAPIC_POSTED_ON 1ull

/* What other cores may know: `shared`. */
#define LAPIC_ON       (1u << 0) /* IA32_APIC_BASE.EN */
#define LAPIC_X2       (1u << 1) /* x2APIC mode */
#define LAPIC_SOFTWARE (1u << 2) /* SVR.enable: takes fixed interrupts */

struct lapic {
    /* Edge-triggered, legal vectors: a processor may take these into IRR by itself. */
    struct lapic_posted posted;

    /* The rest: level-triggered (the owner must set TMR), and vectors below 16, an error. Apart,
     * so that no processor takes them without the owner's knowing. */
    u64 posted_slow[4];
    u64 posted_slow_any; /* LAPIC_POSTED_ON */

    u32 shared; /* LAPIC_ON … */

    /* The owner's. */
    u32 *regs;
    int irr_top, isr_top;    /* the highest vector in IRR and in ISR, or -1 */
    u8 irr_words, isr_words; /* bit n: word n of the set is not 0 */
    int raised;              /* the highest that we have put into IRR, or -1; and whether TMR has */
    bool tmr_moved;          /* changed: since lapic_raised */
    bool has_x2apic;         /* set by lapic_init; the machine may clear it where CPUID does */
    bool bsp;
    bool lint[2];    /* the pins' levels */
    bool remote_irr; /* LINT0, level-triggered, is being served */
    u8 esr;          /* errors since the last write to ESR */
    bool error_told; /* the error interrupt has been sent since then */
    u8 divide_shift; /* of the timer: 0 to 7 */
    u32 id;
    u32 lvt_timer, timer_initial; /* as last written: the page may be a write ahead */
    u64 timer_end;                /* ns when the count reaches 0, or LAPIC_NEVER: not counting */
    u64 timer_earliest;           /* ns before which no further periodic tick is delivered */
    u64 tsc_deadline;             /* 0: not armed */
    u64 deadline;                 /* ns, or LAPIC_NEVER */
    const struct lapic_host *host;
};

/* --- the owner's: life --- */

/* `page`: 4 KiB, aligned, for the APIC's life. Ends as after power-on. */
void lapic_init(struct lapic *l, void *page, const struct lapic_host *host, u32 id, bool bsp);
void lapic_reset(struct lapic *l); /* power-on; lines keep their levels */

/* INIT (11.4.7.3): as after power-on, but id and mode stay. */
void lapic_init_signal(struct lapic *l);

/* The page's IRR, ISR or TPR have been changed by the processor itself. */
void lapic_reload(struct lapic *l);

/* Where the processor works on the page, and its highest vectors are not known until lapic_reload:
 * the highest in IRR, or -1. */
int lapic_requested(const struct lapic *l);

/* --- the owner's: a guest's accesses --- */

/*
 * IA32_APIC_BASE. An address other than 0xfee00000 is refused (#GP): the access page cannot move,
 * no known system moves it, and one that tried would otherwise find nobody there later.
 */
u64 lapic_base(const struct lapic *l);
bool lapic_set_base(struct lapic *l, u64 value) must_check;

/* The page in memory answers: the guest is in xAPIC mode. */
static inline bool lapic_in_memory(const struct lapic *l)
{
    return (l->shared & (LAPIC_ON | LAPIC_X2)) == LAPIC_ON;
}

/* By offset in the page, 32 bits. Where no register is, ESR tells, and 0 is read. */
u32 lapic_read(struct lapic *l, u32 offset);
void lapic_write(struct lapic *l, u32 offset, u32 value);

/* MSRs 0x800 to 0x8ff. */
bool lapic_rdmsr(struct lapic *l, u32 msr, u64 *value) must_check;
bool lapic_wrmsr(struct lapic *l, u32 msr, u64 value) must_check;

/* IA32_TSC_DEADLINE: reads 0, and a write is ignored, in the timer's other modes. True: it was past
 * already. */
u64 lapic_tsc_deadline(struct lapic *l);
bool lapic_set_tsc_deadline(struct lapic *l, u64 tsc);

/* The guest's TSC has been set or its speed has changed. */
void lapic_tsc_changed(struct lapic *l);

static inline u8 lapic_tpr(const struct lapic *l)
{
    return (u8)l->regs[LAPIC_TPR / 4];
}

static inline u8 lapic_cr8(const struct lapic *l)
{
    return lapic_tpr(l) >> 4;
}

void lapic_set_tpr(struct lapic *l, u8 tpr);

/* The low four bits; the others the caller has refused. */
static inline void lapic_set_cr8(struct lapic *l, u64 cr8)
{
    lapic_set_tpr(l, (u8)(cr8 << 4));
}

void lapic_eoi(struct lapic *l);

/* A level-triggered interrupt whose end the processor has already put into the page. */
void lapic_ended(struct lapic *l, u8 vector);

/* The usual EOI, of an edge-triggered interrupt with no other below it. False: nothing is done, and
 * lapic_eoi has to be. */
static inline bool lapic_eoi_fast(struct lapic *l)
{
    unsigned vector = (unsigned)l->isr_top, word = vector >> 5;

    if (l->isr_top < 0 || l->isr_words != 1u << word)
        return false;
    u32 *isr = &l->regs[(LAPIC_ISR + word * 16) / 4], bit = 1u << (vector & 31);
    if (*isr != bit || (l->regs[(LAPIC_TMR + word * 16) / 4] & bit))
        return false;
    *isr = 0;
    l->isr_words = 0;
    l->isr_top = -1;
    l->regs[LAPIC_PPR / 4] = l->regs[LAPIC_TPR / 4];
    return true;
}

/* --- the owner's: to the processor --- */

/* Something has been posted. */
static inline bool lapic_has_posted(const struct lapic *l)
{
    return (__atomic_load_n(&l->posted.control, __ATOMIC_ACQUIRE) & LAPIC_POSTED_ON) ||
           __atomic_load_n(&l->posted_slow_any, __ATOMIC_ACQUIRE);
}

void lapic_merge(struct lapic *l);

/* The highest that we have put into IRR since this was asked last, or -1; and the same with what
 * was posted. */
static inline int lapic_raised_here(struct lapic *l)
{
    int raised = l->raised;

    l->raised = -1;
    return raised;
}

static inline int lapic_raised(struct lapic *l)
{
    if (unlikely(lapic_has_posted(l)))
        lapic_merge(l);
    return lapic_raised_here(l);
}

/* The vector that the processor has to take when it can, or -1. Merges first. */
static inline int lapic_pending(struct lapic *l)
{
    if (unlikely(lapic_has_posted(l)))
        lapic_merge(l);
    return l->irr_top >> 4 > (int)(l->regs[LAPIC_PPR / 4] >> 4) ? l->irr_top : -1;
}

/* More than one is requested, as far as merged. */
bool lapic_several(const struct lapic *l);

/* The processor takes `vector`, the one that lapic_pending named. */
void lapic_ack(struct lapic *l, u8 vector);

/* What the PIC asks for reaches the processor: LINT0 is an unmasked ExtINT, or there is no APIC in
 * between (11.4.3). */
static inline bool lapic_lint0_extint(const struct lapic *l)
{
    u32 mask = LAPIC_LVT_MASKED | 7u << LAPIC_LVT_MODE_SHIFT;

    return !(l->shared & LAPIC_ON) ||
           (l->regs[LAPIC_LVT_LINT0 / 4] & mask) == (u32)APIC_EXTINT << LAPIC_LVT_MODE_SHIFT;
}

/* The level at pin LINT0 or LINT1. As an ExtINT it does nothing: see above. With the APIC off,
 * LINT1 is the processor's NMI. */
void lapic_lint(struct lapic *l, unsigned pin, bool level);

/* now >= deadline (earlier does nothing); afterwards the deadline is past `now` again. */
void lapic_expire(struct lapic *l, u64 now);

/* The short way of the same where l->tsc_deadline is not 0, at a value of the guest's TSC: the
 * caller finds l->deadline changed without being told. False: it is too early. */
bool lapic_fire(struct lapic *l, u64 tsc);

size_t lapic_dump(const struct lapic *l, char *to, size_t size);

/* --- from any core --- */

/*
 * Leaves the interrupt for the owner. True: the owner may not know yet, and must be made to look
 * (for an edge-triggered one VMX's notification vector is enough). The vector may be below 16: the
 * receiver's ESR tells then.
 */
bool lapic_post(struct lapic *l, u8 vector, bool level);

/* The destination is this one (11.6.2, 11.12.10), and the APIC is on. */
bool lapic_accepts(const struct lapic *l, u32 dest, bool logical);

/* Takes fixed and lowest-priority interrupts: on, and enabled by software (11.4.7.2). */
static inline bool lapic_takes_vectors(const struct lapic *l)
{
    u32 both = LAPIC_ON | LAPIC_SOFTWARE;

    return (__atomic_load_n(&l->shared, __ATOMIC_RELAXED) & both) == both;
}

static inline u8 lapic_priority(const struct lapic *l)
{
    return (u8)__atomic_load_n(&l->regs[LAPIC_PPR / 4], __ATOMIC_RELAXED);
}

#endif

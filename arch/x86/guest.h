/* SPDX-License-Identifier: MIT */
/*
 * What Intel's and AMD's virtual processors share: the registers that software switches, the
 * emulated ones, the events that wait, and the handlers that decide. A vendor's exit decodes, calls
 * a handler here, and does what it returns.
 */
#ifndef ARCH_X86_GUEST_H
#define ARCH_X86_GUEST_H

#include "arch/x86/guest_cpu.h"
#include "arch/x86/guest_cpuid.h"
#include "arch/x86/guest_fetch.h"
#include "core/vcpu.h"
#include "core/vm.h"

/* What is to be done after an exit; one place in each vendor's room does it. */
enum guest_action {
    GUEST_RESUME, /* as it stands: a fault is queued, or there is no instruction to leave behind */
    GUEST_NEXT,   /* the instruction is done: past it */
    GUEST_TRAP,   /* done, and the breakpoints in guest->hits trap behind it */
    GUEST_SKIP,   /* done by emulation: past guest->length bytes */
    GUEST_AGAIN,  /* an element of a string instruction is done, and more are left */
    GUEST_HALT,   /* past it, and wait for an event */
    GUEST_LOOK,   /* back to the core: attention, time */
    GUEST_UNSEEN, /* a vendor's own: no handler has seen the exit yet */
};

/* Types as both vendors' hardware numbers them. */
enum guest_event_type {
    EVENT_TYPE_INTERRUPT = 0,
    EVENT_TYPE_NMI = 2,
    EVENT_TYPE_EXCEPTION = 3,
    EVENT_TYPE_SOFTWARE = 4, /* INT n; on Intel 5 and 6 are INT1, INT3 and INTO */
};

struct guest_event {
    bool valid;
    u8 vector, type;
    bool has_error;
    u32 error;
    u8 length; /* software interrupts and exceptions: of their instruction */
};

enum guest_reg {
    GUEST_RIP,
    GUEST_RSP,
    GUEST_RFLAGS,
    GUEST_CR0,
    GUEST_CR2,
    GUEST_CR3,
    GUEST_CR4,
    GUEST_EFER,
    GUEST_DR6,
    GUEST_DR7,
    GUEST_FS_BASE,
    GUEST_GS_BASE,
    GUEST_SYSENTER_CS,
    GUEST_SYSENTER_ESP,
    GUEST_SYSENTER_EIP,
    GUEST_PAT,
    GUEST_CR8,        /* set only: after the APIC's TPR has changed */
    GUEST_TSC_OFFSET, /* what the processor adds to the TSC for the guest */
    GUEST_SHADOW,     /* get only: not 0 in a shadow of STI or MOV SS, and perhaps in an NMI */
    GUEST_REGS
};

struct guest;
struct guest_apic_ops;

/* What of the registers decides how the guest's code and data are reached: all in one, since each
 * emulated instruction asks for it. guest_space.h */
struct guest_view {
    struct guest_paging paging;
    u64 rip, rsp, rflags;
    u8 bits; /* of code: 16, 32, 64 */
    u8 cpl;
};

/* What lies in the vendor's control block; only for a loaded vCPU on its own core. */
struct guest_ops {
    u64 (*get)(struct guest *guest, enum guest_reg reg);
    void (*set)(struct guest *guest, enum guest_reg reg, u64 value);
    void (*segment)(void *guest, enum seg_reg which, struct guest_segment *out);
    u16 (*selector)(struct guest *guest, enum seg_reg which);
    /* SS's DPL becomes the CPL, also where SS is unusable. */
    void (*set_segment)(struct guest *guest, enum seg_reg which, u16 selector,
                        const struct guest_segment *segment);
    /* As MOV to CR3 outside IA-32e mode. False: PAE's pointers are bad, and nothing has changed. */
    bool (*load_cr3)(struct guest *guest, u64 cr3);
    void (*view)(struct guest *guest, struct guest_view *view); /* CR0, CR3, CR4, EFER of paging */
    unsigned (*code_bits)(struct guest *guest);                 /* 16, 32, 64 */
    unsigned (*cpl)(struct guest *guest);
    /* NMIs wait: one is being served. */
    bool (*nmi_blocked)(struct guest *guest);
    bool amd_branches; /* as decode.h says */
};

struct guest {
    struct vcpu vcpu; /* first */
    u64 gpr[16];      /* in the order of enum gpr; RSP's is the control block's */
    const struct guest_ops *ops;
    struct guest_event event; /* to be delivered at the next entry, whatever the guest masks */
    bool nmi;                 /* waits until NMIs are not blocked */
    bool window;              /* an interrupt waits until it is let in, or an NMI does */
    bool halted;
    bool apic_off; /* by IA32_APIC_BASE: CPUID then says that there is none */
    u8 length;     /* of the instruction that was emulated */
    u8 hits; /* B0 to B3, enabled, that emulation has met: a #DB is due after the instruction */
    u64 apic_id;
    u64 until;    /* ns at which the engine's enter is over */
    u64 deadline; /* TSC at which that, or the time of its devices, has come; ~0: never */
    bool timed;   /* the engine asks for it after each exit, so it may be changed in between */
    const struct guest_apic_ops *apic; /* guest_apic.h; the machine's, as the two below */
    void *apic_owner;
    u32 *apic_page;
    bool apic_virtual;               /* the processor delivers from the page by itself */
    bool apic_moved;                 /* whether it is to may have changed */
    const struct guest_cpuid *cpuid; /* its machine's */

    /* Emulated registers. */
    u64 xcr0, xss;
    u64 tsc_adjust;
    u64 misc_enable;
    u64 mtrr_def_type, mtrr_fixed[11], mtrr_variable[16];
    u64 mcg_status;
    u64 umwait_control;
    u64 pv_wall, pv_clock; /* guest_pv.h */
    u64 msr_refused;       /* how often an MSR was asked for that it has not */

    /* Switched when another vCPU takes the core. */
    u64 cr2, dr[4], dr6;
    u64 star, lstar, cstar, fmask, kernel_gs_base, tsc_aux;
    void *xsave; /* the XSAVE area */

    struct fetch_cache fetched;
};

static inline struct guest *guest_of(struct vcpu *vcpu)
{
    return (struct guest *)vcpu;
}

/* Queues an exception of the current instruction. */
static inline void guest_raise(struct guest *guest, u8 vector)
{
    guest->event = (struct guest_event){true, vector, EVENT_TYPE_EXCEPTION, false, 0, 0};
}

static inline void guest_raise_error(struct guest *guest, u8 vector, u32 error)
{
    guest->event = (struct guest_event){true, vector, EVENT_TYPE_EXCEPTION, true, error, 0};
}

/* #GP(0), and the action that goes with it: `return guest_gp(guest);`. Likewise #UD. */
static inline enum guest_action guest_gp(struct guest *guest)
{
    guest_raise_error(guest, VECTOR_GP, 0);
    return GUEST_RESUME;
}

static inline enum guest_action guest_ud(struct guest *guest)
{
    guest_raise(guest, VECTOR_UD);
    return GUEST_RESUME;
}

/*
 * guest_cpuid.c: by guest->cpuid, the table that guest_cpuid_init made for the machine. The answers
 * to CR4.OSXSAVE, CR4.PKE, XCR0 and XSS are put in here.
 */
enum guest_action guest_cpuid(struct guest *guest);

/* One leaf as the guest sees it, without what depends on its CR4. */
void guest_cpuid_leaf(const struct guest *guest, u32 leaf, u32 sub, u32 out[4]);

/* The bits that CR4 and EFER may have: any other one set is #GP(0). */
static inline u64 guest_cr4_allowed(const struct guest *guest)
{
    return guest->cpuid->cr4_allowed;
}

static inline u64 guest_efer_allowed(const struct guest *guest)
{
    return guest->cpuid->efer_allowed;
}

/*
 * guest_msr.c: ECX names it, EDX:EAX is the value. Only for a loaded vCPU, and only what the bitmap
 * does not pass comes here; but all that can be passed is emulated, too.
 */
enum guest_action guest_rdmsr(struct guest *guest);
enum guest_action guest_wrmsr(struct guest *guest);
/*
 * Which may be passed through, for the vendor's bitmap: calls `pass` for each. The vendor's `pass`
 * leaves out what its control block does not switch: EFER on AMD (a guest would see SVME, and could
 * clear it) and without the controls that load and save it on Intel; PAT likewise.
 */
void guest_msr_passed(void (*pass)(void *bitmap, u32 msr, bool read, bool write), void *bitmap);
/* The emulated registers as firmware leaves them; those of the control block are the vendor's. */
void guest_msr_reset(struct guest *guest);

/* guest_xstate.c: XSETBV; ECX names the register, EDX:EAX is the value. XCR0 is the guest's. */
enum guest_action guest_xsetbv(struct guest *guest);

/* guest_io.c */
struct guest_io {
    u16 port;
    u8 bytes; /* 1, 2, 4 */
    bool in, string, rep;
    u8 address_bytes;     /* string: 2, 4, 8 */
    enum seg_reg segment; /* OUTS */
};
enum guest_action guest_io(struct guest *guest, const struct guest_io *io);
/* guest_string.c: INS and OUTS. */
enum guest_action guest_string_io(struct guest *guest, const struct guest_io *io);
/* 1, 2 or 4 bytes between the port and RAX, where no string and no breakpoint is involved; and a
 * byte, which it mostly is. */
enum guest_action guest_in(struct guest *guest, u64 port, unsigned bytes);
enum guest_action guest_out(struct guest *guest, u64 port, unsigned bytes);
enum guest_action guest_in_byte(struct guest *guest, u64 port);
enum guest_action guest_out_byte(struct guest *guest, u64 port);

/* guest_mmio.c: `at` as the exit reported; `walking`: it was the guest's own page walk that got
 * there. */
enum guest_action guest_mmio(struct guest *guest, gpa_t at, bool walking);

/* guest_call.c */
enum guest_action guest_hypercall(struct guest *guest);

/*
 * guest_switch.c: a vCPU's memory and what both vendors begin with; `size` is that of the vendor's
 * struct, which stands in a block of its own, and is 0 behind the guest. NULL: no memory. Then back
 * again, and what the vendor has beside it: nothing, if it never was.
 */
struct guest *guest_create(struct vm *vm, u32 index, const struct guest_ops *ops, u64 size);
void guest_destroy(struct guest *guest, u64 size);
void guest_give_back(hpa_t base, u64 size);

/* Not while it is loaded: registers and events as INIT leaves them (SDM 3, table 10-1), but for the
 * start's own. */
struct guest_start;
void guest_start_gpr(struct guest *guest, const struct guest_start *start);

/* To this vCPU, away from it. */
void guest_switch_in(struct guest *guest);
void guest_switch_out(struct guest *guest);
void guest_dr_fetch(struct guest *guest); /* guest->dr as the processor holds it now */

#endif

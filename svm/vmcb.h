/* SPDX-License-Identifier: MIT */
/* The virtual machine control block: AMD APM vol. 2, appendix B. Numbers only; what goes in is
 * svm_vcpu.c's. */
#ifndef SVM_VMCB_H
#define SVM_VMCB_H

#include "lib/bits.h"

/*
 * Exit codes (appendix C): first and last number, and the word for it; where VMX exits for the same
 * reason, VMX's word. A code below C0h is also the number of the intercept's bit, counted from the
 * VMCB's first byte: CR_ACCESS is reads of CR0 to CR15, then writes; EXCEPTION goes by vector. MSR
 * is RDMSR; WRMSR has a kind of its own (svm_names.h).
 */
/* clang-format off */
#define SVM_EXITS(each)                                                                            \
    each(CR_ACCESS, 0x00, 0x1f, "cr-access")       each(DR_ACCESS, 0x20, 0x3f, "dr-access")        \
    each(EXCEPTION, 0x40, 0x5f, "exception")       each(INTR, 0x60, 0x60, "external-interrupt")    \
    each(NMI, 0x61, 0x61, "nmi")                   each(SMI, 0x62, 0x62, "smi")                    \
    each(INIT, 0x63, 0x63, "init")                 each(VINTR, 0x64, 0x64, "interrupt-window")     \
    each(CR0_SELECTIVE, 0x65, 0x65, "cr0-selective")                                               \
    each(DESCRIPTOR_READ, 0x66, 0x69, "descriptor-read")                                           \
    each(DESCRIPTOR_WRITE, 0x6a, 0x6d, "descriptor-write")                                         \
    each(RDTSC, 0x6e, 0x6e, "rdtsc")               each(RDPMC, 0x6f, 0x6f, "rdpmc")                \
    each(PUSHF, 0x70, 0x70, "pushf")               each(POPF, 0x71, 0x71, "popf")                  \
    each(CPUID, 0x72, 0x72, "cpuid")               each(RSM, 0x73, 0x73, "rsm")                    \
    each(IRET, 0x74, 0x74, "iret")                 each(INT_N, 0x75, 0x75, "int-n")                \
    each(INVD, 0x76, 0x76, "invd")                 each(PAUSE, 0x77, 0x77, "pause")                \
    each(HLT, 0x78, 0x78, "hlt")                   each(INVLPG, 0x79, 0x79, "invlpg")              \
    each(INVLPGA, 0x7a, 0x7a, "invlpga")           each(IO, 0x7b, 0x7b, "io")                      \
    each(MSR, 0x7c, 0x7c, "rdmsr")                 each(TASK_SWITCH, 0x7d, 0x7d, "task-switch")    \
    each(FERR_FREEZE, 0x7e, 0x7e, "ferr-freeze")   each(SHUTDOWN, 0x7f, 0x7f, "triple-fault")      \
    each(VMRUN, 0x80, 0x80, "vmrun")               each(VMMCALL, 0x81, 0x81, "vmmcall")            \
    each(VMLOAD, 0x82, 0x82, "vmload")             each(VMSAVE, 0x83, 0x83, "vmsave")              \
    each(STGI, 0x84, 0x84, "stgi")                 each(CLGI, 0x85, 0x85, "clgi")                  \
    each(SKINIT, 0x86, 0x86, "skinit")             each(RDTSCP, 0x87, 0x87, "rdtscp")              \
    each(ICEBP, 0x88, 0x88, "icebp")               each(WBINVD, 0x89, 0x89, "wbinvd")              \
    each(MONITOR, 0x8a, 0x8a, "monitor")           each(MWAIT, 0x8b, 0x8b, "mwait")                \
    each(MWAIT_ARMED, 0x8c, 0x8c, "mwait-armed")   each(XSETBV, 0x8d, 0x8d, "xsetbv")              \
    each(RDPRU, 0x8e, 0x8e, "rdpru")               each(EFER_WRITTEN, 0x8f, 0x8f, "efer-written")  \
    each(CR_WRITTEN, 0x90, 0x9f, "cr-written")     each(INVLPGB, 0xa0, 0xa0, "invlpgb")            \
    each(INVLPGB_ILLEGAL, 0xa1, 0xa1, "invlpgb-illegal")                                           \
    each(INVPCID, 0xa2, 0xa2, "invpcid")           each(MCOMMIT, 0xa3, 0xa3, "mcommit")            \
    each(TLBSYNC, 0xa4, 0xa4, "tlbsync")           each(BUS_LOCK, 0xa5, 0xa5, "bus-lock")          \
    each(IDLE_HLT, 0xa6, 0xa6, "idle-hlt")         each(NPF, 0x400, 0x400, "nested-page-fault")    \
    each(AVIC_IPI, 0x401, 0x401, "avic-incomplete-ipi")                                            \
    each(AVIC_NOACCEL, 0x402, 0x402, "avic-no-acceleration")                                       \
    each(VMGEXIT, 0x403, 0x403, "vmgexit")

#define EXIT_CODE(name, first, last, word) SVM_EXIT_##name = first,
enum svm_exit { SVM_EXITS(EXIT_CODE) };
#define SVM_EXIT_INVALID 0xffffffffu /* the low half: emulators extend it with zeroes */
#define SVM_EXIT_BUSY    0xfffffffeu
#define SVM_EXIT_CR_WRITE(n) (SVM_EXIT_CR_ACCESS + 16 + (n))

/* TLB_CONTROL, 15.16.2. */
enum { TLB_KEEP = 0, TLB_FLUSH_ALL = 1, TLB_FLUSH_ASID = 3 };

/* vmcb.control.virtual_interrupt */
#define V_TPR           MASK(7, 0)
#define V_IRQ           BIT(8)
#define V_NMI           BIT(11) /* waits; the processor delivers it */
#define V_NMI_MASK      BIT(12)
#define V_INTR_PRIO     MASK(19, 16)
#define V_IGN_TPR       BIT(20)
#define V_INTR_MASKING  BIT(24) /* IF and CR8 are the guest's own; the host's IF counts for real interrupts */
#define V_NMI_ENABLE    BIT(26)

/* vmcb.control.shadow */
#define SHADOW_INTERRUPTS BIT(0)

/* vmcb.control.event (EVENTINJ, 15.20) and .exit_event (EXITINTINFO, 15.7.2); 63:32 is the error code. */
#define EVENT_VECTOR    MASK(7, 0)
#define EVENT_TYPE(e)   bits_get(e, 10, 8)
#define EVENT_HAS_ERROR BIT(11)
#define EVENT_VALID     BIT(31)

/* vmcb.control.nested */
#define NESTED_PAGING BIT(0)

/* vmcb.control.clean: what the processor need not read again (15.15.3). */
#define CLEAN_CONTROLS  BIT(0) /* intercepts, TSC offset, pause filter */
#define CLEAN_MAPS      BIT(1)
#define CLEAN_ASID      BIT(2)
#define CLEAN_VINTR     BIT(3)
#define CLEAN_NESTED    BIT(4) /* nested CR3, PAT */
#define CLEAN_CR        BIT(5) /* CR0, CR3, CR4, EFER */
#define CLEAN_DR        BIT(6)
#define CLEAN_TABLES    BIT(7) /* GDTR, IDTR */
#define CLEAN_SEGMENTS  BIT(8) /* CS, DS, SS, ES, CPL */
#define CLEAN_CR2       BIT(9)
#define CLEAN_ALL       MASK(9, 0)

/* Exit information: IOIO (15.10.2), MOV CR (15.33.1), nested page fault (15.25.6). */
#define IO_IN           BIT(0)
#define IO_STRING       BIT(2)
#define IO_REP          BIT(3)
#define IO_BYTES(i)     bits_get(i, 6, 4)
#define IO_PORT(i)      bits_get(i, 31, 16)
#define MOV_CR_VALID    BIT(63)
#define MOV_CR_GPR(i)   bits_get(i, 3, 0)
#define NPF_FETCH       BIT(4)
#define NPF_WALKING     BIT(33)

/* The MSR permission map (15.11), in the form of arch/x86/guest_maps.h. */
#define SVM_MSR_LAYOUT {.first = {0, 0xc0000000, 0xc0010000}, .ranges = 3, .step = 2, .write = 1}

/* vmcb_segment.attributes: the descriptor's bits 55:52 and 47:40, close together. */
#define ATTRIBUTE_L  BIT(9)
#define ATTRIBUTE_DB BIT(10)
/* clang-format on */

struct vmcb_segment {
    u16 selector, attributes;
    u32 limit;
    u64 base;
};

struct vmcb_control {
    u32 intercept[6];
    u8 reserved18[36];
    u16 pause_threshold, pause_count;
    u64 io_map, msr_map, tsc_offset;
    u32 asid;
    u8 tlb_control, reserved5d[3];
    u64 virtual_interrupt, shadow;
    u64 exit_code, info1, info2, exit_event;
    u64 nested;
    u64 avic_bar, ghcb;
    u64 event;
    u64 nested_cr3, extensions;
    u32 clean, reserved_c4;
    u64 next_rip;
    u8 fetched, bytes[15];
    u64 avic_page, reserved_e8, avic_logical, avic_physical;
    u8 reserved100[0x300];
};

struct vmcb_save {
    struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
    u8 reserved_a0[43], cpl, reserved_cc[4];
    u64 efer;
    u8 reserved_d8[112];
    u64 cr4, cr3, cr0, dr7, dr6, rflags, rip;
    u8 reserved180[88];
    u64 rsp, s_cet, ssp, isst, rax;
    u64 star, lstar, cstar, sfmask, kernel_gs_base;
    u64 sysenter_cs, sysenter_esp, sysenter_eip;
    u64 cr2;
    u8 reserved248[32];
    u64 pat, debugctl, br_from, br_to, exception_from, exception_to;
    u8 reserved298[72];
    u64 spec_ctrl;
    u8 reserved2e8[0x918];
};

struct vmcb {
    struct vmcb_control control;
    struct vmcb_save save;
} aligned(4096);

/* clang-format off */
#define VMCB_AT(field, offset) _Static_assert(offsetof(struct vmcb, field) == (offset), "APM 2, appendix B")
VMCB_AT(control.pause_threshold, 0x3c); VMCB_AT(control.io_map, 0x40); VMCB_AT(control.asid, 0x58);
VMCB_AT(control.virtual_interrupt, 0x60); VMCB_AT(control.exit_code, 0x70); VMCB_AT(control.nested, 0x90);
VMCB_AT(control.event, 0xa8); VMCB_AT(control.nested_cr3, 0xb0); VMCB_AT(control.clean, 0xc0);
VMCB_AT(control.next_rip, 0xc8); VMCB_AT(control.avic_page, 0xe0); VMCB_AT(save, 0x400);
VMCB_AT(save.tr, 0x490); VMCB_AT(save.cpl, 0x4cb); VMCB_AT(save.efer, 0x4d0); VMCB_AT(save.cr4, 0x548); VMCB_AT(save.rip, 0x578);
VMCB_AT(save.rsp, 0x5d8); VMCB_AT(save.rax, 0x5f8); VMCB_AT(save.kernel_gs_base, 0x620);
VMCB_AT(save.cr2, 0x640); VMCB_AT(save.pat, 0x668); VMCB_AT(save.spec_ctrl, 0x6e0);
/* clang-format on */
_Static_assert(sizeof(struct vmcb) == 4096, "a page");

#endif

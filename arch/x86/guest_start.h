/* SPDX-License-Identifier: MIT */
/*
 * How a guest's processor starts: what a loader decides, or for a further one a start-up IPI, and
 * an engine loads into its registers.
 */
#ifndef ARCH_X86_GUEST_START_H
#define ARCH_X86_GUEST_START_H

#include "lib/types.h"

enum guest_kind { GUEST_FLAT, GUEST_ELF, GUEST_MULTIBOOT, GUEST_BZIMAGE };
enum guest_mode { GUEST_REAL16, GUEST_PROT32, GUEST_LONG64 };

/* `access` holds the descriptor's bits 8-15 and 20-23 (as its own bits 0-7 and 12-15), which is
 * also VMX's form of access rights (SDM volume 3, 25.4.1). */
struct start_segment {
    u64 base;
    u32 limit; /* in bytes */
    u16 selector, access;
};

/* Its registers; what is not named is 0, RFLAGS is 2. */
struct guest_start {
    enum guest_kind kind;
    enum guest_mode mode;
    u64 rip, rsp, rax, rbx, rdx, rsi, rdi;
    u64 cr0, cr3, cr4, efer;
    struct start_segment cs, data, tr; /* data: DS, ES, FS, GS and SS */
    u64 gdt_base;
    u16 gdt_limit, idt_limit; /* the IDT's base is 0 */
};

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The selectors of the runtime's GDT (rt/start.S), for C and the assembler. 32-bit code
 * uses SEL_DATA too. Descriptors from SEL_OWN up are the guest's to set.
 */
#ifndef TINY_DESC_H
#define TINY_DESC_H

#define SEL_CODE64  0x08
#define SEL_DATA    0x10
#define SEL_CODE32  0x18
#define SEL_LOW16   0x20
#define SEL_CODE16  0x28
#define SEL_DATA16  0x30
#define SEL_USER_DS 0x3b
#define SEL_USER_CS 0x43
#define SEL_TSS64   0x48
#define SEL_OWN     0x58

#define REAL_BASE    0x10000 /* where a 16-bit part is copied and runs */
#define REAL_SEGMENT 0x1000
#define VECTOR_LEAVE 0x80 /* INT 0x80 in ring 3 ends user_run */

#ifdef __ASSEMBLER__
/* clang-format off */
/* From 32-bit code without paging, on a GDT that has SEL_CODE64: a far jump there ends it. */
.macro enter_long_mode cr4
    movl $\cr4, %eax
    movl %eax, %cr4
    movl $rt_pml4, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x100, %eax                    /* EFER.LME */
    wrmsr
    movl $0x80010033, %eax              /* PG WP NE ET MP PE */
    movl %eax, %cr0
.endm
/* clang-format on */
#endif

#endif

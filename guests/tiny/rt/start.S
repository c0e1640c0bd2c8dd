/* SPDX-License-Identifier: MIT */
/*
 * Both ways in, and the descriptors and page tables that make the guest depend on nobody's. The
 * tables are data, built by the assembler: no code runs before they are loaded.
 */
#include "guests/tiny/rt/desc.h"

    .section .multiboot, "a"
    .balign 8
header:
    .long 0xe85250d6, 0, header_end - header, -(0xe85250d6 + (header_end - header))
    .short 3, 0                         /* the entry address: the ELF's own is 64-bit code */
    .long 12, rt_start32, 0
    .short 0, 0
    .long 8
header_end:

    .text
    .code32
    .globl rt_start32
rt_start32:                             /* multiboot2: 32-bit protected mode, no paging */
    cli
    movl %ebx, %esi                     /* multiboot2's information; Trivet's is in RDI, RSI 0 */
    xorl %edi, %edi
    movl $rt_stack_top, %esp
    lgdt rt_gdt_pointer
    enter_long_mode 0x20                /* PAE */
    ljmp $SEL_CODE64, $rt_start64

    .code64
    .globl rt_start64
rt_start64:                             /* Trivet: long mode, identity map, flat segments */
    cli
    cld
    rdtsc
    movl %eax, rt_first_tsc
    movl %edx, rt_first_tsc + 4
    movq %rdi, rt_start_info
    movq %rsi, rt_multiboot
    movl $rt_stack_top, %esp
    lgdt rt_gdt_pointer
    pushq $SEL_CODE64
    pushq $1f
    lretq
1:  movl $SEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movl $0x620, %eax                   /* PAE OSFXSR OSXMMEXCPT */
    movq %rax, %cr4
    movl $rt_pml4, %eax
    movq %rax, %cr3
    movl $0x80010033, %eax
    movq %rax, %cr0
    xorl %ebp, %ebp
    call rt_main
    ud2

    .data
    .balign 16
    .globl rt_first_tsc, rt_start_info, rt_multiboot, rt_gdt, rt_gdt_pointer
rt_start_info:                          /* what the loader left, or 0 */
    .quad 0
rt_multiboot:
    .quad 0
rt_first_tsc:                           /* the guest's first moment */
    .quad 0, 0
rt_gdt:
    .quad 0
    .quad 0x00af9b000000ffff            /* 08 code, 64-bit */
    .quad 0x00cf93000000ffff            /* 10 data, flat */
    .quad 0x00cf9b000000ffff            /* 18 code, 32-bit, flat */
    .quad 0x00009b008000ffff            /* 20 code, 16-bit, base 0x8000: the runtime's own */
    .quad 0x00009b010000ffff            /* 28 code, 16-bit, base 0x10000: the guest's part */
    .quad 0x000093010000ffff            /* 30 data, 16-bit, base 0x10000 */
    .quad 0x00cff3000000ffff            /* 38 data, ring 3 */
    .quad 0x00affb000000ffff            /* 40 code, 64-bit, ring 3 */
    .quad 0, 0                          /* 48 TSS, 64-bit */
    .fill 21, 8, 0                      /* 58 and up: the guest's */
rt_gdt_end:
    .balign 8
    .short 0, 0, 0                      /* so that the base is aligned */
rt_gdt_pointer:
    .short rt_gdt_end - rt_gdt - 1
    .quad rt_gdt

/* The first 4 GiB, identity, in 2M pages: present, writable. */
    .balign 4096
    .globl rt_pml4, rt_pdpt, rt_pd
rt_pml4:
    .quad rt_pdpt + 3
    .fill 511, 8, 0
rt_pdpt:
    .quad rt_pd + 3, rt_pd + 0x1003, rt_pd + 0x2003, rt_pd + 0x3003
    .fill 508, 8, 0
rt_pd:
    .set page, 0x83
    .rept 2048
    .quad page
    .set page, page + 0x200000
    .endr

    .bss
    .balign 16
    .skip 32768
    .globl rt_stack_top
rt_stack_top:

    .section .note.GNU-stack, "", @progbits

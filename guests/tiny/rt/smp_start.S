/* SPDX-License-Identifier: MIT */
/*
 * Where a start-up IPI begins: real mode, CS:IP = page:0. Copied to whatever page that is, so it
 * addresses itself by CS only, and what lies in the image by its 32-bit address.
 */
#include "guests/tiny/rt/desc.h"

#define AT(label) (label - rt_trampoline)

    .text
    .code16
    .globl rt_trampoline, rt_trampoline_end
rt_trampoline:
    cli
    cld
    lgdtl %cs:AT(gdt)
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl *%cs:AT(far)
gdt:
    .short 0xff                         /* the GDT itself is above 1 MiB */
    .long rt_gdt
far:
    .long ap_start32
    .short SEL_CODE32
rt_trampoline_end:

    .code32
ap_start32:
    movl $SEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl rt_ap_stack, %esp
    enter_long_mode 0x620               /* PAE OSFXSR OSXMMEXCPT */
    ljmp $SEL_CODE64, $ap_start64

    .code64
ap_start64:
    lgdt rt_gdt_pointer
    lidt rt_idt_pointer
    movl $0x1f80, rt_ap_csr
    fninit
    ldmxcsr rt_ap_csr
    xorl %ebp, %ebp
    call rt_ap_main
    ud2

    .data
    .balign 8
    .short 0, 0, 0
rt_idt_pointer:
    .short 4095
    .quad rt_idt
rt_ap_csr:
    .long 0

    .section .note.GNU-stack, "", @progbits

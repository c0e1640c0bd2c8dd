/* SPDX-License-Identifier: MIT */
/*
 * What a new core runs: real mode at CS:0 of a page below 1 MiB, then 32 bits, then long mode on
 * the boot tables (which map that page), then the final tables and ap_main(cpu, work). The core claims its
 * orders by exchanging `cpu` with 0, so that a latecomer finds nothing and halts.
 */
    .section .boot.rodata, "a"
    .globl ap_start, ap_start_32, ap_start_64, ap_start_params, ap_start_gdt, ap_start_end
    .balign 16
    .code16
ap_start:
    cli
    cld
    mov %cs, %ax
    mov %ax, %ds
    lgdtl gdt_limit - ap_start
    mov %cr0, %eax
    and $0x1ffafff3, %eax               /* PG CD NW AM WP TS EM off */
    or $1, %eax
    mov %eax, %cr0
    mov boot_cr3 - ap_start, %ebx
    mov entry_64 - ap_start, %edi
    xor %esi, %esi
    mov %cs, %si
    shl $4, %esi                        /* esi: the page */
    ljmpl *(entry_32 - ap_start)

    .code32
ap_start_32:
    mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov $0x20, %eax                     /* PAE */
    mov %eax, %cr4
    mov %ebx, %cr3
    cmpw $0, (unhide_nx - ap_start)(%esi)
    je 1f
    mov $0x1a0, %ecx                    /* IA32_MISC_ENABLE[34] hides NX, and NXE would fault */
    rdmsr
    and $~(1 << 2), %edx
    wrmsr
1:  mov $0xc0000080, %ecx               /* EFER: LME, NXE (the boot core has seen that it exists) */
    rdmsr
    or $0x900, %eax
    wrmsr
    mov %cr0, %eax
    or $0x80010000, %eax                /* PG, WP */
    mov %eax, %cr0
    ljmp *(entry_64 - ap_start)(%esi)

    .code64
ap_start_64:
    xor %eax, %eax
    lock xchg %rax, (param_cpu - ap_start)(%rsi)
    test %rax, %rax
    jz 1f
    mov %rax, %rdi
    mov (param_stack - ap_start)(%rsi), %rdx
    mov (param_entry - ap_start)(%rsi), %rcx
    mov (param_cr3 - ap_start)(%rsi), %rbx
    mov (param_work - ap_start)(%rsi), %rsi
    movabs $ap_switch, %rax
    jmp *%rax
1:  cli
    hlt
    jmp 1b

    .balign 8
ap_start_gdt:
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff
    .balign 16
ap_start_params:
param_cpu:   .skip 8
param_cr3:   .skip 8
param_stack: .skip 8
param_entry: .skip 8
param_work:  .skip 8
boot_cr3:    .skip 4 + 2
gdt_limit:   .skip 6
entry_32:    .skip 6 + 2
entry_64:    .skip 6
unhide_nx:   .skip 2
ap_start_end:

    .section .boot.text, "ax"
/* In the image, mapped by both tables: to the final ones and the core's own stack. rdi cpu, rsi work. */
ap_switch:
    mov %rbx, %cr3
    mov %rdx, %rsp
    xor %ebp, %ebp
    push %rbp
    push %rbp
    call *%rcx
    ud2

    .section .note.GNU-stack, "", @progbits

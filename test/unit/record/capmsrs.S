/* SPDX-License-Identifier: MIT */
/*
 * A boot sector that prints what a processor says of VMX and SVM on Bochs's port 0xe9, a line each:
 *     C leaf subleaf eax ebx ecx edx          M number edx eax          G number    (reading raised #GP)
 * and then switches Bochs off. Real mode is enough: CPUID and RDMSR work there, and so does #GP by
 * the interrupt table. Built and run by record.py.
 */
        .code16
        .globl  start
start:  cli
        xor     %ax, %ax
        mov     %ax, %ds
        mov     %ax, %ss
        mov     $0x7c00, %sp
        movw    $gp_fault, 13 * 4
        mov     %ax, 13 * 4 + 2

        mov     $leaves, %si
1:      lodsl                           /* leaf, then subleaf as a byte */
        mov     %eax, %ebp
        movzbl  (%si), %ecx
        inc     %si
        mov     $'C', %al
        call    letter
        mov     %ebp, %eax
        call    hex
        mov     %ecx, %eax
        call    hex
        mov     %ebp, %eax
        cpuid
        call    hex
        mov     %ebx, %eax
        call    hex
        mov     %ecx, %eax
        call    hex
        mov     %edx, %eax
        call    hex
        call    newline
        cmp     $leaves_end, %si
        jb      1b

        mov     $ranges, %si
2:      lodsl                           /* first number, then the count as a byte */
        mov     %eax, %ebp
        movzbw  (%si), %di
        inc     %si
3:      mov     %ebp, %ecx
        mov     %sp, %bx
        rdmsr
        push    %eax
        mov     $'M', %al
        call    letter
        mov     %ebp, %eax
        call    hex
        mov     %edx, %eax
        call    hex
        pop     %eax
        call    hex
4:      call    newline
        inc     %ebp
        dec     %di
        jnz     3b
        cmp     $ranges_end, %si
        jb      2b

        mov     $bye, %si
        mov     $0x8900, %dx
5:      lodsb
        out     %al, %dx
        jmp     5b

/* The frame is thrown away: nothing but the RDMSR above can fault. */
gp_fault:
        mov     %bx, %sp
        mov     $'G', %al
        call    letter
        mov     %ebp, %eax
        call    hex
        jmp     4b

newline: mov    $'\n', %al
letter: out     %al, $0xe9
        ret

/* A space and %eax in eight digits; keeps all but %eax. */
hex:    push    %cx
        push    %eax
        mov     $' ', %al
        call    letter
        pop     %eax
        mov     $8, %cx
6:      rol     $4, %eax
        push    %ax
        and     $15, %al
        cmp     $10, %al
        sbb     $0x69, %al
        das
        call    letter
        pop     %ax
        loop    6b
        pop     %cx
        ret

        .macro  leaf number, sub=0
        .long   \number
        .byte   \sub
        .endm
leaves: leaf    0
        leaf    1
        leaf    7
        leaf    7, 1
        leaf    13, 1
        leaf    0x80000000
        leaf    0x80000001
        leaf    0x80000008
        leaf    0x8000000a
leaves_end:
ranges: leaf    0x3a, 1                 /* FEATURE_CONTROL */
        leaf    0x480, 20               /* VMX_BASIC .. VMX_EXIT_CTLS2 */
        leaf    0xc0010114, 1           /* VM_CR */
        leaf    0xc0010117, 1           /* VM_HSAVE_PA */
ranges_end:
bye:    .ascii  "Shutdown"
        .org    510
        .word   0xaa55

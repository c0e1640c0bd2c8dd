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
1:      lodsl                           /* leaf, then first and last subleaf as bytes */
        mov     %eax, %ebp
        movzbl  (%si), %edi
        inc     %si
8:      mov     $'C', %al
        call    letter
        mov     %ebp, %eax
        call    hex
        mov     %edi, %eax
        call    hex
        mov     %edi, %ecx
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
        inc     %edi
        mov     %edi, %eax
        cmp     (%si), %al
        jbe     8b
        inc     %si
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

        .macro  leaf number, sub=0, last
        .long   \number
        .byte   \sub
        .ifnb   \last
        .byte   \last
        .endif
        .endm
leaves: .ifdef  CPUID_ONLY              /* for recorded_cpuids.h */
        .irp    n, 0, 1, 2, 3, 5, 6, 9, 10, 15, 16, 18, 20, 21, 22, 25, 26
        leaf    \n, 0, 0
        .endr
        leaf    4, 0, 4
        leaf    7, 0, 2
        leaf    11, 0, 2
        leaf    13, 0, 18
        leaf    31, 0, 2
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 0x19, 0x1a, 0x1e, 0x1f, 0x21
        leaf    0x80000000 + \n, 0, 0
        .endr
        leaf    0x8000001d, 0, 4
        .else
        leaf    0, 0, 0
        leaf    1, 0, 0
        leaf    7, 0, 1
        leaf    13, 1, 1
        leaf    0x80000000, 0, 0
        leaf    0x80000001, 0, 0
        leaf    0x80000008, 0, 0
        leaf    0x8000000a, 0, 0
        .endif
leaves_end:
ranges: leaf    0x3a, 1                 /* FEATURE_CONTROL */
        leaf    0x480, 20               /* VMX_BASIC .. VMX_EXIT_CTLS2 */
        leaf    0xc0010114, 1           /* VM_CR */
        leaf    0xc0010117, 1           /* VM_HSAVE_PA */
ranges_end:
bye:    .ascii  "Shutdown"
        .org    510
        .word   0xaa55

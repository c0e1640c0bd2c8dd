/* SPDX-License-Identifier: MIT */
/*
 * A boot sector that lives by interrupts: real mode, the timer's interrupt through the IVT at vector 0x20, HLT
 * between; ok after a hundred ticks, none of them at a wrong stack.
 */
    .code16
    .globl start
start:
    cli
    cld
    ljmpw $0, $1f
1:  xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw $0x7c00, %sp
    movw $tick, 0x80
    movw $0, 0x82
    movw $words, %si                    /* port and value, one after the other */
2:  lodsw
    movw %ax, %dx
    testw %dx, %dx
    jz 3f
    lodsb
    outb %al, %dx
    jmp 2b
3:  movw %sp, %bp
    xorw %bx, %bx
4:  sti
    hlt
    cli
    cmpw %bp, %sp
    jne bad
    cmpw $100, %bx
    jb 4b
    movw $ok, %si
    xorw %bx, %bx
    jmp end
bad:
    movw $0x7c00, %sp
    movw $failed, %si
    movw $1, %bx
end:
    movb $0xff, %al
    outb %al, $0x21
    call say
    movw $0x3fd, %dx
    movw $0xffff, %cx
5:  inb %dx, %al
    testb $0x40, %al
    loopz 5b
    movb %bl, %al
    outb %al, $0xf4
6:  hlt
    jmp 6b

tick:
    incw %bx
    pushw %ax
    movb $0x20, %al
    outb %al, $0x20
    popw %ax
    iretw

say:                                    /* SI: text, ends with 0 */
    lodsb
    testb %al, %al
    jz 8f
    movb %al, %ah
    movw $0x3fd, %dx
    movw $0xffff, %cx
7:  inb %dx, %al
    testb $0x20, %al
    loopz 7b
    movw $0x3f8, %dx
    movb %ah, %al
    outb %al, %dx
    jmp say
8:  ret

    .macro word port, value
    .short \port
    .byte \value
    .endm
words:
    word 0x3fb, 0x83
    word 0x3f8, 1
    word 0x3f9, 0
    word 0x3fb, 3
    word 0x3f9, 0
    word 0x20, 0x11
    word 0x21, 0x20
    word 0x21, 0x04
    word 0x21, 0x01
    word 0xa1, 0xff
    word 0x21, 0xfe
    word 0x43, 0x34                     /* counter 0, mode 2, 1 kHz */
    word 0x40, 0xa9
    word 0x40, 0x04
    .short 0
ok:
    .asciz "ok flat_timer\r\n"
failed:
    .asciz "FAILED flat_timer 1\r\n"
    .org 510
    .short 0xaa55

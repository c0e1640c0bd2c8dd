/* SPDX-License-Identifier: MIT */
/*
 * A boot sector: real mode at 0x7c00, a line through the UART, port I/O with and without REP, and a
 * far jump that normalizes CS. Says ok, or FAILED with what did not hold.
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
    movw $0x3fb, %dx                    /* 8N1, 115200 */
    movb $0x83, %al
    outb %al, %dx
    movw $0x3f8, %dx
    movw $1, %ax
    outw %ax, %dx
    movw $0x3fb, %dx
    movb $3, %al
    outb %al, %dx
    movw $0x3f9, %dx
    xorw %ax, %ax
    outb %al, %dx

    movw $greeting, %si
    call say
    /* INSB from a port that nobody decodes: ones, at DI, upwards. */
    movw $0x1234, %dx
    movw $0x600, %di
    movw $4, %cx
    rep insb
    movw $failed, %si
    movb $1, %bl
    cmpw $0x604, %di
    jne end
    cmpl $0xffffffff, 0x600
    jne end
    smsww %ax
    testb $1, %al
    jnz end
    movw $ok, %si
    movb $0, %bl
end:
    call say
    movw $0x3fd, %dx
    movw $0xffff, %cx
2:  inb %dx, %al
    testb $0x40, %al
    loopz 2b
    movb %bl, %al
    outb %al, $0xf4
    cli
3:  hlt
    jmp 3b

say:                                    /* SI: text, ends with 0 */
    lodsb
    testb %al, %al
    jz 5f
    movb %al, %ah
    movw $0x3fd, %dx
    movw $0xffff, %cx
4:  inb %dx, %al
    testb $0x20, %al
    loopz 4b
    movw $0x3f8, %dx
    movb %ah, %al
    outb %al, %dx
    jmp say
5:  ret

greeting:
    .asciz "Hello from real mode.\r\n"
ok:
    .asciz "ok flat_hello\r\n"
failed:
    .asciz "FAILED flat_hello 1\r\n"
    .org 510
    .short 0xaa55

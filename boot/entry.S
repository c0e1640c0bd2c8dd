/* SPDX-License-Identifier: MIT */
/*
 * From the boot loader's 32-bit hand-over to hv_main in long mode: the only code that
 * runs below the image's own addresses, so every reference is (symbol - IMAGE_VIRTUAL) plus
 * the distance the loader moved us, kept in %ebp.
 */
#define MB2_MAGIC  0xe85250d6
#define MB2_HANDED 0x36d76289
#define VIRTUAL    0xffffffff80000000
#define DIRECT     0xffff800000000000

    .section .boot.header, "a"
    .balign 8
header:
    .long MB2_MAGIC, 0, header_end - header, -(MB2_MAGIC + (header_end - header))
    .balign 8 /* console: EGA text will do, none is required */
    .short 4, 1
    .long 12, 2
    .balign 8 /* modules on page boundaries */
    .short 6, 0
    .long 8
    .balign 8 /* relocatable: 2 MiB steps below 4 GiB, low preferred */
    .short 10, 0
    .long 24, 0x200000, 0xffffffff, 0x200000, 1
    .balign 8
    .short 0, 0
    .long 8
header_end:

    .section .boot.text, "ax"
    .code32
    .globl _start
/* Entered with: eax the multiboot2 magic, ebx its information, protected mode, no stack, no usable GDT. */
_start:
    cli
    cld
    mov %eax, %esi
    rdtsc                               /* the hand-over's time, in edx:ecx until there is memory */
    mov %eax, %ecx
    mov %esi, %eax
    xor %ebp, %ebp
    mov $(no_multiboot - VIRTUAL), %esi
    cmp $MB2_HANDED, %eax
    jne refuse
    /* Where are we? The information's reserved second word serves as a stack of one word. */
    lea 8(%ebx), %esp
    call 1f
1:  pop %ebp
    sub $(1b - VIRTUAL), %ebp
    movl $0, 4(%ebx)
    lea (boot_stack_top - VIRTUAL)(%ebp), %esp
    mov %ecx, (boot_handed_over - VIRTUAL)(%ebp)
    mov %edx, (boot_handed_over - VIRTUAL + 4)(%ebp)

    /* CPUID is there if EFLAGS.ID can be turned (SDM 1, 20.1.3). */
    lea (no_long_mode - VIRTUAL)(%ebp), %esi
    pushf
    pop %eax
    mov %eax, %ecx
    xor $0x200000, %eax
    push %eax
    popf
    pushf
    pop %eax
    cmp %eax, %ecx
    je refuse
    mov %ebx, %edi
    mov $0x80000000, %eax
    cpuid
    cmp $0x80000001, %eax
    jb refuse
    mov $0x80000001, %eax
    cpuid
    test $(1 << 29), %edx
    jz refuse

    call build_tables
    lea (boot_pml4 - VIRTUAL)(%ebp), %eax
    mov %eax, %cr3
    mov %cr4, %eax
    or $(1 << 5), %eax                  /* PAE */
    mov %eax, %cr4
    mov $0xc0000080, %ecx               /* EFER.LME */
    rdmsr
    or $(1 << 8), %eax
    wrmsr
    mov %cr0, %eax
    or $0x80010001, %eax                /* PG, WP, PE */
    and $~0x0000000c, %eax              /* EM, TS off */
    mov %eax, %cr0

    lea (boot_gdt - VIRTUAL)(%ebp), %eax
    push $0
    push %eax
    pushw $(boot_gdt_end - boot_gdt - 1)
    lgdt (%esp)
    add $10, %esp
    lea (long_mode - VIRTUAL)(%ebp), %eax
    push $8
    push %eax
    lret

/*
 * Identity and direct map of the first 4 GiB through the same tables, and 18 MiB from VIRTUAL on: the image is linked
 * 2 MiB above that and has at most 16 (linker.ld). One table of gigabytes serves all three: its first four entries are
 * the 4 GiB, its last but one is the image's. Keeps edi (the information) and ebp.
 */
build_tables:
    lea (boot_pd - VIRTUAL)(%ebp), %ebx
    mov $0x83, %eax                     /* present, writable, 2M */
    xor %ecx, %ecx
1:  mov %eax, (%ebx,%ecx,8)
    add $0x200000, %eax
    inc %ecx
    cmp $2048, %ecx
    jb 1b

    lea 3(%ebx), %eax
    lea (boot_pdpt - VIRTUAL)(%ebp), %ebx
    xor %ecx, %ecx
1:  mov %eax, (%ebx,%ecx,8)
    add $0x1000, %eax
    inc %ecx
    cmp $4, %ecx
    jb 1b

    lea (boot_pml4 - VIRTUAL)(%ebp), %ecx
    lea 3(%ebx), %eax
    mov %eax, (%ecx)
    mov %eax, 256*8(%ecx)
    mov %eax, 511*8(%ecx)
    lea (boot_pd_image - VIRTUAL + 3)(%ebp), %eax
    mov %eax, 510*8(%ebx)

    lea 0x83(%ebp), %eax
    lea (boot_pd_image - VIRTUAL)(%ebp), %ebx
    xor %ecx, %ecx
1:  mov %eax, (%ebx,%ecx,8)
    add $0x200000, %eax
    inc %ecx
    cmp $9, %ecx
    jb 1b
    ret

/*
 * Entered with esi: a sentence. Says it on COM1 and on the VGA text screen, then ends in the ways
 * that emulators know, and halts. Uses no stack.
 */
refuse:
    mov $0x3fb, %dx                     /* COM1: 115200 8N1 */
    mov $0x80, %al
    out %al, %dx
    mov $0x3f8, %dx
    mov $1, %al
    out %al, %dx
    inc %dx
    xor %eax, %eax
    out %al, %dx
    mov $0x3fb, %dx
    mov $3, %al
    out %al, %dx
    mov $0xb8000, %edi
1:  lodsb
    test %al, %al
    jz 3f
    mov %al, %bl
    cmp $32, %al
    jb 9f
    mov %al, (%edi)
    movb $0x0f, 1(%edi)
    add $2, %edi
9:
    mov $0x3fd, %dx
    mov $100000, %ecx                   /* a missing port must not hold us for long */
2:  in %dx, %al
    test $0x20, %al
    loopz 2b
    mov %bl, %al
    mov $0x3f8, %dx
    out %al, %dx
    jmp 1b
3:  mov $100000, %ecx
    mov $0x3fd, %dx
4:  in %dx, %al
    test $0x40, %al
    loopz 4b
    lea (shutdown_word - VIRTUAL)(%ebp), %esi
    mov $0x8900, %dx
    mov $8, %ecx
    rep outsb
    mov $0x604, %dx
    mov $0x2000, %ax
    out %ax, %dx
5:  hlt
    jmp 5b

    .code64
long_mode:
    movabs $1f, %rax
    jmp *%rax
1:  mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    lea boot_stack_top(%rip), %rsp
    mov %edi, %edi                      /* the upper halves are undefined after the switch */
    mov %ebp, %esi
    xor %ebp, %ebp
    push %rbp
    push %rbp
    call hv_main                        /* (information, distance moved); never returns */
    ud2

    .section .boot.rodata, "a"
    .balign 8
boot_gdt:
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
boot_gdt_end:
no_multiboot:
    .ascii "Trivet is a multiboot2 kernel: start it with GRUB's `multiboot2`, or boot its ISO.\r\n"
    .asciz "@trivet1 refuse reason=no-multiboot2 text=\"not started by a multiboot2 loader\"\r\n@trivet1 done status=1\r\n"
no_long_mode:
    .ascii "Trivet needs a 64-bit processor, and this one is not.\r\n"
    .asciz "@trivet1 refuse reason=no-long-mode text=\"Trivet needs a 64-bit processor, and this one is not\"\r\n@trivet1 done status=1\r\n"
shutdown_word:
    .ascii "Shutdown"

    .section .bss
    .balign 8
    .globl boot_handed_over
boot_handed_over: .skip 8

    .section .boot.pages, "aw", @nobits
    .balign 4096
    .globl boot_pml4
boot_pml4:       .skip 4096
boot_pdpt:       .skip 4096
boot_pd:         .skip 4 * 4096
boot_pd_image:   .skip 4096
boot_stack:      .skip 16384
boot_stack_top:

    .section .note.GNU-stack, "", @progbits

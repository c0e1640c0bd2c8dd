/* SPDX-License-Identifier: MIT */
/*
 * Into the guest and out again. HOST_RSP is the vCPU itself, so an exit finds by it where the registers belong;
 * then the host's own stack is taken up. Only IST stacks are used by what may interrupt us meanwhile (interrupts are
 * off), so a stack pointer that stands in the vCPU is safe.
 *
 * Most exits are an instruction that a handler of vmx_quick does, and nothing else: those never leave this file.
 * What C keeps for its caller (R12 to R15) still holds the guest's values all the while, so it is neither saved nor
 * loaded. All other exits save the rest too, and C decides: vmx_exited.
 */
#include "arch/x86/return_stack.h"
#include "vmx/vmx_offsets.h"
#include "arch/x86/guest_gpr.h"

/* A VMCS field of the current VMCS; `to` and `by` may be the same register. */
.macro vmcs_get field, to, by
    mov $\field, \by
    vmread \by, \to
#if COUNT_VMCS
    incq vmx_counts(%rip)
#endif
.endm

/* The exit is over, of the vCPU in RBX, for the reason in EBP: core/stats.h. Clobbers RAX, RDX, RBP. */
.macro count_exit
#if COUNT_VMCS
    mov %ebp, %edi
    call vmx_count_exit
#endif
#if COUNT_EXITS
    rdtsc
    sub VMX_EXIT_BEGAN(%rbx), %eax
    add %rax, STATS_SUM(%rbx, %rbp, 8)
    cmp %eax, STATS_MAX(%rbx, %rbp, 4)
    jb 92f
91: cmp %eax, STATS_MIN(%rbx, %rbp, 4)
    ja 94f
93: or $1, %eax
    bsr %eax, %eax
    shl $STATS_BUCKETS_SHIFT, %ebp
    add %ebp, %eax
    incl STATS_BUCKET(%rbx, %rax, 4)
    .subsection 1
92: mov %eax, STATS_MAX(%rbx, %rbp, 4)
    jmp 91b
94: mov %eax, STATS_MIN(%rbx, %rbp, 4)
    jmp 93b
    .previous
#endif
.endm

    .text
    .globl vmx_run
/*
 * rdi: the vCPU, its VMCS current. Returns when it is to look up, or when no entry was possible. Keeps the
 * registers that C wants kept.
 */
vmx_run:
    keep_registers
    mov %rsp, VMX_HOST_STACK(%rdi)
    mov %rdi, %rbx
    cmpb $0, VMX_LAUNCHED(%rbx)
    jne .Lresume

    movb $1, VMX_LAUNCHED(%rbx)         /* the first time since VMCLEAR */
    each_register load, %rbx
    load 0, %rax, %rbx
    load 3, %rbx, %rbx
    vmlaunch
    jmp .Lfailed

.Lresume:
    each_kept load, %rbx
.Lresume_quick:
    each_scratch load, %rbx
    load 0, %rax, %rbx
    load 5, %rbp, %rbx
    load 3, %rbx, %rbx
    vmresume

.Lfailed:
    mov (%rsp), %rdi                    /* the stack is still ours */
    each_kept save, %rdi
    call vmx_entry_failed
    jmp .Lleave

    .globl vmx_exit_point
vmx_exit_point:
    each_scratch save, %rsp
    save 0, %rax, %rsp
    save 5, %rbp, %rsp
    save 3, %rbx, %rsp
    mov %rsp, %rbx
    mov VMX_HOST_STACK(%rbx), %rsp
    rdtsc
    mov %eax, VMX_EXIT_BEGAN(%rbx)
    vmcs_get FIELD_EXIT_REASON, %rbp, %rbp
    cmp $QUICK_REASONS, %rbp
    jae .Lrare
    mov %rbx, %rdi
    call *vmx_quick(, %rbp, 8)
    cmp $ACTION_NEXT, %eax
    jne .Lnot_next

    /* RIP moves on, if that is all that the end of an instruction does: guest_ends_plainly. */
    vmcs_get FIELD_EXIT_LENGTH, %rax, %rax
    vmcs_get FIELD_BLOCKING, %rdx, %rdx
    vmcs_get FIELD_RFLAGS, %rcx, %rcx
    vmcs_get FIELD_RIP, %rsi, %rdi
    and $SHADOWS, %edx
    and $TRAPS, %ecx
    or VCPU_ATTENTION(%rbx), %edx
    or %ecx, %edx
    jnz .Lnext_slowly
    add %rax, %rsi
    cmp %eax, %esi                      /* over a multiple of 4 GiB: 32-bit code would wrap */
    jb .Lnext_slowly
    vmwrite %rsi, %rdi
#if COUNT_VMCS
    incq vmx_counts + 8(%rip)
#endif

.Ldone:
    count_exit
    cmpq $-1, GUEST_DEADLINE(%rbx)
    je .Lresume_quick
    mov %rbx, %rdi
    call vmx_time_is_over
    test %al, %al
    jz .Lresume_quick
    each_kept save, %rbx

.Lleave:
    fill_return_stack
    give_registers
    ret

.Lnot_next:
    test %eax, %eax
    jnz .Lslowly
    cmpb $0, GUEST_EVENT_WAITS(%rbx)
    jne .Lslowly
    cmpl $0, VCPU_ATTENTION(%rbx)
    je .Ldone
    jmp .Lslowly

.Lrare:
    cmp $EXIT_REASONS, %rbp
    jb 1f
    mov $EXIT_REASONS, %ebp             /* an entry that failed late, or no reason that we know */
1:  mov $ACTION_UNSEEN, %eax
    jmp .Lslowly

.Lnext_slowly:
    mov $ACTION_NEXT, %eax

.Lslowly:                                 /* EAX: the action */
    each_kept save, %rbx
    mov %rbx, %rdi
    mov %ebp, %esi
    mov %eax, %edx
    call vmx_exited
    mov %eax, %r12d
    count_exit
    test %r12b, %r12b
    jnz .Lleave
    cmpq $-1, GUEST_DEADLINE(%rbx)
    je .Lresume
    mov %rbx, %rdi
    call vmx_time_is_over
    test %al, %al
    jz .Lresume
    jmp .Lleave

    .section .note.GNU-stack, "", @progbits

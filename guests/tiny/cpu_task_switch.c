/* SPDX-License-Identifier: MIT */
/*
 * Hardware task switches, 32-bit (SDM 3A 7.3): JMP, CALL and IRET with the nested flag, a task gate
 * taken by INT; busy bits, back link, TS, CR0 and registers; then what is refused, with its error
 * code.
 */
#include "guests/tiny/rt/tiny.h"

enum { A = SEL_OWN, B = SEL_OWN + 8, GATE = SEL_OWN + 16 };

struct tss32 {
    u32 link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags, eax, ecx, edx, ebx, esp, ebp, esi,
        edi, es, cs, ss, ds, fs, gs, ldt, map;
};
extern struct tss32 tss_a, tss_b;
struct tss32 tss_a aligned(128), tss_b aligned(128);
u8 stack_b[1024] aligned(16);
u32 seen_eax, seen_flags, seen_cr0, seen_tr;
static u32 notes[16];

/* Task B: notes what it finds, goes back by IRET, and is entered again behind it. */
PART(task_b, ".code32",
     "1: movl %eax, seen_eax\n pushfl\n popl seen_flags\n movl %cr0, %eax\n movl %eax, seen_cr0\n"
     "str seen_tr\n clts\n iretl\n jmp 1b");

/* In turn: CALL, INT through the gate, and three that are refused; A's registers must survive. */
PART(task_a, ".code32",
     "movl %eax, %edi\n movw $0x58, %ax\n ltr %ax\n"
     "movl $0x11223344, %ebx\n movl $0x55667788, %ebp\n"
     "lcall $0x60, $0\n"
     "cmpl $0x11223344, %ebx\n jne 9f\n cmpl $0x55667788, %ebp\n jne 9f\n"
     "movl seen_tr, %eax\n stosl\n movl seen_flags, %eax\n stosl\n movl seen_cr0, %eax\n stosl\n"
     "movl seen_eax, %eax\n stosl\n movl $0, seen_tr\n"
     "int $0x60\n movl seen_tr, %eax\n stosl\n" TRY32("ljmp $0x58, $0") NOTE32 /* A itself: busy */
         TRY32("ljmp $0x70, $0") NOTE32                                        /* not present */
             TRY32("lcall $0x78, $0") NOTE32 /* one byte too short */
     "9: str %ax\n movzwl %ax, %eax\n ret");

static void task_init(void)
{
    gdt_set(A, (u32)(u64)&tss_a, 103, 0x89, 0);
    gdt_set(B, (u32)(u64)&tss_b, 103, 0x89, 0);
    rt_gdt[GATE / 8] = 0;
    gdt_set(0x70, (u32)(u64)&tss_b, 103, 0x09, 0);
    gdt_set(0x78, (u32)(u64)&tss_b, 102, 0x89, 0);
    tss_a.map = 104u << 16;
    tss_b = (struct tss32){.eip = (u32)(u64)task_b,
                           .eflags = 2,
                           .eax = 0xb0b,
                           .cs = SEL_CODE32,
                           .esp = (u32)(u64)(stack_b + sizeof(stack_b)),
                           .ss = SEL_DATA,
                           .ds = SEL_DATA,
                           .es = SEL_DATA,
                           .map = 104u << 16};
}

TINY(cpu_task_switch)
{
    static volatile u32 *const note = notes;
    task_init();
    rt_task_gate32 = B;
    u32 tr = mode_prot32(task_a, (u32)(u64)notes);

    check(tr != 0xdead0000 && tr >> 16 == 0, "ended by exception %x", tr);
    check(note[0] == B, "TR in B: %x", note[0]);
    check(note[1] >> 14 & 1, "NT is not set in B: %x", note[1]);
    check(note[2] & CR0_TS, "TS is not set by the switch: %x", note[2]);
    check(note[3] == 0xb0b, "EAX in B: %x", note[3]);
    check(note[4] == B, "B by the task gate: %x", note[4]);
    check(tss_b.link == A, "back link %x", tss_b.link);
    check(tss_a.ebx == 0x11223344, "A's EBX in its TSS: %x", tss_a.ebx);
    check(note[5] == GP && note[6] == A, "a busy TSS: vector %u error %x", note[5], note[6]);
    check(note[7] == NP && note[8] == 0x70, "not present: vector %u error %x", note[7], note[8]);
    check(note[9] == TS && note[10] == 0x78, "a short TSS: vector %u error %x", note[9], note[10]);
}

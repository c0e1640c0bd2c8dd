/* SPDX-License-Identifier: MIT */
/*
 * Two moves to a device, one behind the other, as drivers select a register and reach it: Trivet
 * may do both in one exit, and nothing may come of that but time saved. An interrupt that the first
 * brings about, single-step, a breakpoint, a fault, a shadow and other code in the second's place
 * come between them.
 */
#include "guests/tiny/rt/apic.h"

#define VECTOR 0x65
#define ENTRY  (IOAPIC_LEVEL | VECTOR)
#define PIN    20 /* nobody's */
#define LOW    (0x10 + 2 * PIN)
#define VALUE  (IOAPIC_MASKED | 0x40)
#define ALIAS  0xa00000ull

/*
 * The I/O APIC's place is in RAX, what goes to it in RSI and RDX; RCX is for the other second. They
 * stand where Trivet remembers each in a place of its own (arch/x86/guest_fetch.h).
 */
extern u8 select_write_2[], select_write_3[], load_write_2[], write_select_2[], sti_select_2[],
    far_2[];
__asm__(
    ".pushsection .text; .balign 64\n"
    "select_write: movl %esi, (%rax)\n select_write_2: movl %edx, 0x10(%rax)\n"
    "select_write_3: jmp *%rbx\n .skip 3\n"
    "write_select: sti\n nop\n movl %edx, 0x10(%rax)\n write_select_2: movl %esi, (%rax)\n"
    " nop\n cli\n jmp *%rbx\n .balign 64\n .skip 7\n"
    "sti_select: sti\n movl %esi, (%rax)\n sti_select_2: movl %edx, 0x10(%rax)\n"
    " nop\n cli\n jmp *%rbx\n"
    "select_read: movl %esi, (%rax)\n movl 0x10(%rax), %edx\n jmp *%rbx\n"
    ".balign 64\n load_write: movl (%rax), %ecx\n load_write_2: movl %edx, 0x10(%rax)\n jmp *%rbx\n"
    "far: movl %esi, (%rax)\n far_2: movl %edx, 0x1000(%rax)\n jmp *%rbx\n"
    ".popsection");

/* There and back by RBX: what faults leaves nothing on the stack. */
#define GO(function) "leaq 1f(%%rip), %%rbx; jmp " #function "; 1:"
#define CALL(function, at, select, edx, ecx)                                                       \
    ({                                                                                             \
        u32 edx_ = (edx);                                                                          \
        __asm__ volatile(GO(function)                                                              \
                         : "+d"(edx_)                                                              \
                         : "a"(at), "S"(select), "c"(ecx)                                          \
                         : "memory", "cc", "rbx");                                                 \
        edx_;                                                                                      \
    })

static volatile u32 came, selected;
static volatile u64 came_at;

static void line(bool up)
{
    outb(0x3f9, up ? 2 : 0); /* the UART's transmitter is empty */
}

static void on_level(struct frame *frame)
{
    came++;
    came_at = frame->rip;
    selected = *(volatile u32 *)IOAPIC_PAGE;
    line(false);
    apic_eoi();
    *(volatile u32 *)IOAPIC_PAGE = selected;
}

/* Both are done, in their order, and from the second time on in one exit. */
static void both(void)
{
    u64 page = (u64)IOAPIC_PAGE, before = 0;

    for (u32 i = 0; i < 110; i++) {
        if (i == 10 && on_trivet())
            before = hypercall(HYPER_EXITS);
        CALL(select_write, page, LOW + 2 * (i % 3), VALUE + i, 0);
    }
    u64 exits = on_trivet() ? hypercall(HYPER_EXITS) - before : 0;
    check(exits < 150, "%lu exits for 100 pairs", exits);
    for (u32 i = 107; i < 110; i++) {
        check(ioapic_read((u8)(LOW + 2 * (i % 3))) == VALUE + i, "write %u is not there", i);
        for (unsigned again = 0; again < 3; again++) {
            u32 is = CALL(select_read, page, LOW + 2 * (i % 3), 0, 0);
            check(is == VALUE + i, "read %u: %x", i, is);
        }
    }
}

/* What stands behind the first now, not what stood there. */
static void other_code(void)
{
    volatile u8 *modrm = select_write_2 + 1;

    for (u32 i = 0; i < 20; i++) {
        *modrm = i & 1 ? 0x48 : 0x50; /* ECX, EDX */
        barrier();
        CALL(select_write, IOAPIC_PAGE, LOW, VALUE, VALUE + 1);
        check(ioapic_read(LOW) == VALUE + (i & 1), "round %u: old code", i);
    }
    *modrm = 0x50;
}

static volatile unsigned traps;
static volatile u64 rips[8];

static void on_db(struct frame *frame)
{
    rips[traps++ % 8] = frame->rip;
    write_dr6(0);
    frame->rflags |= FLAG_RF;
}

static void debugged(void)
{
    trap_on(DB, on_db);
    for (u32 i = 0; i < 3; i++)
        CALL(select_write, IOAPIC_PAGE, LOW, VALUE, 0);
    write_dr0((u64)select_write_2);
    write_dr7(0x401);
    CALL(select_write, IOAPIC_PAGE, LOW, VALUE + 2, 0);
    write_dr7(0x400);
    check(traps == 1 && rips[0] == (u64)select_write_2, "breakpoint: %u traps, at %lx", traps,
          rips[0]);
    check(ioapic_read(LOW) == VALUE + 2, "the second is not done behind a breakpoint");

    traps = 0;
    __asm__ volatile("pushfq; pushfq; orq $0x100, (%%rsp); popfq; " GO(select_write) " popfq"
                     :
                     : "a"(IOAPIC_PAGE), "S"(LOW), "d"(VALUE + 3)
                     : "memory", "cc", "rbx");
    check(traps == 6 && rips[2] == (u64)select_write_2 && rips[3] == (u64)select_write_3,
          "single-step: %u traps, %lx %lx", traps, rips[2], rips[3]);
    trap_on(DB, NULL);
}

/* A second that faults leaves the first done. Writing is not allowed because reading was. */
static void faults(void)
{
    u64 *table = page_split((void *)ALIAS), page = (u64)IOAPIC_PAGE | 0x10; /* not cached */

    table[0] = page | 3;
    table[1] = (u64)HOLE | 3;
    table[2] = page | 1;
    for (u64 at = ALIAS; at < ALIAS + 3 * 4096; at += 4096)
        invlpg((void *)at);
    for (u32 i = 0; i < 3; i++)
        CALL(far, ALIAS, LOW, 1, 0);
    check(ioapic_read(LOW) == VALUE + 3, "it went to another page");
    CALL(far, ALIAS, LOW, 1, 0);
    CALL(far, ALIAS, LOW, 1, 0);
    table[1] = 0;
    invlpg((void *)(ALIAS + 4096));
    write_cr0(read_cr0() | CR0_WP);
    unsigned vector = TRY(GO(far), : "a"(ALIAS), "S"(LOW), "d"(1) : "rbx", "memory", "cc");
    check(vector == PF && trap.rip == (u64)far_2 && trap.cr2 == ALIAS + 0x1000 && trap.error == 2,
          "another page: vector %u at %lx, error %lx", vector, trap.rip, trap.error);
    check(*(volatile u32 *)IOAPIC_PAGE == LOW, "the first of two was not done");
    ioapic_read(LOW);
    for (u32 i = 0; i < 3; i++)
        CALL(load_write, ALIAS, 0, VALUE + 4, 0);
    vector = TRY(GO(load_write),
                 : "a"(ALIAS + 0x2000), "d"(VALUE + 5)
                 : "rbx", "rcx", "memory", "cc");
    check(vector == PF && trap.rip == (u64)load_write_2 && trap.error == 3,
          "read-only: vector %u at %lx, error %lx", vector, trap.rip, trap.error);
    check(ioapic_read(LOW) == VALUE + 4, "written where that is not allowed");
}

/* The UART's pin, and its register selected. */
static void set(u32 entry)
{
    CALL(select_write, IOAPIC_PAGE, 0x10 + 2 * PIN_UART, entry, 0);
}

static void expect(const char *mode, const char *what, const u8 *at)
{
    if (came)
        check(came_at == (u64)at && selected == 0x10 + 2 * PIN_UART,
              "%s: %s, it came at %lx, not %lx, register %x", mode, what, came_at, (u64)at,
              selected);
}

/* It is let in as soon as it may come. */
static void interrupts(const char *mode)
{
    trap_on(VECTOR, on_level);
    ioapic_set(PIN_UART, IOAPIC_MASKED | ENTRY);
    for (u32 i = 0; i < 5; i++) {
        set(IOAPIC_MASKED | ENTRY);
        line(true);
        came = 0;
        CALL(write_select, IOAPIC_PAGE, LOW, i < 4 ? IOAPIC_MASKED | ENTRY : ENTRY, 0);
        check(came == (i >= 4), "%s, round %u: %u interrupts", mode, i, came);
        expect(mode, "unmasked", write_select_2);
    }
    for (u32 i = 0; i < 5; i++) {
        set(i < 4 ? IOAPIC_MASKED | ENTRY : ENTRY);
        line(i >= 4);
        came = 0;
        CALL(sti_select, IOAPIC_PAGE, 0x10 + 2 * PIN_UART, IOAPIC_MASKED | ENTRY, 0);
        check(came == (i >= 4), "%s, STI, round %u: %u interrupts", mode, i, came);
        expect(mode, "behind STI", sti_select_2);
    }
    line(false);
    ioapic_set(PIN_UART, IOAPIC_MASKED);
}

TINY(mem_mmio_pairs)
{
    outb(0x3fc, 0x0b);
    both();
    other_code();
    debugged();
    faults();
    if (on_trivet()) /* how soon an interrupt comes is a machine's own affair */
        apic_both(interrupts);
}

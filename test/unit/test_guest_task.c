/* SPDX-License-Identifier: MIT */
/*
 * arch/x86/guest_task and what it stands on, against SDM volume 3: 8.2.1 (the 32-bit TSS), 8.6 (the
 * 16-bit one), 8.3 (the switch), table 8-1 (its exceptions), 6.13 (error codes), table 6-5.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "arch/x86/flags.h"
#include "arch/x86/guest_debug.h"
#include "arch/x86/guest_task.h"
#include "test/unit/guest_machine.h"

enum {
    GDT = 0x1000,
    LDT = 0x2000,
    OLD_TSS = 0x3000,
    NEW_TSS = 0x4000,
    STACK = 0x6000,
};

/* Selectors. */
enum {
    CODE0 = 0x08,
    DATA0 = 0x10,
    CODE3 = 0x18,
    DATA3 = 0x20,
    OLD = 0x28,
    NEW = 0x30,
    LOCAL_TABLE = 0x38,
    SPARE = 0x40, /* a test puts there what it wants */
    GDT_LIMIT = 0x4f,
};

/* Access bytes and flags (bits 15:8 of a descriptor's second half, and 23:20), figure 3-8. */
enum { P = 0x80, S = 0x10, DPL3 = 0x60, BIG = 0x4, PAGES = 0x8 };
enum { CODE = S | 0xa, CONFORMING = S | 0xe, EXECUTE_ONLY = S | 0x8, DATA = S | 0x2 };
enum { READ_ONLY = S | 0x0, TSS16 = 1, LDT_TYPE = 2, TSS32 = 9, BUSY = 2 };

/* Where things lie in a TSS: figures 8-2 and 8-10. */
enum { LINK = 0, CR3 = 28, EIP = 32, EFLAGS = 36, EAX = 40, ESP = 56, EDI = 68, ES = 72, CS = 76 };
enum { SS = 80, DS = 84, FS = 88, GS = 92, LDTR = 96, TRAP = 100 };
enum { IP16 = 14, FLAGS16 = 16, AX16 = 18, SP16 = 26, DI16 = 32, ES16 = 34, CS16 = 36 };
enum { SS16 = 38, DS16 = 40, LDT16 = 42 };

static void describe(u32 at, u32 base, u32 limit, u32 access, u32 flags)
{
    poke(at, 4, (base & 0xffff) << 16 | (limit & 0xffff));
    poke(at + 4, 4,
         (base & 0xff000000) | flags << 20 | (limit & 0xf0000) | access << 8 | (base >> 16 & 0xff));
}

static u32 rights(u16 selector)
{
    return peek(GDT + selector + 5, 1);
}

static void flat(u16 selector, u32 access)
{
    describe(GDT + selector, 0, 0xfffff, access, BIG | PAGES);
}

static void new_task_32(void)
{
    poke(NEW_TSS + CR3, 4, 0x7000);
    poke(NEW_TSS + EIP, 4, 0x12345678);
    poke(NEW_TSS + EFLAGS, 4, 0x202);
    for (u32 i = 0; i < 8; i++)
        poke(NEW_TSS + EAX + 4 * i, 4, 0xb0000000 + i);
    poke(NEW_TSS + ESP, 4, STACK);
    for (u32 at = ES; at <= GS; at += 4)
        poke(NEW_TSS + at, 2, at == CS ? CODE0 : DATA0);
    poke(NEW_TSS + LDTR, 2, LOCAL_TABLE);
}

static void old_task(void)
{
    m.reg[GUEST_RIP] = 0x800;
    m.reg[GUEST_RFLAGS] = 0x4246; /* NT, IF, ZF, PF */
    m.reg[GUEST_CR0] = CR0_PE | CR0_PG;
    m.reg[GUEST_CR3] = 0x5000;
    m.reg[GUEST_DR6] = 0xffff0ff0;
    m.reg[GUEST_DR7] = 0x7ff;
    for (u32 i = 0; i < 8; i++)
        m.guest.gpr[i] = 0xa0000000 + i;
    m.reg[GUEST_RSP] = 0xa0000004;
    for (unsigned i = SEG_ES; i <= SEG_GS; i++) {
        m.selector[i] = i == SEG_CS ? CODE0 : DATA0;
        m.segment[i] = (struct guest_segment){0, 0xffffffff, i == SEG_CS ? 0xc09b : 0xc093};
    }
    m.selector[SEG_TR] = OLD;
    m.segment[SEG_TR] = (struct guest_segment){OLD_TSS, 0x67, 0x8b};
    m.segment[SEG_GDTR] = (struct guest_segment){GDT, GDT_LIMIT, 0};
    m.segment[SEG_LDTR] = (struct guest_segment){0, 0, 0x10000};
}

static int prepare(void **state)
{
    (void)state;
    memset(&m, 0, sizeof m);
    m.guest.ops = &machine_ops;
    m.guest.vcpu.vm = &m.vm;
    flat(CODE0, P | CODE);
    flat(DATA0, P | DATA);
    flat(CODE3, P | CODE | DPL3);
    flat(DATA3, P | DATA | DPL3);
    describe(GDT + OLD, OLD_TSS, 0x67, P | TSS32 | BUSY, 0);
    describe(GDT + NEW, NEW_TSS, 0x67, P | TSS32, 0);
    describe(GDT + LOCAL_TABLE, LDT, 0x0f, P | LDT_TYPE, 0);
    old_task();
    new_task_32();
    memset(m.memory + OLD_TSS, 0xee, 0x68);
    return 0;
}

static void switch_to(u16 selector, enum task_source source, u8 length)
{
    const struct guest_task_switch how = {.selector = selector, .source = source, .length = length};
    assert_int_equal(guest_task_switch(&m.guest, &how), GUEST_RESUME);
}

static void deliver(struct guest_event event)
{
    struct guest_task_switch how = {.selector = NEW, .source = TASK_GATE, .event = event};
    how.length = event.length;
    event.valid = true;
    how.event = event;
    assert_int_equal(guest_task_switch(&m.guest, &how), GUEST_RESUME);
}

static void expect_event(u8 vector, bool has_error, u32 error)
{
    assert_true(m.guest.event.valid);
    assert_int_equal(m.guest.event.vector, vector);
    assert_int_equal(m.guest.event.type, EVENT_TYPE_EXCEPTION);
    assert_int_equal(m.guest.event.has_error, has_error);
    assert_int_equal(m.guest.event.error, error);
    assert_false(m.stopped);
}

static void expect_in_new(void)
{
    assert_int_equal(m.selector[SEG_TR], NEW);
    assert_int_equal(m.reg[GUEST_RIP], 0x12345678);
    assert_true(m.reg[GUEST_CR0] & CR0_TS);
}

/* --- the good ways ---------------------------------------------------------------------------- */

static void saves_the_old_task(void **state)
{
    (void)state;
    switch_to(NEW, TASK_CALL, 7);
    assert_false(m.guest.event.valid);
    assert_int_equal(peek(OLD_TSS + EIP, 4), 0x807);
    assert_int_equal(peek(OLD_TSS + EFLAGS, 4), 0x4246);
    for (u32 i = 0; i < 8; i++)
        assert_int_equal(peek(OLD_TSS + EAX + 4 * i, 4), 0xa0000000 + i);
    for (u32 at = ES; at <= GS; at += 4) {
        assert_int_equal(peek(OLD_TSS + at, 2), at == CS ? CODE0 : DATA0);
        assert_int_equal(peek(OLD_TSS + at + 2, 2), 0xeeee); /* reserved */
    }
    for (u32 at = 0; at < EIP; at++) /* link, stacks, CR3 are the guest's */
        assert_int_equal(peek(OLD_TSS + at, 1), 0xee);
    for (u32 at = LDTR; at < 104; at++)
        assert_int_equal(peek(OLD_TSS + at, 1), 0xee);
}

static void loads_the_new_task(void **state)
{
    (void)state;
    switch_to(NEW, TASK_CALL, 7);
    expect_in_new();
    assert_int_equal(m.reg[GUEST_CR3], 0x7000);
    assert_int_equal(m.reg[GUEST_RFLAGS], 0x4202); /* NT is set */
    assert_int_equal(m.reg[GUEST_RSP], STACK);
    for (u32 i = 0; i < 8; i++)
        if (i != 4)
            assert_int_equal(m.guest.gpr[i], 0xb0000000 + i);
    assert_int_equal(m.selector[SEG_LDTR], LOCAL_TABLE);
    assert_int_equal(m.segment[SEG_LDTR].base, LDT);
    assert_int_equal(m.segment[SEG_LDTR].limit, 0x0f);
    assert_int_equal(m.segment[SEG_CS].access, 0xc09b); /* accessed, too, and so in memory */
    assert_int_equal(m.segment[SEG_GS].access, 0xc093);
    assert_int_equal(m.segment[SEG_GS].limit, 0xffffffff);
    assert_int_equal(rights(CODE0), 0x9b);
    assert_int_equal(m.segment[SEG_TR].base, NEW_TSS);
    assert_int_equal(m.segment[SEG_TR].access, 0x8b);
    assert_int_equal(m.reg[GUEST_DR7], 0x7ff & ~0x155u); /* L0 to L3, LE */
    assert_int_equal(m.reg[GUEST_DR6], 0xffff0ff0);
}

/* Table 8-2: busy bits, NT and link of both, for each source. */
static void nesting(void **state)
{
    (void)state;
    static const struct {
        enum task_source source;
        u32 new_access, old_after, new_after;
        u32 old_flags, new_flags;
        bool linked;
    } rows[] = {
        {TASK_JMP,  P | TSS32,        0x89, 0x8b, 0x4246, 0x202,  false},
        {TASK_CALL, P | TSS32,        0x8b, 0x8b, 0x4246, 0x4202, true },
        {TASK_GATE, P | TSS32,        0x8b, 0x8b, 0x4246, 0x4202, true },
        {TASK_IRET, P | TSS32 | BUSY, 0x89, 0x8b, 0x0246, 0x202,  false},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        prepare(NULL);
        poke(NEW_TSS + LINK, 2, 0x7777);
        describe(GDT + NEW, NEW_TSS, 0x67, rows[i].new_access, 0);
        switch_to(NEW, rows[i].source, 1);
        assert_false(m.guest.event.valid);
        assert_int_equal(rights(OLD), rows[i].old_after);
        assert_int_equal(rights(NEW), rows[i].new_after);
        assert_int_equal(peek(OLD_TSS + EFLAGS, 4), rows[i].old_flags);
        assert_int_equal(m.reg[GUEST_RFLAGS], rows[i].new_flags);
        assert_int_equal(peek(NEW_TSS + LINK, 2), rows[i].linked ? OLD : 0x7777);
    }
}

static void without_paging_cr3_stays(void **state)
{
    (void)state;
    m.reg[GUEST_CR0] = CR0_PE;
    switch_to(NEW, TASK_JMP, 7);
    assert_int_equal(m.reg[GUEST_CR3], 0x5000);
    expect_in_new();
}

static void to_16_bits(void **state)
{
    (void)state;
    describe(GDT + NEW, NEW_TSS, 43, P | TSS16, 0);
    memset(m.memory + NEW_TSS, 0xff, 0x100);
    poke(NEW_TSS + IP16, 2, 0x5678);
    poke(NEW_TSS + FLAGS16, 2, 0x0202);
    for (u32 i = 0; i < 8; i++)
        poke(NEW_TSS + AX16 + 2 * i, 2, 0xb000 + i);
    poke(NEW_TSS + ES16, 2, DATA0);
    poke(NEW_TSS + CS16, 2, CODE0);
    poke(NEW_TSS + SS16, 2, DATA0);
    poke(NEW_TSS + DS16, 2, DATA3 | 3);
    poke(NEW_TSS + LDT16, 2, 0);
    switch_to(NEW, TASK_CALL, 7);
    assert_false(m.guest.event.valid);
    assert_int_equal(m.reg[GUEST_RIP], 0x5678);
    assert_int_equal(m.reg[GUEST_RFLAGS], 0x4202);
    assert_int_equal(m.guest.gpr[GPR_RAX], 0xb000);
    assert_int_equal(m.guest.gpr[GPR_RDI], 0xb007);
    assert_int_equal(m.reg[GUEST_RSP], 0xb004);
    assert_int_equal(m.selector[SEG_DS], DATA3 | 3);
    assert_int_equal(m.selector[SEG_FS], 0);
    assert_true(m.segment[SEG_FS].access & 0x10000);
    assert_true(m.segment[SEG_LDTR].access & 0x10000);
    assert_int_equal(m.segment[SEG_TR].access, 0x83);
    assert_int_equal(m.reg[GUEST_CR3], 0x5000);
    assert_int_equal(peek(NEW_TSS + LINK, 2), OLD);
}

static void from_16_bits(void **state)
{
    (void)state;
    m.segment[SEG_TR] = (struct guest_segment){OLD_TSS, 43, 0x83};
    switch_to(NEW, TASK_JMP, 5);
    assert_false(m.guest.event.valid);
    for (u32 at = 0; at < IP16; at++)
        assert_int_equal(peek(OLD_TSS + at, 1), 0xee);
    assert_int_equal(peek(OLD_TSS + IP16, 2), 0x805);
    assert_int_equal(peek(OLD_TSS + FLAGS16, 2), 0x4246);
    assert_int_equal(peek(OLD_TSS + AX16, 2), 0);
    assert_int_equal(peek(OLD_TSS + SP16, 2), 4);
    assert_int_equal(peek(OLD_TSS + DI16, 2), 7);
    assert_int_equal(peek(OLD_TSS + CS16, 2), CODE0);
    assert_int_equal(peek(OLD_TSS + DS16, 2), DATA0);
    assert_int_equal(peek(OLD_TSS + LDT16, 2), 0xeeee);
    assert_int_equal(peek(OLD_TSS + LDT16 + 2, 2), 0xeeee);
}

static void into_v86(void **state)
{
    (void)state;
    poke(NEW_TSS + EFLAGS, 4, 0x20202);
    poke(NEW_TSS + CS, 2, 0x1234);
    poke(NEW_TSS + EIP, 4, 0x5678);
    switch_to(NEW, TASK_JMP, 7);
    assert_false(m.guest.event.valid);
    assert_int_equal(m.reg[GUEST_RFLAGS], 0x20202);
    assert_int_equal(m.segment[SEG_CS].base, 0x12340);
    for (unsigned i = SEG_ES; i <= SEG_GS; i++) {
        assert_int_equal(m.segment[i].limit, 0xffff);
        assert_int_equal(m.segment[i].access, 0xf3); /* 27.3.1.2 */
    }
}

static void to_an_outer_level(void **state)
{
    (void)state;
    for (u32 at = ES; at <= GS; at += 4)
        poke(NEW_TSS + at, 2, at == CS ? CODE3 | 3 : DATA3 | 3);
    switch_to(NEW, TASK_JMP, 7);
    assert_false(m.guest.event.valid);
    assert_int_equal(machine_cpl(&m.guest), 3);
    assert_int_equal(m.segment[SEG_CS].access, 0xc0fb);
}

static void debug_trap(void **state)
{
    (void)state;
    poke(NEW_TSS + TRAP, 2, 1);
    switch_to(NEW, TASK_JMP, 7);
    expect_event(1, false, 0);
    assert_int_equal(m.reg[GUEST_DR6], 0xffff8ff0); /* BT */
    expect_in_new();
}

/* --- an event through a task gate --------------------------------------------------------------
 */

static void error_code_is_pushed(void **state)
{
    (void)state;
    deliver((struct guest_event){.vector = 13, .type = 3, .has_error = true, .error = 0x1234abcd});
    assert_false(m.guest.event.valid);
    assert_int_equal(m.reg[GUEST_RSP], STACK - 4);
    assert_int_equal(peek(STACK - 4, 4), 0x1234abcd);
    assert_int_equal(peek(OLD_TSS + EIP, 4), 0x800); /* a fault: at the instruction */

    prepare(NULL); /* a small stack: only SP counts, and the upper half stays */
    describe(GDT + DATA0, 0, 0xffff, P | DATA, 0);
    poke(NEW_TSS + ESP, 4, 0x00056000);
    deliver((struct guest_event){.vector = 8, .type = 3, .has_error = true, .error = 0x55});
    assert_int_equal(m.reg[GUEST_RSP], 0x00055ffc);
    assert_int_equal(peek(0x5ffc, 4), 0x55);

    prepare(NULL); /* no room: #SS(EXT), after the benign #AC */
    describe(GDT + DATA0, 0, 0xffff, P | DATA, 0);
    poke(NEW_TSS + ESP, 4, 2);
    deliver((struct guest_event){.vector = 17, .type = 3, .has_error = true, .error = 0});
    expect_event(12, true, 1);
    assert_int_equal(m.reg[GUEST_RSP], 2);
    expect_in_new();

    prepare(NULL); /* a 16-bit task gets 16 bits */
    describe(GDT + NEW, NEW_TSS, 43, P | TSS16, 0);
    memset(m.memory + NEW_TSS, 0, 44);
    poke(NEW_TSS + CS16, 2, CODE0);
    poke(NEW_TSS + SS16, 2, DATA0);
    poke(NEW_TSS + SP16, 2, STACK);
    deliver((struct guest_event){.vector = 13, .type = 3, .has_error = true, .error = 0x1234});
    assert_int_equal(m.reg[GUEST_RSP], STACK - 2);
    assert_int_equal(peek(STACK - 2, 4), 0x1234);
}

static void software_interrupt(void **state)
{
    (void)state;
    deliver((struct guest_event){.vector = 0x60, .type = 4, .length = 2});
    assert_false(m.guest.event.valid);
    assert_int_equal(peek(OLD_TSS + EIP, 4), 0x802);

    prepare(NULL); /* its faults have EXT clear */
    describe(GDT + NEW, NEW_TSS, 0x66, P | TSS32, 0);
    deliver((struct guest_event){.vector = 0x60, .type = 4, .length = 2});
    expect_event(10, true, NEW);
}

static void external_faults(void **state)
{
    (void)state;
    describe(GDT + NEW, NEW_TSS, 0x66, P | TSS32, 0);
    deliver((struct guest_event){.vector = 0x20, .type = 0});
    expect_event(10, true, NEW | 1);
    assert_int_equal(m.selector[SEG_TR], OLD);

    prepare(NULL);
    poke(NEW_TSS + DS, 2, 0x100);
    deliver((struct guest_event){.vector = 2, .type = 2});
    expect_event(10, true, 0x100 | 1);
    expect_in_new();
}

/* Table 6-5: contributory after contributory, and after a page fault; a page fault after each. */
static void double_faults(void **state)
{
    (void)state;
    describe(GDT + NEW, NEW_TSS, 0x66, P | TSS32, 0);
    deliver((struct guest_event){.vector = 13, .type = 3, .has_error = true});
    expect_event(8, true, 0);
    m.guest.event.valid = false;
    deliver((struct guest_event){.vector = 14, .type = 3, .has_error = true});
    expect_event(8, true, 0);
    m.guest.event.valid = false;
    deliver((struct guest_event){.vector = 6, .type = 3}); /* #UD is benign */
    expect_event(10, true, NEW | 1);
    m.guest.event.valid = false;
    describe(GDT + NEW, NEW_TSS, 0x67, P | TSS32, 0);
    m.missing = NEW_TSS;
    deliver((struct guest_event){.vector = 13, .type = 3, .has_error = true});
    expect_event(14, true, 0);
    m.guest.event.valid = false;
    deliver((struct guest_event){.vector = 14, .type = 3, .has_error = true});
    expect_event(8, true, 0);
    m.guest.event.valid = false;
    deliver((struct guest_event){.vector = 8, .type = 3, .has_error = true});
    assert_false(m.guest.event.valid);
    assert_true(m.stopped);
    assert_int_equal(m.vm.end, VM_END_TRIPLE_FAULT);
    assert_int_equal(m.vm.end_rip, 0x800);
}

/* --- refused: the old task is as it was ---------------------------------------------------------
 */

static void refused(u16 selector, enum task_source source, u8 vector, u32 error)
{
    static struct machine before;

    before = m;
    switch_to(selector, source, 7);
    expect_event(vector, true, error);
    assert_memory_equal(m.memory, before.memory, sizeof m.memory);
    m.guest.event = before.guest.event;
    m.guest.gpr[GPR_RSP] = before.guest.gpr[GPR_RSP];
    assert_memory_equal(&m, &before, sizeof m);
}

static void bad_selectors(void **state)
{
    (void)state;
    refused(3, TASK_JMP, 13, 0);
    refused(0, TASK_IRET, 10, 0);
    refused(NEW | 4, TASK_CALL, 13, NEW | 4);
    refused(NEW | 4, TASK_IRET, 10, NEW | 4);
    refused(0x50 | 3, TASK_CALL, 13, 0x50);
    m.segment[SEG_GDTR].limit = NEW + 6; /* its last byte is outside */
    refused(NEW, TASK_JMP, 13, NEW);
}

static void bad_descriptors(void **state)
{
    (void)state;
    static const struct {
        enum task_source source;
        u32 access, limit;
        u8 vector;
    } rows[] = {
        {TASK_JMP,  P | TSS32 | BUSY, 0x67, 13},
        {TASK_CALL, P | TSS16 | BUSY, 0x67, 13},
        {TASK_GATE, P | TSS32 | BUSY, 0x67, 13},
        {TASK_IRET, P | TSS32,        0x67, 10},
        {TASK_JMP,  P | LDT_TYPE,     0x67, 13},
        {TASK_JMP,  P | DATA | 1,     0x67, 13},
        {TASK_JMP,  P | S | TSS32,    0x67, 13},
        {TASK_IRET, P | 0xc,          0x67, 10},
        {TASK_JMP,  TSS32,            0x67, 11},
        {TASK_IRET, TSS32 | BUSY,     0x67, 11},
        {TASK_JMP,  TSS32,            0x10, 11},
        {TASK_JMP,  TSS32 | BUSY,     0x67, 13},
        {TASK_JMP,  P | TSS32,        0x66, 10},
        {TASK_CALL, P | TSS16,        42,   10},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        describe(GDT + NEW, NEW_TSS, rows[i].limit, rows[i].access, 0);
        refused(NEW, rows[i].source, rows[i].vector, NEW);
    }
}

static void short_old_tss(void **state)
{
    (void)state;
    m.segment[SEG_TR].limit = 94; /* GS ends at 95 */
    refused(NEW, TASK_JMP, 10, OLD);
    m.segment[SEG_TR].limit = 95;
    switch_to(NEW, TASK_JMP, 7);
    expect_in_new();
}

static void missing_pages(void **state)
{
    (void)state;
    static const u32 pages[] = {GDT, OLD_TSS, NEW_TSS};
    static const u32 errors[] = {0, 2, 0};

    for (unsigned i = 0; i < array_size(pages); i++) {
        m.missing = pages[i];
        refused(NEW, TASK_CALL, 14, errors[i]);
        refused(NEW, TASK_JMP, 14, errors[i]);
    }
}

/* Nothing can be said, so it is tried again: the event, too, is still to be delivered. */
static void changing_pages(void **state)
{
    (void)state;
    m.changing = true;
    switch_to(NEW, TASK_JMP, 7);
    assert_false(m.guest.event.valid);
    assert_int_equal(m.reg[GUEST_RIP], 0x800);
    deliver((struct guest_event){.vector = 0x20, .type = 0});
    assert_true(m.guest.event.valid);
    assert_int_equal(m.guest.event.vector, 0x20);
    assert_int_equal(m.selector[SEG_TR], OLD);
    assert_false(m.stopped);
}

/* --- faults in the new task ----------------------------------------------------------------------
 */

static void fault_in_new(u8 vector, u32 error)
{
    switch_to(NEW, TASK_CALL, 7);
    expect_event(vector, true, error);
    expect_in_new();
    assert_int_equal(rights(NEW), 0x8b);
    assert_int_equal(peek(OLD_TSS + EIP, 4), 0x807);
}

static void bad_segments(void **state)
{
    (void)state;
    static const struct {
        u32 field, selector, access;
        u8 vector;
    } rows[] = {
        {LDTR, SPARE,     P | DATA,              10},
        {LDTR, SPARE,     LDT_TYPE,              10},
        {LDTR, SPARE,     P | TSS16,             10},
        {LDTR, SPARE | 4, P | LDT_TYPE,          10},
        {LDTR, 0x50,      0,                     10},
        {CS,   SPARE,     P | DATA,              10},
        {CS,   0,         0,                     10},
        {CS,   0x50,      0,                     10},
        {CS,   SPARE | 3, P | CODE,              10},
        {CS,   SPARE,     P | CODE | DPL3,       10},
        {CS,   SPARE,     CODE,                  11},
        {CS,   SPARE,     P | CONFORMING | DPL3, 10},
        {CS,   SPARE,     P | LDT_TYPE,          10},
        {SS,   SPARE,     P | CODE,              10},
        {SS,   0,         0,                     10},
        {SS,   SPARE,     P | READ_ONLY,         10},
        {SS,   SPARE,     P | DATA | DPL3,       10},
        {SS,   SPARE | 3, P | DATA,              10},
        {SS,   SPARE,     DATA,                  12},
        {SS,   SPARE,     DATA | DPL3,           10},
        {DS,   SPARE,     P | EXECUTE_ONLY,      10},
        {ES,   SPARE,     P | TSS32,             10},
        {FS,   SPARE,     DATA,                  11},
        {GS,   SPARE | 3, P | DATA,              10},
        {GS,   0x50,      0,                     10},
        {DS,   0x14,      0,                     10}, /* beyond the LDT */
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        prepare(NULL);
        flat(SPARE, rows[i].access);
        poke(NEW_TSS + rows[i].field, 2, rows[i].selector);
        fault_in_new(rows[i].vector, rows[i].selector & 0xfffc);
    }
}

static void good_segments(void **state)
{
    (void)state;
    static const struct {
        u32 field, selector, access;
    } rows[] = {
        {LDTR, 3,         0              },
        {CS,   SPARE,     P | CONFORMING },
        {DS,   SPARE | 3, P | CONFORMING },
        {DS,   3,         0              },
        {ES,   SPARE,     P | READ_ONLY  },
        {FS,   SPARE | 3, P | DATA | DPL3},
        {GS,   0x0c,      0              },
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        prepare(NULL);
        flat(SPARE, rows[i].access);
        describe(LDT + 8, 0, 0xfffff, P | DATA, BIG | PAGES);
        poke(NEW_TSS + rows[i].field, 2, rows[i].selector);
        switch_to(NEW, TASK_CALL, 7);
        assert_false(m.guest.event.valid);
        expect_in_new();
    }
}

/* After a fault the selectors are the new task's, and VM entry finds a CS and an SS it takes. */
static void after_a_fault(void **state)
{
    (void)state;
    poke(NEW_TSS + LDTR, 2, 0x50);
    for (u32 at = ES; at <= GS; at += 4)
        poke(NEW_TSS + at, 2, at == CS ? CODE3 | 3 : DATA3 | 3);
    fault_in_new(10, 0x50);
    assert_int_equal(m.selector[SEG_CS], CODE3 | 3);
    assert_int_equal(m.segment[SEG_CS].access, 0xc0fb);
    assert_int_equal(m.selector[SEG_SS], DATA3 | 3);
    assert_int_equal(m.segment[SEG_SS].access, 0x10060);
    assert_int_equal(m.segment[SEG_DS].access, 0x10000);
    assert_int_equal(m.segment[SEG_LDTR].access, 0x10000);
    assert_int_equal(machine_cpl(&m.guest), 3);
}

static void other_faults_in_new(void **state)
{
    (void)state;
    m.bad_cr3 = true;
    fault_in_new(13, 0);
    assert_int_equal(m.reg[GUEST_CR3], 0x5000);

    prepare(NULL);
    describe(GDT + CODE0, 0, 0xffff, P | CODE, BIG); /* EIP is outside */
    fault_in_new(13, 0);

    prepare(NULL); /* a fault goes before the T flag's trap */
    poke(NEW_TSS + TRAP, 2, 1);
    poke(NEW_TSS + FS, 2, 0x50);
    fault_in_new(10, 0x50);
    assert_int_equal(m.reg[GUEST_DR6], 0xffff0ff0);
}

/* --- guest_debug --------------------------------------------------------------------------------
 */

static void breakpoints(void **state)
{
    (void)state;
    static const u64 dr[4] = {0x3f8, 0x1001, 0x2000, 0x3f8};
    u64 port0 = 0x1 | 2ull << 16;
    u64 write1 = 0x8 | (1ull | 1ull << 2) << 20; /* two bytes, so from 0x1000 on */
    u64 both2 = 0x10 | (3ull | 2ull << 2) << 24; /* eight */
    u64 off3 = 2ull << 28;

    assert_int_equal(breakpoint_hits(port0 | off3, dr, BREAK_PORT, 0x3f8, 1), 1);
    assert_int_equal(breakpoint_hits(port0, dr, BREAK_PORT, 0x3f7, 2), 1);
    assert_int_equal(breakpoint_hits(port0, dr, BREAK_PORT, 0x3f7, 1), 0);
    assert_int_equal(breakpoint_hits(port0, dr, BREAK_PORT, 0x3f9, 1), 0);
    assert_int_equal(breakpoint_hits(port0, dr, BREAK_WRITE, 0x3f8, 1), 0);
    assert_int_equal(breakpoint_hits(write1, dr, BREAK_WRITE, 0x1000, 1), 2);
    assert_int_equal(breakpoint_hits(write1, dr, BREAK_WRITE, 0x1002, 1), 0);
    assert_int_equal(breakpoint_hits(write1, dr, BREAK_READ, 0x1000, 1), 0);
    assert_int_equal(breakpoint_hits(both2, dr, BREAK_READ, 0x2007, 1), 4);
    assert_int_equal(breakpoint_hits(both2, dr, BREAK_WRITE, 0x1ffd, 4), 4);
    assert_int_equal(breakpoint_hits(both2, dr, BREAK_READ, 0x2008, 4), 0);

    m.guest.dr[0] = 0x3f8;
    m.reg[GUEST_DR7] = port0;
    guest_breakpoints(&m.guest, BREAK_PORT, 0x3f8, 1);
    assert_int_equal(m.guest.hits, 0); /* CR4.DE is clear */
    m.reg[GUEST_CR4] = CR4_DE;
    guest_breakpoints(&m.guest, BREAK_PORT, 0x3f8, 1);
    assert_int_equal(m.guest.hits, 1);
}

#define TEST(name) cmocka_unit_test_setup(name, prepare)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(saves_the_old_task),
        TEST(loads_the_new_task),
        TEST(nesting),
        TEST(without_paging_cr3_stays),
        TEST(to_16_bits),
        TEST(from_16_bits),
        TEST(into_v86),
        TEST(to_an_outer_level),
        TEST(debug_trap),
        TEST(error_code_is_pushed),
        TEST(software_interrupt),
        TEST(external_faults),
        TEST(double_faults),
        TEST(bad_selectors),
        TEST(bad_descriptors),
        TEST(short_old_tss),
        TEST(missing_pages),
        TEST(changing_pages),
        TEST(bad_segments),
        TEST(good_segments),
        TEST(after_a_fault),
        TEST(other_faults_in_new),
        TEST(breakpoints),
    };
    return cmocka_run_group_tests_name("guest_task", tests, NULL, NULL);
}

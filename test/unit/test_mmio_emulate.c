/* SPDX-License-Identifier: MIT */
/*
 * arch/x86/mmio_emulate: pages, faults, batches, other address sizes, the stack. Arithmetic and
 * flags are test_mmio_native.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/mmio_emulate.h"

/* Linear pages 0 to 7 lie at guest-physical 0x100000 less 0x1000 a page; faults at will. */
static u8 ram[0x8000];
static unsigned walks, reads, writes;
static u64 bad_page;

static bool reversed(void *ctx, u64 linear, bool write, gpa_t *at, struct guest_fault *fault)
{
    (void)ctx;
    walks++;
    if (linear >> 12 == bad_page) {
        *fault = (struct guest_fault){VECTOR_PF, true, write ? 2 : 0, linear};
        return false;
    }
    *at = gpa(0x100000 - (linear & ~0xfffull) + (linear & 0xfff));
    return true;
}

static u8 *cell(gpa_t at)
{
    return &ram[0x100000 - (at.v & ~0xfffull) + (at.v & 0xfff)];
}

static u64 ram_read(void *ctx, gpa_t at, unsigned size)
{
    u64 value = 0;
    (void)ctx;
    reads++;
    memcpy(&value, cell(at), size);
    return value;
}

static void ram_write(void *ctx, gpa_t at, unsigned size, u64 value)
{
    (void)ctx;
    writes++;
    memcpy(cell(at), &value, size);
}

static const struct mmio_bus paged = {NULL, reversed, ram_read, ram_write};

static u64 gpr[16];
static struct guest_fault fault;
static struct guest_segment stack;

static void flat_segment(void *ctx, enum seg_reg which, struct guest_segment *out)
{
    (void)ctx;
    *out = which == SEG_SS ? stack : (struct guest_segment){0, 0xffffffff, 0xc093};
}

static struct guest_cpu cpu;

static enum mmio_result run(const u8 *code, unsigned bits, gpa_t known, unsigned batch)
{
    struct insn insn;
    struct mmio_op op;
    assert_int_equal(decode(code, INSN_MAX, (struct decode_mode){(u8)bits, false}, &insn),
                     DECODE_OK);
    assert_true(mmio_op_of(&insn, &op));
    walks = reads = writes = 0;
    return mmio_emulate(&op, &cpu, &paged, known, batch, &fault);
}

static int setup(void **state)
{
    (void)state;
    memset(gpr, 0, sizeof gpr);
    for (unsigned i = 0; i < sizeof ram; i++)
        ram[i] = (u8)(i * 7 + (i >> 8));
    bad_page = 99;
    stack = (struct guest_segment){0, 0xffffffff, 0xc093};
    cpu = (struct guest_cpu){.gpr = gpr, .rflags = 2, .linear_bits = 48, .segment = flat_segment};
    return 0;
}

static void test_known_address_saves_the_walk(void **state)
{
    (void)state;
    const u8 load[INSN_MAX] = {0x8b, 0x07}; /* MOV EAX, [RDI] */
    u32 expected;
    gpr[GPR_RDI] = 0x1234;
    memcpy(&expected, ram + 0x1234, 4);
    assert_int_equal(run(load, 64, gpa(0xff234), 1), MMIO_DONE);
    assert_int_equal(walks, 0);
    assert_int_equal(gpr[GPR_RAX], expected);
    /* an address of another offset is not this operand's: that of a page table, say */
    assert_int_equal(run(load, 64, gpa(0xff238), 1), MMIO_DONE);
    assert_int_equal(walks, 1);
    assert_int_equal(gpr[GPR_RAX], expected);
}

static void test_across_pages(void **state)
{
    (void)state;
    const u8 add[INSN_MAX] = {0x48, 0x01, 0x07}; /* ADD [RDI], RAX */
    u64 before, after;
    gpr[GPR_RDI] = 0x1ffd;
    gpr[GPR_RAX] = 0x1122334455667788;
    memcpy(&before, ram + 0x1ffd, 8);
    assert_int_equal(run(add, 64, gpa(0xff000 + 0xffd), 1), MMIO_DONE);
    memcpy(&after, ram + 0x1ffd, 8);
    assert_int_equal(after, before + 0x1122334455667788);
    assert_int_equal(reads, 2);
    assert_int_equal(writes, 2);
    /* the second page faults: nothing is read, written or changed */
    bad_page = 2;
    assert_int_equal(run(add, 64, GPA_UNKNOWN, 1), MMIO_FAULT);
    assert_int_equal(fault.vector, VECTOR_PF);
    assert_int_equal(fault.error, 2);
    assert_int_equal(fault.address, 0x2000);
    assert_int_equal(reads + writes, 0);
}

static void test_repeat_in_batches(void **state)
{
    (void)state;
    const u8 movs[INSN_MAX] = {0xf3, 0xa4}; /* REP MOVSB */
    gpr[GPR_RSI] = 0x0ff0;
    gpr[GPR_RDI] = 0x3000;
    gpr[GPR_RCX] = 100;
    assert_int_equal(run(movs, 64, gpa(0xfd000), 40), MMIO_AGAIN);
    assert_int_equal(gpr[GPR_RCX], 60);
    assert_int_equal(gpr[GPR_RSI], 0x1018);
    assert_int_equal(walks, 3); /* two pages of source, one of target */
    assert_int_equal(run(movs, 64, GPA_UNKNOWN, 60), MMIO_DONE);
    assert_int_equal(gpr[GPR_RCX], 0);
    assert_memory_equal(ram + 0x0ff0, ram + 0x3000, 100);
    assert_int_equal(run(movs, 64, GPA_UNKNOWN, 60), MMIO_DONE); /* RCX is 0: nothing */
    assert_int_equal(reads + writes + walks, 0);
}

/* A page later the offset is that of the known address again, but the page is not. */
static void test_known_address_is_of_the_first_iteration(void **state)
{
    (void)state;
    const u8 stos[INSN_MAX] = {0xf3, 0xab}; /* REP STOSD */
    u32 last;
    gpr[GPR_RDI] = 0x1ff4;
    gpr[GPR_RCX] = 1025;
    gpr[GPR_RAX] = 0xaabbccdd;
    assert_int_equal(run(stos, 64, gpa(0xffff4), 2000), MMIO_DONE);
    memcpy(&last, ram + 0x2ff4, 4);
    assert_int_equal(last, 0xaabbccdd);
}

static void test_repeat_stops_at_a_fault(void **state)
{
    (void)state;
    const u8 stos[INSN_MAX] = {0xf3, 0xab}; /* REP STOSD */
    gpr[GPR_RDI] = 0x1ff4;
    gpr[GPR_RCX] = 8;
    bad_page = 2;
    assert_int_equal(run(stos, 64, gpa(0xffff4), 100), MMIO_FAULT);
    assert_int_equal(gpr[GPR_RCX], 5);
    assert_int_equal(gpr[GPR_RDI], 0x2000);
    assert_int_equal(fault.address, 0x2000);
    assert_int_equal(writes, 3);
}

static void test_address_sizes_wrap(void **state)
{
    (void)state;
    const u8 lods[INSN_MAX] = {0xad}; /* LODSW */
    gpr[GPR_RSI] = 0xabcd0ffe;
    gpr[GPR_RAX] = ~0ull;
    cpu.rflags |= RFLAGS_DF;
    assert_int_equal(run(lods, 16, GPA_UNKNOWN, 1), MMIO_DONE);
    assert_int_equal(gpr[GPR_RSI], 0xabcd0ffc); /* 16-bit index: the upper part is no address */
    assert_int_equal(gpr[GPR_RAX], 0xffffffffffff0000 | ram[0xffe] | (u64)ram[0xfff] << 8);
    gpr[GPR_RSI] = 0xabcd0000;
    assert_int_equal(run(lods, 16, GPA_UNKNOWN, 1), MMIO_DONE);
    assert_int_equal(gpr[GPR_RSI], 0xabcdfffe);
    const u8 stos[INSN_MAX] = {0x67, 0xf3, 0xaa}; /* REP STOSB, ECX and EDI */
    cpu.rflags = 2;
    gpr[GPR_RCX] = 0xffffffff00000002;
    gpr[GPR_RDI] = 0xffffffff00001000;
    assert_int_equal(run(stos, 64, GPA_UNKNOWN, 10), MMIO_DONE);
    assert_int_equal(gpr[GPR_RCX], 0);
    assert_int_equal(gpr[GPR_RDI], 0x1002);
}

static void test_segment_faults(void **state)
{
    (void)state;
    const u8 load[INSN_MAX] = {0x8b, 0x07};
    gpr[GPR_RDI] = 0x800000000000;
    assert_int_equal(run(load, 64, GPA_UNKNOWN, 1), MMIO_FAULT);
    assert_int_equal(fault.vector, VECTOR_GP);
}

static u64 ram_at(u64 linear, unsigned size)
{
    u64 value = 0;
    memcpy(&value, ram + linear, size);
    return value;
}

static void test_push(void **state)
{
    (void)state;
    const u8 push[INSN_MAX] = {0xff, 0x74, 0x24, 0x08}; /* PUSH [RSP+8] */
    u64 value = ram_at(0x3008, 8);
    gpr[GPR_RSP] = 0x3000;
    /* the exit's address may be that of either operand: both are walked */
    assert_int_equal(run(push, 64, gpa(0xfd008), 1), MMIO_DONE);
    assert_int_equal(gpr[GPR_RSP], 0x2ff8);
    assert_int_equal(ram_at(0x2ff8, 8), value);
    assert_int_equal(walks, 2);
    const u8 word[INSN_MAX] = {0x66, 0xff, 0x30}; /* PUSH word [RAX] */
    gpr[GPR_RAX] = 0x1001;
    assert_int_equal(run(word, 64, GPA_UNKNOWN, 1), MMIO_DONE);
    assert_int_equal(gpr[GPR_RSP], 0x2ff6);
    assert_int_equal(ram_at(0x2ff6, 2), ram_at(0x1001, 2));
    gpr[GPR_RSP] = 0x3000;
    bad_page = 2; /* the stack's: nothing is read, RSP stays */
    assert_int_equal(run(push, 64, GPA_UNKNOWN, 1), MMIO_FAULT);
    assert_int_equal(fault.error, 2);
    assert_int_equal(fault.address, 0x2ff8);
    assert_int_equal(gpr[GPR_RSP], 0x3000);
    assert_int_equal(reads + writes, 0);
}

static void test_pop(void **state)
{
    (void)state;
    const u8 pop[INSN_MAX] = {0x8f, 0x44, 0x24, 0x08}; /* POP [RSP+8], RSP as it is after */
    u64 value = ram_at(0x3000, 8);
    gpr[GPR_RSP] = 0x3000;
    assert_int_equal(run(pop, 64, gpa(0xfd010), 1), MMIO_DONE);
    assert_int_equal(gpr[GPR_RSP], 0x3008);
    assert_int_equal(ram_at(0x3010, 8), value);
    assert_int_equal(walks, 2);
    gpr[GPR_RSP] = 0x3ff0; /* the target is in page 4 */
    bad_page = 4;
    assert_int_equal(run(pop, 64, GPA_UNKNOWN, 1), MMIO_FAULT);
    assert_int_equal(fault.address, 0x4000);
    assert_int_equal(gpr[GPR_RSP], 0x3ff0);
    assert_int_equal(reads + writes, 0);
}

/* SS.B, not the code's size, says how wide the stack pointer is. */
static void test_stack_width(void **state)
{
    (void)state;
    const u8 push[INSN_MAX] = {0x66, 0xff, 0x37}; /* PUSH dword [BX] in 16-bit code */
    gpr[GPR_RBX] = 0x1000;
    gpr[GPR_RSP] = 0x50002;
    stack = (struct guest_segment){0, 0xffff, 0x93}; /* 16 bits: FFFE to 10001 is beyond it */
    assert_int_equal(run(push, 16, GPA_UNKNOWN, 1), MMIO_FAULT);
    assert_int_equal(fault.vector, VECTOR_SS);
    assert_int_equal(gpr[GPR_RSP], 0x50002);
    gpr[GPR_RSP] = 0x52002;
    assert_int_equal(run(push, 16, GPA_UNKNOWN, 1), MMIO_DONE);
    assert_int_equal(gpr[GPR_RSP], 0x51ffe);
    assert_int_equal(ram_at(0x1ffe, 4), ram_at(0x1000, 4));
    stack = (struct guest_segment){0, 0xffffffff, 0xc093}; /* 32 bits */
    gpr[GPR_RSP] = 0x2002;
    assert_int_equal(run(push, 16, GPA_UNKNOWN, 1), MMIO_DONE);
    assert_int_equal(gpr[GPR_RSP], 0x1ffe);
}

/* What the device sees: a load whatever the condition, one write whatever the comparison. */
static void test_accesses(void **state)
{
    (void)state;
    const u8 cmov[INSN_MAX] = {0x0f, 0x44, 0x07}; /* CMOVE EAX, [RDI]; ZF is clear */
    gpr[GPR_RDI] = 0x1000;
    gpr[GPR_RAX] = 0xffffffff12345678;
    assert_int_equal(run(cmov, 64, GPA_UNKNOWN, 1), MMIO_DONE);
    assert_int_equal(gpr[GPR_RAX], 0x12345678);
    assert_int_equal(reads, 1);
    const u8 setc[INSN_MAX] = {0x0f, 0x92, 0x07};
    assert_int_equal(run(setc, 64, GPA_UNKNOWN, 1), MMIO_DONE);
    assert_int_equal(reads, 0);
    assert_int_equal(writes, 1);
    assert_int_equal(ram[0x1000], 0);
    const u8 cmpxchg8b[INSN_MAX] = {0x0f, 0xc7, 0x0f};
    assert_int_equal(run(cmpxchg8b, 64, GPA_UNKNOWN, 1), MMIO_DONE);
    assert_int_equal(reads, 1);
    assert_int_equal(writes, 1);
    const u8 shift[INSN_MAX] = {0xd3, 0x27}; /* SHL [RDI], CL; CL is 0 */
    assert_int_equal(run(shift, 64, GPA_UNKNOWN, 1), MMIO_DONE);
    assert_int_equal(reads, 1);
    assert_int_equal(writes, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_known_address_saves_the_walk, setup),
        cmocka_unit_test_setup(test_across_pages, setup),
        cmocka_unit_test_setup(test_repeat_in_batches, setup),
        cmocka_unit_test_setup(test_known_address_is_of_the_first_iteration, setup),
        cmocka_unit_test_setup(test_repeat_stops_at_a_fault, setup),
        cmocka_unit_test_setup(test_address_sizes_wrap, setup),
        cmocka_unit_test_setup(test_segment_faults, setup),
        cmocka_unit_test_setup(test_push, setup),
        cmocka_unit_test_setup(test_pop, setup),
        cmocka_unit_test_setup(test_stack_width, setup),
        cmocka_unit_test_setup(test_accesses, setup),
    };
    return cmocka_run_group_tests_name("mmio_emulate", tests, NULL, NULL);
}

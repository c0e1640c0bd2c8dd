/* SPDX-License-Identifier: MIT */
/*
 * arch/x86/mmio_emulate, alu: random instructions run twice, by the emulator and by the processor
 * under the test; then what no native run shows: pages, faults, batches, other address sizes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <cpuid.h>
#include <sys/mman.h>

#include "arch/x86/mmio_emulate.h"

/* --- the processor as the model -------------------------------------------------------------- */

u64 native_gpr[16], native_flags;
void *native_code;
void run_native(void);

/* All registers but RSP and the flags from the globals, the code (which ends in RET), and back. */
#define LOAD(n, reg) "mov native_gpr+8*" #n "(%rip), %" #reg "\n"
#define SAVE(n, reg) "mov %" #reg ", native_gpr+8*" #n "(%rip)\n"
#define EACH(do)                                                                                   \
    do                                                                                             \
    (0, rax) do(1, rcx) do(2, rdx) do(3, rbx) do(5, rbp) do(6, rsi) do(7, rdi) do(8, r8) do(       \
        9, r9) do(10, r10) do(11, r11) do(12, r12) do(13, r13) do(14, r14) do(15, r15)
__asm__(".pushsection .text\n"
        ".globl run_native\n"
        "run_native:\n"
        "push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
        "pushq native_flags(%rip)\n popfq\n" EACH(LOAD) "call *native_code(%rip)\n" EACH(
            SAVE) "pushfq\n popq native_flags(%rip)\n cld\n"
                  "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n"
                  ".popsection\n");

static u64 random_state = 1;

static u64 random64(void) /* splitmix64 */
{
    u64 z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* Values at the edges of the flags more often than chance has them. */
static u64 interesting(void)
{
    static const u64 edge[] = {
        0,      1,      ~0ull,      0x7f,       0x80,       0xff,       0x7fff,
        0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 1ull << 63, (1ull << 63) - 1};
    return random64() & 1 ? random64() : edge[random64() % array_size(edge)];
}

#define ARENA 1024
static u8 real[ARENA], copy[ARENA]; /* what the processor changes, what the emulator changes */

static u64 arena_read(void *ctx, gpa_t at, unsigned size)
{
    u64 value = 0;
    (void)ctx;
    assert_true(at.v - (u64)real <= ARENA - size);
    memcpy(&value, copy + (at.v - (u64)real), size);
    return value;
}

static void arena_write(void *ctx, gpa_t at, unsigned size, u64 value)
{
    (void)ctx;
    assert_true(at.v - (u64)real <= ARENA - size);
    memcpy(copy + (at.v - (u64)real), &value, size);
}

static bool identity(void *ctx, u64 linear, bool write, gpa_t *at, struct guest_fault *fault)
{
    (void)ctx;
    (void)write;
    (void)fault;
    *at = gpa(linear);
    return true;
}

static const struct mmio_bus arena = {NULL, identity, arena_read, arena_write};

/* `spread` opcodes in a row; ModRM.reg out of a set (empty: no ModRM, a string instruction). */
struct pattern {
    u8 spread, regs, imm, size, opcode[3];
};

#define IMM_Z     9    /* 2 or 4 bytes, by the operand size */
#define REGISTERS 0xef /* a register operand: not RSP */
#define NOT_RDI   0x6f /* nor, where it counts bits, the address */
#define P(spread, regs, imm, ...)                                                                  \
    {                                                                                              \
        spread, regs, imm, sizeof((const u8[]){__VA_ARGS__}),                                      \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const struct pattern patterns[] = {
    P(4, REGISTERS, 0, 0x00),             /* ADD */
    P(4, REGISTERS, 0, 0x08),             /* OR */
    P(4, REGISTERS, 0, 0x10),             /* ADC */
    P(4, REGISTERS, 0, 0x18),             /* SBB */
    P(4, REGISTERS, 0, 0x20),             /* AND */
    P(4, REGISTERS, 0, 0x28),             /* SUB */
    P(4, REGISTERS, 0, 0x30),             /* XOR */
    P(4, REGISTERS, 0, 0x38),             /* CMP */
    P(1, REGISTERS, 0, 0x63),             /* MOVSXD */
    P(1, 0xff, 1, 0x80),                  /* the eight with an immediate */
    P(1, 0xff, IMM_Z, 0x81),              /* likewise */
    P(1, 0xff, 1, 0x83),                  /* likewise */
    P(8, REGISTERS, 0, 0x84),             /* TEST, XCHG, MOV */
    P(1, 0x01, 1, 0xc6),                  /* MOV m, imm */
    P(1, 0x01, IMM_Z, 0xc7),              /* likewise */
    P(1, 0x01, 1, 0xf6),                  /* TEST m, imm */
    P(1, 0x01, IMM_Z, 0xf7),              /* likewise */
    P(2, 0x0c, 0, 0xf6),                  /* NOT, NEG */
    P(2, 0x03, 0, 0xfe),                  /* INC, DEC */
    P(1, NOT_RDI, 0, 0x0f, 0xa3),         /* BT */
    P(1, NOT_RDI, 0, 0x0f, 0xab),         /* BTS */
    P(1, NOT_RDI, 0, 0x0f, 0xb3),         /* BTR */
    P(1, NOT_RDI, 0, 0x0f, 0xbb),         /* BTC */
    P(1, 0xf0, 1, 0x0f, 0xba),            /* the four with an immediate */
    P(2, REGISTERS, 0, 0x0f, 0xb0),       /* CMPXCHG */
    P(2, REGISTERS, 0, 0x0f, 0xb6),       /* MOVZX */
    P(2, REGISTERS, 0, 0x0f, 0xbe),       /* MOVSX */
    P(2, REGISTERS, 0, 0x0f, 0xc0),       /* XADD */
    P(1, REGISTERS, 0, 0x0f, 0xc3),       /* MOVNTI */
    P(2, REGISTERS, 0, 0x0f, 0x38, 0xf0), /* MOVBE */
    P(4, 0, 0, 0xa4),                     /* MOVS, CMPS */
    P(6, 0, 0, 0xaa),                     /* STOS, LODS, SCAS */
};

static bool is_string(const struct pattern *p)
{
    return p->regs == 0;
}

static u8 pick(u8 set)
{
    u8 reg;
    do
        reg = random64() & 7;
    while (!(set >> reg & 1));
    return reg;
}

/* The memory operand is [RDI]. */
static unsigned assemble(const struct pattern *p, u8 *code)
{
    u8 *at = code;
    bool movnti = p->size == 2 && p->opcode[1] == 0xc3; /* which 66 is not for */
    bool opsize = random64() % 4 == 0 && !movnti;
    u8 rex = random64() & 1 ? 0x40 | (random64() & 0x0c) : 0;
    if (opsize)
        *at++ = 0x66;
    if (is_string(p) && random64() & 1)
        *at++ = random64() & 1 ? 0xf3 : 0xf2;
    if (rex)
        *at++ = rex;
    memcpy(at, p->opcode, p->size);
    at += p->size;
    at[-1] = (u8)(at[-1] + random64() % p->spread);
    if (!is_string(p))
        *at++ = (u8)(pick(p->regs) << 3 | 7);
    unsigned imm = p->imm == IMM_Z ? (opsize && !(rex & 8) ? 2 : 4) : p->imm;
    u64 value = interesting();
    memcpy(at, &value, imm);
    return (unsigned)(at + imm - code);
}

static void prepare(const struct pattern *p)
{
    for (unsigned i = 0; i < 16; i++)
        native_gpr[i] = interesting();
    bool bits = p->regs == NOT_RDI;
    for (unsigned i = 0; i < 16 && bits; i++)
        native_gpr[i] = (native_gpr[i] & ~0xffffull) | ((random64() % 1024 - 512) & 0xffff);
    for (unsigned i = 0; i < 16 && bits; i++) /* the same number in 16, 32 and 64 bits */
        native_gpr[i] = (u64)(s64)(s16)native_gpr[i];
    native_gpr[GPR_RDI] = (u64)real + 512;
    if (is_string(p)) {
        native_gpr[GPR_RSI] = (u64)real + 256;
        native_gpr[GPR_RCX] = random64() % 10;
    }
    native_flags = 0x202 | (random64() & 0xcd5);
    for (unsigned i = 0; i < ARENA; i++)
        real[i] = random64() & 3 ? (u8)random64() : 0;
    if (is_string(p) && random64() & 1) /* runs for CMPS and SCAS to follow */
        memset(real, (int)(native_gpr[GPR_RAX] & 0xff), ARENA);
    if (random64() & 1)
        memcpy(real + 512, &native_gpr[random64() & 1 ? GPR_RAX : GPR_RDX], 8);
    memcpy(copy, real, ARENA);
}

/* Flags that the manual defines after the instruction. */
static u64 defined_flags(const struct mmio_op *op)
{
    const u64 all = RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF;
    if (op->kind == MMIO_BIT)
        return RFLAGS_CF | RFLAGS_ZF;
    if (op->kind == MMIO_ALU_MEM || op->kind == MMIO_ALU_REG)
        if (op->alu == ALU_AND || op->alu == ALU_OR || op->alu == ALU_XOR || op->alu == ALU_TEST)
            return all & ~RFLAGS_AF;
    return all;
}

static void run_both(const struct pattern *p, u8 *code)
{
    u8 bytes[INSN_MAX + 1] = {0};
    unsigned size = assemble(p, bytes);
    prepare(p);
    memcpy(code, bytes, size);
    code[size] = 0xc3;

    struct insn insn;
    struct mmio_op op;
    struct guest_fault fault;
    u64 gpr[16];
    memcpy(gpr, native_gpr, sizeof gpr);
    struct guest_cpu cpu = {.gpr = gpr, .rflags = native_flags, .linear_bits = 48};
    assert_int_equal(decode(bytes, INSN_MAX, (struct decode_mode){64, false}, &insn), DECODE_OK);
    assert_int_equal(insn.length, size);
    assert_true(mmio_op_of(&insn, &op));
    enum mmio_result result;
    unsigned turns = 0;
    do
        result = mmio_emulate(&op, &cpu, &arena, GPA_UNKNOWN, 3, &fault);
    while (result == MMIO_AGAIN && ++turns < 10);
    run_native();
    bool same = result == MMIO_DONE && memcmp(real, copy, ARENA) == 0;
    for (unsigned i = 0; i < 16; i++)
        same = same && (i == GPR_RSP || gpr[i] == native_gpr[i]);
    u64 differ = (cpu.rflags ^ native_flags) & defined_flags(&op);
    if (!same || differ)
        fail_msg("%02x %02x %02x %02x %02x: kind %u alu %u width %u, flags differ in %llx",
                 bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], op.kind, op.alu, op.width,
                 (unsigned long long)differ);
}

static void test_as_the_processor(void **state)
{
    (void)state;
    unsigned a, b, c, d;
    __cpuid(1, a, b, c, d);
    u8 *code =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(code, MAP_FAILED);
    native_code = code;
    for (unsigned i = 0; i < array_size(patterns); i++)
        for (unsigned n = 0; n < 10000; n++)
            if (patterns[i].size < 3 || c & bit_MOVBE)
                run_both(&patterns[i], code);
    munmap(code, 4096);
}

/* --- pages, faults, batches ------------------------------------------------------------------- */

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

static void flat_segment(void *ctx, enum seg_reg which, struct guest_segment *out)
{
    (void)ctx;
    (void)which;
    *out = (struct guest_segment){0, 0xffffffff, 0xc093};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_the_processor),
        cmocka_unit_test_setup(test_known_address_saves_the_walk, setup),
        cmocka_unit_test_setup(test_across_pages, setup),
        cmocka_unit_test_setup(test_repeat_in_batches, setup),
        cmocka_unit_test_setup(test_known_address_is_of_the_first_iteration, setup),
        cmocka_unit_test_setup(test_repeat_stops_at_a_fault, setup),
        cmocka_unit_test_setup(test_address_sizes_wrap, setup),
        cmocka_unit_test_setup(test_segment_faults, setup),
    };
    return cmocka_run_group_tests_name("mmio_emulate", tests, NULL, NULL);
}

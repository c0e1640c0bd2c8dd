/* SPDX-License-Identifier: MIT */
/*
 * arch/x86/mmio_emulate, alu: random instructions run twice, by the emulator and by the processor
 * under the test. test_mmio_emulate.c has what no native run shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <cpuid.h>
#include <sys/mman.h>

#include "arch/x86/mmio_emulate.h"

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
    P(1, REGISTERS, IMM_Z, 0x69),         /* IMUL r, m, imm */
    P(1, REGISTERS, 1, 0x6b),             /* likewise */
    P(1, 0xff, 1, 0x80),                  /* the eight with an immediate */
    P(1, 0xff, IMM_Z, 0x81),              /* likewise */
    P(1, 0xff, 1, 0x83),                  /* likewise */
    P(8, REGISTERS, 0, 0x84),             /* TEST, XCHG, MOV */
    P(2, 0xff, 1, 0xc0),                  /* the shifts by an immediate */
    P(4, 0xff, 0, 0xd0),                  /* by one and by CL */
    P(1, 0x01, 1, 0xc6),                  /* MOV m, imm */
    P(1, 0x01, IMM_Z, 0xc7),              /* likewise */
    P(1, 0x01, 1, 0xf6),                  /* TEST m, imm */
    P(1, 0x01, IMM_Z, 0xf7),              /* likewise */
    P(2, 0x0c, 0, 0xf6),                  /* NOT, NEG */
    P(2, 0x03, 0, 0xfe),                  /* INC, DEC */
    P(16, REGISTERS, 0, 0x0f, 0x40),      /* CMOVcc */
    P(16, 0xff, 0, 0x0f, 0x90),           /* SETcc */
    P(1, NOT_RDI, 0, 0x0f, 0xa3),         /* BT */
    P(1, NOT_RDI, 0, 0x0f, 0xab),         /* BTS */
    P(1, NOT_RDI, 0, 0x0f, 0xb3),         /* BTR */
    P(1, NOT_RDI, 0, 0x0f, 0xbb),         /* BTC */
    P(1, 0xf0, 1, 0x0f, 0xba),            /* the four with an immediate */
    P(1, REGISTERS, 0, 0x0f, 0xaf),       /* IMUL */
    P(2, REGISTERS, 0, 0x0f, 0xb0),       /* CMPXCHG */
    P(2, REGISTERS, 0, 0x0f, 0xb6),       /* MOVZX */
    P(2, REGISTERS, 0, 0x0f, 0xbe),       /* MOVSX */
    P(2, REGISTERS, 0, 0x0f, 0xc0),       /* XADD */
    P(1, REGISTERS, 0, 0x0f, 0xc3),       /* MOVNTI */
    P(1, 0x02, 0, 0x0f, 0xc7),            /* CMPXCHG8B */
    P(2, REGISTERS, 0, 0x0f, 0x38, 0xf0), /* MOVBE */
    P(4, 0, 0, 0xa4),                     /* MOVS, CMPS */
    P(6, 0, 0, 0xaa),                     /* STOS, LODS, SCAS */
};

static bool is_string(const struct pattern *p)
{
    return p->regs == 0;
}

static bool is_cmpxchg8b(const struct pattern *p)
{
    return p->size == 2 && p->opcode[1] == 0xc7;
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
    if (is_cmpxchg8b(p)) /* REX.W would make it CMPXCHG16B */
        rex &= 0x47;
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
    if (is_cmpxchg8b(p) && random64() & 1) {
        memcpy(real + 512, &native_gpr[GPR_RAX], 4);
        memcpy(real + 516, &native_gpr[GPR_RDX], 4);
    }
    memcpy(copy, real, ARENA);
}

/* Of a shift by `count` (SDM volume 2, RCL, SAL): OF counts after one step, CF while the count is
 * below the width (SAR, and rotations: always); rotations leave the rest. */
static u64 defined_after_shift(const struct mmio_op *op, unsigned count)
{
    u64 defined = RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF;
    bool rotates = op->alu < ALU_SHL;
    count &= op->width == 8 ? 63 : 31;
    if (count > 1)
        defined &= ~RFLAGS_OF;
    if (count > 0 && !rotates)
        defined &= ~RFLAGS_AF;
    if (!rotates && op->alu != ALU_SAR && count >= 8u * op->width)
        defined &= ~RFLAGS_CF;
    return defined;
}

/* Flags that the manual defines after the instruction. */
static u64 defined_flags(const struct mmio_op *op, u64 rcx)
{
    const u64 all = RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF;
    if (op->kind == MMIO_BIT)
        return RFLAGS_CF | RFLAGS_ZF;
    if (op->alu == ALU_IMUL)
        return RFLAGS_CF | RFLAGS_OF;
    if (op->alu >= ALU_ROL)
        return defined_after_shift(op, (u8)(op->has_imm ? (u64)op->imm : rcx));
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
    u64 gpr[16], rcx = native_gpr[GPR_RCX];
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
    u64 differ = (cpu.rflags ^ native_flags) & defined_flags(&op, rcx);
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_the_processor)};
    return cmocka_run_group_tests_name("mmio_native", tests, NULL, NULL);
}

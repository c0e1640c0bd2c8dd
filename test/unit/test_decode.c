/* SPDX-License-Identifier: MIT */
/* arch/x86/decode*, mmio_op: instructions assembled by hand from the opcode pages of the SDM. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "arch/x86/decoded.h"
#include "arch/x86/guest_cpu.h"
#include "arch/x86/mmio_op.h"
#include "lib/types.h"

#define BYTES(...) (const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__})

static struct insn one(const u8 *code, size_t size, unsigned bits)
{
    struct insn insn;
    enum decode_verdict verdict =
        decode(code, (unsigned)size, (struct decode_mode){(u8)bits, false}, &insn);
    if (verdict != DECODE_OK)
        fail_msg("%02x %02x...: %s", code[0], size > 1 ? code[1] : 0, decode_verdict_name(verdict));
    return insn;
}

/* A bit a mode: where the bytes are one whole instruction, and where they are #UD. */
enum { IN16 = 1, IN32 = 2, IN64 = 4, ALL = 7 };

struct length_case {
    const char *name;
    unsigned legal, illegal; /* modes where exactly these bytes are one, and where they are #UD */
    u8 size;
    u8 code[15];
};

#define CASE(name, legal, illegal, ...)                                                            \
    {                                                                                              \
        name, legal, illegal, sizeof((const u8[]){__VA_ARGS__}),                                   \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const struct length_case lengths[] = {
    /* what exits give no length for without NRIP */
    CASE("CPUID", ALL, 0, 0x0f, 0xa2),
    CASE("RDMSR", ALL, 0, 0x0f, 0x32),
    CASE("WRMSR", ALL, 0, 0x0f, 0x30),
    CASE("HLT", ALL, 0, 0xf4),
    CASE("VMMCALL", ALL, 0, 0x0f, 0x01, 0xd9),
    CASE("VMCALL", ALL, 0, 0x0f, 0x01, 0xc1),
    CASE("INVLPG", ALL, 0, 0x0f, 0x01, 0x3f),
    CASE("INVLPG disp32", IN32 | IN64, 0, 0x0f, 0x01, 0xbc, 0x24, 1, 2, 3, 4),
    CASE("XSETBV", ALL, 0, 0x0f, 0x01, 0xd1),
    CASE("RDTSCP", ALL, 0, 0x0f, 0x01, 0xf9),
    CASE("SWAPGS", IN64, IN16 | IN32, 0x0f, 0x01, 0xf8),
    CASE("PAUSE", ALL, 0, 0xf3, 0x90),
    CASE("IN AL, imm8", ALL, 0, 0xe4, 0x60),
    CASE("OUT DX, EAX", ALL, 0, 0xef),
    CASE("REP OUTSB FS", ALL, 0, 0xf3, 0x64, 0x6e),
    CASE("MOV CR0, EAX", ALL, 0, 0x0f, 0x22, 0xc0),
    CASE("MOV CR3, mod 0 taken as register", ALL, 0, 0x0f, 0x22, 0x1d),
    CASE("MOV CR1", 0, ALL, 0x0f, 0x22, 0xc8),
    CASE("MOV CR8", IN64, 0, 0x44, 0x0f, 0x22, 0xc0),
    CASE("MOV DR7", ALL, 0, 0x0f, 0x23, 0xf8),
    CASE("MOV DR15", 0, IN64, 0x44, 0x0f, 0x23, 0xf8),
    CASE("MOV TR", 0, ALL, 0x0f, 0x24, 0xc0),
    /* modes */
    CASE("PUSH ES", IN16 | IN32, IN64, 0x06),
    CASE("PUSHA", IN16 | IN32, IN64, 0x60),
    CASE("AAM", IN16 | IN32, IN64, 0xd4, 0x0a),
    CASE("SALC", IN16 | IN32, IN64, 0xd6),
    CASE("82 /0", IN16 | IN32, IN64, 0x82, 0xc0, 1),
    CASE("BOUND", IN16 | IN32, 0, 0x62, 0x00),
    CASE("LES", IN16 | IN32, 0, 0xc4, 0x00),
    CASE("CALL far 16", IN16, IN64, 0x9a, 1, 2, 3, 4),
    CASE("CALL far 32", IN32, IN64, 0x9a, 1, 2, 3, 4, 5, 6),
    CASE("INC EAX", IN16 | IN32, 0, 0x40),
    CASE("REX NOP", IN64, 0, 0x40, 0x90),
    /* immediates */
    CASE("MOV AX, imm16", IN16, 0, 0xb8, 1, 2),
    CASE("MOV EAX, imm32", IN32 | IN64, 0, 0xb8, 1, 2, 3, 4),
    CASE("MOV RAX, imm64", IN64, 0, 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8),
    CASE("MOV AX, imm16 by 66", IN32 | IN64, 0, 0x66, 0xb8, 1, 2),
    CASE("REX before 66 is lost", IN64, 0, 0x48, 0x66, 0xb8, 1, 2),
    CASE("66 before REX.W is lost", IN64, 0, 0x66, 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8),
    CASE("MOV AL, moffs64", IN64, 0, 0xa0, 1, 2, 3, 4, 5, 6, 7, 8),
    CASE("MOV AL, moffs32", IN32, 0, 0xa0, 1, 2, 3, 4),
    CASE("MOV AL, moffs16", IN16, 0, 0xa0, 1, 2),
    CASE("MOV AL, moffs by 67", IN16 | IN64, 0, 0x67, 0xa0, 1, 2, 3, 4),
    CASE("ENTER", ALL, 0, 0xc8, 1, 2, 3),
    CASE("TEST AL-form /0", ALL, 0, 0xf6, 0xc0, 1),
    CASE("TEST /1", ALL, 0, 0xf6, 0xc8, 1),
    CASE("NOT", ALL, 0, 0xf6, 0xd0),
    CASE("TEST EAX-form", IN32 | IN64, 0, 0xf7, 0xc0, 1, 2, 3, 4),
    CASE("CALL rel32", IN32 | IN64, 0, 0xe8, 1, 2, 3, 4),
    CASE("CALL rel16", IN16, 0, 0xe8, 1, 2),
    CASE("66 CALL in 64-bit, Intel", IN64, 0, 0x66, 0xe8, 1, 2, 3, 4),
    CASE("66 CALL in 32-bit", IN32, 0, 0x66, 0xe8, 1, 2),
    CASE("IMUL r, m, imm8", ALL, 0, 0x6b, 0x07, 9),
    CASE("XBEGIN", IN32 | IN64, 0, 0xc7, 0xf8, 1, 2, 3, 4),
    CASE("C7 /1", 0, ALL, 0xc7, 0xc8, 1, 2, 3, 4),
    /* addressing */
    CASE("SIB, base 5, mod 0", IN32 | IN64, 0, 0x8b, 0x04, 0x25, 1, 2, 3, 4),
    CASE("disp32 or RIP", IN32 | IN64, 0, 0x8b, 0x05, 1, 2, 3, 4),
    CASE("16-bit disp16", IN16, 0, 0x8b, 0x06, 1, 2),
    CASE("16-bit [BP+disp8]", IN16, 0, 0x8b, 0x46, 1),
    CASE("67 in 16-bit: SIB", IN16, 0, 0x67, 0x8b, 0x44, 0x24, 1),
    CASE("67 in 32-bit: no SIB", IN32, 0, 0x67, 0x8b, 0x04),
    /* groups, LOCK, operand kinds */
    CASE("LOCK ADD mem", ALL, 0, 0xf0, 0x01, 0x07),
    CASE("LOCK ADD reg", 0, ALL, 0xf0, 0x01, 0xc0),
    CASE("LOCK MOV", 0, ALL, 0xf0, 0x89, 0x07),
    CASE("LOCK CMP /7", 0, ALL, 0xf0, 0x80, 0x3f, 1),
    CASE("LOCK CMPXCHG8B", ALL, 0, 0xf0, 0x0f, 0xc7, 0x0f),
    CASE("LEA of a register", 0, ALL, 0x8d, 0xc0),
    CASE("MOV CS, AX", 0, ALL, 0x8e, 0xc8),
    CASE("FF /7", 0, ALL, 0xff, 0x3f),
    CASE("BT imm8", ALL, 0, 0x0f, 0xba, 0x27, 3),
    CASE("0F BA /3", 0, ALL, 0x0f, 0xba, 0x1f, 3),
    CASE("UD2", ALL, 0, 0x0f, 0x0b),
    CASE("0F 04", 0, ALL, 0x0f, 0x04),
    CASE("FLD m32", ALL, 0, 0xd9, 0x07),
    CASE("D9 /1 mem", 0, ALL, 0xd9, 0x0f),
    CASE("FNSTSW AX", ALL, 0, 0xdf, 0xe0),
    /* mandatory prefixes */
    CASE("POPCNT", ALL, 0, 0xf3, 0x0f, 0xb8, 0xc1),
    CASE("0F B8 alone", 0, ALL, 0x0f, 0xb8, 0xc1),
    CASE("PSHUFB", ALL, 0, 0x66, 0x0f, 0x38, 0x00, 0xc1),
    CASE("PTEST without 66", 0, ALL, 0x0f, 0x38, 0x17, 0xc1),
    CASE("PALIGNR", ALL, 0, 0x66, 0x0f, 0x3a, 0x0f, 0xc1, 4),
    CASE("MOVBE", ALL, 0, 0x0f, 0x38, 0xf0, 0x07),
    CASE("CRC32 reg", ALL, 0, 0xf2, 0x0f, 0x38, 0xf1, 0xc1),
    CASE("INVEPT", ALL, 0, 0x66, 0x0f, 0x38, 0x80, 0x07),
    CASE("PFADD (3DNow!)", ALL, 0, 0x0f, 0x0f, 0xc1, 0x9e),
    CASE("no 3DNow!", 0, ALL, 0x0f, 0x0f, 0xc1, 0x00),
    /* VEX, EVEX, XOP */
    CASE("VZEROUPPER", ALL, 0, 0xc5, 0xf8, 0x77),
    CASE("VPSHUFD", ALL, 0, 0xc5, 0xf9, 0x70, 0xc1, 0x1b),
    CASE("VMOVDQU mem", IN32 | IN64, 0, 0xc5, 0xfe, 0x6f, 0x44, 0x24, 0x10),
    CASE("ANDN", ALL, 0, 0xc4, 0xe2, 0x78, 0xf2, 0xc1),
    CASE("RORX", ALL, 0, 0xc4, 0xe3, 0x7b, 0xf0, 0xc1, 5),
    CASE("REX VEX", 0, IN64, 0x40, 0xc5, 0xf8, 0x77),
    CASE("66 VEX", 0, ALL, 0x66, 0xc5, 0xf8, 0x77),
    CASE("VEX map 0", 0, ALL, 0xc4, 0xe0, 0x78, 0x10, 0xc0),
    CASE("EVEX VADDPS", ALL, 0, 0x62, 0xf1, 0x74, 0x48, 0x58, 0xc2),
    CASE("EVEX disp8", IN32 | IN64, 0, 0x62, 0xf1, 0x74, 0x48, 0x58, 0x44, 0x24, 1),
    CASE("EVEX VALIGND", ALL, 0, 0x62, 0xf3, 0x75, 0x48, 0x03, 0xc2, 7),
    CASE("XOP VPROTB imm8", ALL, 0, 0x8f, 0xe8, 0x78, 0xc0, 0xc1, 3),
    CASE("XOP BLCS", ALL, 0, 0x8f, 0xe9, 0x78, 0x01, 0xd9),
    CASE("XOP BEXTR imm32", ALL, 0, 0x8f, 0xea, 0x78, 0x10, 0xc1, 1, 2, 3, 4),
    CASE("POP mem", ALL, 0, 0x8f, 0x07),
    CASE("8F /4", 0, ALL, 0x8f, 0x27),
};

static void check_length(const struct length_case *c, unsigned bits, bool legal)
{
    struct decode_mode mode = {(u8)bits, false};
    struct insn insn;
    enum decode_verdict whole = decode(c->code, c->size, mode, &insn);
    if (whole != (legal ? DECODE_OK : DECODE_INVALID))
        fail_msg("%s in %u-bit: %s", c->name, bits, decode_verdict_name(whole));
    if (!legal)
        return;
    if (insn.length != c->size)
        fail_msg("%s in %u-bit: length %u", c->name, bits, insn.length);
    for (unsigned valid = 0; valid < c->size; valid++)
        if (decode(c->code, valid, mode, &insn) != DECODE_TRUNCATED)
            fail_msg("%s in %u-bit: not truncated at %u", c->name, bits, valid);
}

static void test_lengths_and_legality(void **state)
{
    (void)state;
    for (unsigned i = 0; i < array_size(lengths); i++)
        for (unsigned mode = 0; mode < 3; mode++) {
            if ((lengths[i].legal | lengths[i].illegal) >> mode & 1)
                check_length(&lengths[i], 16u << mode, lengths[i].legal >> mode & 1);
        }
}

static void test_branches_of_amd(void **state)
{
    (void)state;
    struct insn insn;
    const u8 call[] = {0x66, 0xe8, 1, 2, 3, 4}, jcc[] = {0x66, 0x0f, 0x84, 1, 2, 3, 4};
    struct decode_mode amd = {64, true}, intel = {64, false};
    assert_int_equal(decode(call, 6, amd, &insn), DECODE_OK);
    assert_int_equal(insn.length, 4);
    assert_int_equal(decode(call, 6, intel, &insn), DECODE_OK);
    assert_int_equal(insn.length, 6);
    assert_int_equal(decode(jcc, 7, amd, &insn), DECODE_OK);
    assert_int_equal(insn.length, 5);
}

static void test_fifteen_bytes(void **state)
{
    (void)state;
    u8 code[20];
    struct insn insn;
    memset(code, 0x66, sizeof code);
    assert_int_equal(decode(code, 20, (struct decode_mode){32, false}, &insn), DECODE_TOO_LONG);
    code[14] = 0x90;
    assert_int_equal(decode(code, 20, (struct decode_mode){32, false}, &insn), DECODE_OK);
    assert_int_equal(insn.length, 15);
    assert_int_equal(decode(code, 14, (struct decode_mode){32, false}, &insn), DECODE_TRUNCATED);
}

static void check_mem(struct insn insn, u8 segment, u8 base, u8 index, u8 scale, s64 disp)
{
    assert_true(insn.has_mem);
    assert_int_equal(insn.segment, segment);
    assert_int_equal(insn.base, base);
    assert_int_equal(insn.index, index);
    assert_int_equal(insn.scale, scale);
    assert_int_equal(insn.disp, disp);
}

static void test_memory_operands(void **state)
{
    (void)state;
    /* SDM table 2-1, 16 bits: [BX+SI], [BP+DI-2], [SI], disp16 */
    check_mem(one(BYTES(0x8b, 0x00), 16), SEG_DS, GPR_RBX, GPR_RSI, 0, 0);
    check_mem(one(BYTES(0x8b, 0x43, 0xfe), 16), SEG_SS, GPR_RBP, GPR_RDI, 0, -2);
    check_mem(one(BYTES(0x8b, 0x04), 16), SEG_DS, GPR_RSI, GPR_NONE, 0, 0);
    check_mem(one(BYTES(0x8b, 0x06, 0x34, 0x12), 16), SEG_DS, GPR_NONE, GPR_NONE, 0, 0x1234);
    /* tables 2-2, 2-3 */
    check_mem(one(BYTES(0x8b, 0x44, 0x8d, 0x10), 32), SEG_SS, GPR_RBP, GPR_RCX, 2, 0x10);
    check_mem(one(BYTES(0x8b, 0x04, 0x24), 32), SEG_SS, GPR_RSP, GPR_NONE, 0, 0);
    check_mem(one(BYTES(0x2e, 0x8b, 0x45, 0x80), 32), SEG_CS, GPR_RBP, GPR_NONE, 0, -128);
    /* 64 bits: R13 as base needs a displacement, R12 as index is one, overrides but FS, GS do
     * nothing */
    check_mem(one(BYTES(0x43, 0x8b, 0x44, 0xa5, 0x00), 64), SEG_DS, 13, 12, 2, 0);
    check_mem(one(BYTES(0x41, 0x8b, 0x05, 0, 0, 0, 0x80), 64), SEG_DS, GPR_RIP, GPR_NONE, 0,
              -0x80000000ll);
    check_mem(one(BYTES(0x2e, 0x8b, 0x07), 64), SEG_DS, GPR_RDI, GPR_NONE, 0, 0);
    check_mem(one(BYTES(0x65, 0x2e, 0x8b, 0x07), 64), SEG_GS, GPR_RDI, GPR_NONE, 0, 0);
    check_mem(one(BYTES(0xa1, 1, 0, 0, 0, 0, 0, 0, 0x80), 64), SEG_DS, GPR_NONE, GPR_NONE, 0,
              (s64)0x8000000000000001ull);
}

static struct guest_segment flat;

static void flat_segment(void *ctx, enum seg_reg which, struct guest_segment *out)
{
    (void)ctx;
    *out = flat;
    if (which == SEG_GS)
        out->base = 0x1000;
}

static void test_effective_addresses(void **state)
{
    (void)state;
    u64 gpr[16] = {[GPR_RBX] = 0xfff0, [GPR_RSI] = 0x20, [GPR_RDI] = 0xffffffff00000010};
    struct guest_cpu cpu = {.gpr = gpr, .rip = 0x400000};
    struct insn insn = one(BYTES(0x8b, 0x00), 16); /* [BX+SI] wraps at 64K */
    assert_int_equal(insn_offset(&insn, &cpu), 0x10);
    insn = one(BYTES(0x48, 0x8b, 0x05, 0x10, 0, 0, 0), 64); /* RIP of the next instruction */
    assert_int_equal(insn_offset(&insn, &cpu), 0x400017);
    insn = one(BYTES(0x67, 0x8b, 0x47, 0xf0), 64); /* [EDI-16] wraps at 4G */
    assert_int_equal(insn_offset(&insn, &cpu), 0);
    insn = one(BYTES(0x8b, 0x84, 0xf3, 0, 0, 0, 1), 64); /* [RBX+RSI*8+0x1000000] */
    assert_int_equal(insn_offset(&insn, &cpu), 0x10100f0);
}

static bool linear(struct guest_cpu *cpu, unsigned bits, enum seg_reg which, u64 offset, bool write,
                   u64 expected, u8 vector)
{
    u64 got = 0;
    struct guest_fault fault = {0};
    bool good = guest_linear(cpu, bits, which, offset, 4, write, &got, &fault);
    return good ? vector == 0 && got == expected : fault.vector == vector && fault.error == 0;
}

static void test_segmentation(void **state)
{
    (void)state;
    struct guest_cpu cpu = {.linear_bits = 48, .segment = flat_segment};
    flat = (struct guest_segment){0xfffff000, 0xffff, 0x93};
    assert_true(linear(&cpu, 32, SEG_DS, 0x2000, true, 0x1000, 0)); /* wraps at 4G */
    assert_true(linear(&cpu, 32, SEG_DS, 0xfffc, true, 0xeffc, 0));
    assert_true(linear(&cpu, 32, SEG_DS, 0xfffd, false, 0, VECTOR_GP));
    assert_true(linear(&cpu, 32, SEG_SS, 0xfffd, false, 0, VECTOR_SS));
    flat.access = 0x91; /* read-only data */
    assert_true(linear(&cpu, 32, SEG_DS, 0, false, 0xfffff000, 0));
    assert_true(linear(&cpu, 32, SEG_DS, 0, true, 0, VECTOR_GP));
    flat.access = 0x99; /* execute-only code */
    assert_true(linear(&cpu, 32, SEG_CS, 0, false, 0, VECTOR_GP));
    flat.access = 0x9b;
    assert_true(linear(&cpu, 32, SEG_CS, 0, false, 0xfffff000, 0));
    assert_true(linear(&cpu, 32, SEG_CS, 0, true, 0, VECTOR_GP));
    cpu.real_mode = true; /* no types there */
    assert_true(linear(&cpu, 16, SEG_CS, 0, true, 0xfffff000, 0));
    cpu.real_mode = false;
    flat = (struct guest_segment){0, 0x0fff, 0x97}; /* expand-down, 64K */
    assert_true(linear(&cpu, 32, SEG_DS, 0x0fff, true, 0, VECTOR_GP));
    assert_true(linear(&cpu, 32, SEG_DS, 0x1000, true, 0x1000, 0));
    assert_true(linear(&cpu, 32, SEG_DS, 0xfffd, true, 0, VECTOR_GP));
    flat.access = 0x97 | SEGMENT_BIG;
    assert_true(linear(&cpu, 32, SEG_DS, 0xfffd, true, 0xfffd, 0));
    flat.access = 0x93 | SEGMENT_UNUSABLE;
    assert_true(linear(&cpu, 32, SEG_DS, 0, false, 0, VECTOR_GP));
    /* 64 bits: no limits, canonical addresses, bases of FS and GS */
    assert_true(linear(&cpu, 64, SEG_DS, 0x7ffffffffffc, true, 0x7ffffffffffc, 0));
    assert_true(linear(&cpu, 64, SEG_DS, 0x7ffffffffffd, true, 0, VECTOR_GP));
    assert_true(linear(&cpu, 64, SEG_SS, 0x800000000000, true, 0, VECTOR_SS));
    assert_true(linear(&cpu, 64, SEG_GS, 0x10, true, 0x1010, 0));
    cpu.linear_bits = 57;
    assert_true(linear(&cpu, 64, SEG_DS, 0x800000000000, true, 0x800000000000, 0));
}

enum { HIGH = 1, IMM = 2, SIGN = 4, READS = 8, WRITES = 16 };

struct op_case {
    u8 kind, alu, width, reg_width, reg, flags;
    u8 bits, code[10];
};

#define OP(kind, alu, width, reg_width, reg, flags, bits, ...)                                     \
    {                                                                                              \
        kind, alu, width, reg_width, reg, flags, bits,                                             \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const struct op_case ops[] = {
    OP(MMIO_LOAD, 0, 4, 4, GPR_RAX, READS, 64, 0x8b, 0x07),
    OP(MMIO_LOAD, 0, 8, 8, GPR_R15, READS, 64, 0x4c, 0x8b, 0x3f),
    OP(MMIO_LOAD, 0, 2, 2, GPR_RBX, READS, 16, 0x8b, 0x1f),
    OP(MMIO_LOAD, 0, 1, 1, GPR_RBX, HIGH | READS, 64, 0x8a, 0x3f),             /* BH */
    OP(MMIO_LOAD, 0, 1, 1, GPR_RDI, READS, 64, 0x40, 0x8a, 0x3f),              /* DIL */
    OP(MMIO_LOAD, 0, 1, 1, GPR_RBX, HIGH | READS, 64, 0x40, 0x65, 0x8a, 0x3f), /* REX lost */
    OP(MMIO_STORE, 0, 2, 2, GPR_RCX, WRITES, 64, 0x66, 0x89, 0x0f),
    OP(MMIO_STORE, 0, 4, 4, GPR_RAX, IMM | WRITES, 64, 0xc7, 0x07, 1, 2, 3, 4),
    OP(MMIO_STORE, 0, 1, 1, GPR_RAX, WRITES, 16, 0xa2, 1, 2),
    OP(MMIO_LOAD, 0, 4, 4, GPR_RAX, READS, 32, 0xa1, 1, 2, 3, 4),
    OP(MMIO_LOAD, 0, 1, 4, GPR_RDX, READS, 32, 0x0f, 0xb6, 0x17),              /* MOVZX */
    OP(MMIO_LOAD, 0, 2, 8, GPR_RSP, SIGN | READS, 64, 0x48, 0x0f, 0xbf, 0x27), /* MOVSX */
    OP(MMIO_LOAD, 0, 4, 8, GPR_RDX, SIGN | READS, 64, 0x48, 0x63, 0x17),       /* MOVSXD */
    OP(MMIO_ALU_MEM, ALU_OR, 4, 4, GPR_RDX, READS | WRITES, 64, 0x09, 0x17),
    OP(MMIO_ALU_REG, ALU_XOR, 4, 4, GPR_RDX, READS, 64, 0x33, 0x17),
    OP(MMIO_ALU_REG, ALU_CMP, 4, 4, GPR_RDX, READS, 64, 0x3b, 0x17),
    OP(MMIO_ALU_MEM, ALU_CMP, 4, 4, GPR_RDI, IMM | READS, 64, 0x83, 0x3f, 0xff),
    OP(MMIO_ALU_MEM, ALU_AND, 1, 1, GPR_RAX, HIGH | IMM | READS | WRITES, 64, 0x80, 0x27, 0x7f),
    OP(MMIO_ALU_MEM, ALU_TEST, 4, 4, GPR_RAX, IMM | READS, 64, 0xf7, 0x07, 1, 0, 0, 0),
    OP(MMIO_UNARY, ALU_NOT, 4, 4, GPR_RDX, READS | WRITES, 64, 0xf7, 0x17),
    OP(MMIO_UNARY, ALU_DEC, 4, 4, GPR_RCX, READS | WRITES, 64, 0xff, 0x0f),
    OP(MMIO_XCHG, 0, 4, 4, GPR_RAX, READS | WRITES, 64, 0x87, 0x07),
    OP(MMIO_XADD, 0, 4, 4, GPR_RAX, READS | WRITES, 64, 0xf0, 0x0f, 0xc1, 0x07),
    OP(MMIO_CMPXCHG, 0, 8, 8, GPR_RBX, READS | WRITES, 64, 0x48, 0x0f, 0xb1, 0x1f),
    OP(MMIO_BIT, ALU_BTR, 4, 4, GPR_RSI, IMM | READS | WRITES, 64, 0x0f, 0xba, 0x37, 3),
    OP(MMIO_BIT, ALU_BT, 4, 4, GPR_RAX, READS, 64, 0x0f, 0xa3, 0x07),
    OP(MMIO_STORE, 0, 4, 4, GPR_RAX, WRITES, 16, 0x0f, 0xc3, 0x07), /* MOVNTI: never 16 */
    OP(MMIO_STORE, 0, 2, 2, GPR_RAX, WRITES, 64, 0x66, 0x0f, 0x38, 0xf1, 0x07), /* MOVBE */
    OP(MMIO_ALU_MEM, ALU_ROL, 4, 1, GPR_RCX, IMM | READS | WRITES, 64, 0xc1, 0x07, 5),
    OP(MMIO_ALU_MEM, ALU_SAR, 1, 1, GPR_RCX, IMM | READS | WRITES, 64, 0xd0, 0x3f),
    OP(MMIO_ALU_MEM, ALU_SHL, 8, 1, GPR_RCX, READS | WRITES, 64, 0x48, 0xd3, 0x27),
    OP(MMIO_ALU_MEM, ALU_RCR, 1, 1, GPR_RCX, READS | WRITES, 16, 0xd2, 0x1f),
    OP(MMIO_ALU_REG, ALU_IMUL, 4, 4, GPR_RDX, READS, 64, 0x0f, 0xaf, 0x17),
    OP(MMIO_ALU_REG, ALU_IMUL, 2, 2, GPR_RDX, IMM | READS, 64, 0x66, 0x6b, 0x17, 9),
    OP(MMIO_CMOV, 0, 8, 8, GPR_RDX, READS, 64, 0x48, 0x0f, 0x4f, 0x17),
    OP(MMIO_SET, 0, 1, 1, GPR_RAX, WRITES, 64, 0x0f, 0x90, 0x07),
    OP(MMIO_CMPXCHG8B, 0, 8, 4, GPR_RCX, READS | WRITES, 32, 0x0f, 0xc7, 0x0f),
    OP(MMIO_PUSH, 0, 8, 8, GPR_RSI, READS, 64, 0xff, 0x37),
    OP(MMIO_PUSH, 0, 2, 2, GPR_RSI, READS, 16, 0xff, 0x37),
    OP(MMIO_POP, 0, 4, 4, GPR_RAX, WRITES, 32, 0x8f, 0x07),
    OP(MMIO_MOVS, 0, 4, 4, 0, READS | WRITES, 64, 0xf3, 0xa5),
    OP(MMIO_STOS, 0, 8, 8, 0, WRITES, 64, 0xf3, 0x48, 0xab),
    OP(MMIO_LODS, 0, 1, 1, 0, READS, 64, 0xac),
    OP(MMIO_SCAS, ALU_CMP, 1, 1, 0, READS, 64, 0xf2, 0xae),
    OP(MMIO_CMPS, ALU_CMP, 2, 2, 0, READS, 64, 0x66, 0xa7),
};

static void test_mmio_ops(void **state)
{
    (void)state;
    for (unsigned i = 0; i < array_size(ops); i++) {
        const struct op_case *c = &ops[i];
        struct insn insn = one(c->code, sizeof c->code, c->bits);
        struct mmio_op op;
        if (!mmio_op_of(&insn, &op))
            fail_msg("case %u is not for MMIO", i);
        if (op.kind != c->kind || op.alu != c->alu || op.width != c->width ||
            op.reg_width != c->reg_width || op.reads != !!(c->flags & READS) ||
            op.writes != !!(c->flags & WRITES) || op.has_imm != !!(c->flags & IMM) ||
            op.sign != !!(c->flags & SIGN))
            fail_msg("case %u: kind %u alu %u width %u", i, op.kind, op.alu, op.width);
        if ((!op.has_imm || op.kind == MMIO_ALU_REG) && op.kind != MMIO_UNARY &&
            (op.reg != c->reg || op.high != !!(c->flags & HIGH)))
            fail_msg("case %u: register %u", i, op.reg);
    }
}

static void test_not_for_mmio(void **state)
{
    (void)state;
    static const u8 codes[][6] = {
        {0x8b,  0xc0}, /* MOV between registers */
        {0x0f,  0x6f, 0x07}, /* MOVQ mm */
        {0xc5,     0xfe,      0x6f, 0x07}, /* VMOVDQU */
        {0xff, 0x17}, /* CALL */
        {0xf7,  0x27 }, /* MUL */
        {0x8d,  0x07}, /* LEA */
        {0xf2,  0x0f, 0x38, 0xf1, 0x07}, /* CRC32 */
        {0x48,  0x0f, 0xc7, 0x0f}, /* CMPXCHG16B */
        {0x0f, 0xa4, 0x07, 0x01}, /* SHLD */
        {0x6e }, /* OUTS: an I/O exit */
        {0xdd, 0x07}, /* FLD */
    };
    for (unsigned i = 0; i < array_size(codes); i++) {
        struct insn insn = one(codes[i], sizeof codes[i], 64);
        struct mmio_op op;
        if (mmio_op_of(&insn, &op))
            fail_msg("case %u is for MMIO", i);
    }
}

/* What is remembered says whether two moves by one base stand one behind the other. */
static void test_twice(void **state)
{
    (void)state;
    static const struct {
        u8 code[15], valid, use;
    } cases[] = {
        {{0x89, 0x30, 0x89, 0x50, 0x10}, 5, FOR_MMIO_TWICE}, /* MOV [RAX]; MOV [RAX+16] */
        {{0x89, 0x30, 0x8b, 0x40, 0x10}, 5, FOR_MMIO_TWICE}, /* ... and back */
        {{0x89, 0x30, 0x89, 0x50, 0x10}, 4, FOR_MMIO      }, /* its end is not there */
        {{0x89, 0x30},                   2, FOR_MMIO      },
        {{0x89, 0x30, 0x89, 0x53, 0x10}, 5, FOR_MMIO      }, /* by RBX */
        {{0x89, 0x30, 0x89, 0xc2},       4, FOR_MMIO      }, /* between registers */
        {{0x01, 0x30, 0x89, 0x50, 0x10}, 5, FOR_MMIO      }, /* ADD, and that */
        {{0xab, 0x89, 0x50, 0x10},       4, FOR_MMIO      }, /* STOS */
        {{0x89, 0x30, 0xc4, 0x00},       4, FOR_MMIO      }, /* nothing that is legal */
        {{0x8d, 0x07, 0x89, 0x50, 0x10}, 5, NOT_FOR_MMIO  },
    };
    for (unsigned i = 0; i < array_size(cases); i++) {
        struct decoded code;
        struct insn_bytes bytes = {0};
        memcpy(&bytes, cases[i].code, sizeof cases[i].code);
        if (decode_and_keep(&code, &bytes, cases[i].valid, (struct decode_mode){64, false}) !=
                DECODE_OK ||
            code.for_mmio != cases[i].use)
            fail_msg("case %u: %u", i, code.for_mmio);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths_and_legality),
        cmocka_unit_test(test_branches_of_amd),
        cmocka_unit_test(test_fifteen_bytes),
        cmocka_unit_test(test_memory_operands),
        cmocka_unit_test(test_effective_addresses),
        cmocka_unit_test(test_segmentation),
        cmocka_unit_test(test_mmio_ops),
        cmocka_unit_test(test_not_for_mmio),
        cmocka_unit_test(test_twice),
    };
    return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}

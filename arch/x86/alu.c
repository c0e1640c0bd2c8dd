/* SPDX-License-Identifier: MIT */
#include "arch/x86/alu.h"

static u64 sign_bit(unsigned width)
{
    return 1ull << (8 * width - 1);
}

static u64 low(u64 value, unsigned width)
{
    return value & (sign_bit(width) | (sign_bit(width) - 1));
}

/* SF, ZF, and PF of the lowest byte alone. */
static u64 result_flags(u64 result, unsigned width)
{
    return (result & sign_bit(width) ? RFLAGS_SF : 0) | (low(result, width) == 0 ? RFLAGS_ZF : 0) |
           (__builtin_parity((unsigned)(result & 0xff)) ? 0 : RFLAGS_PF);
}

/* The carry out of each bit of a + b + c, or the borrow into each bit of a - b - c: what CF, AF
 * and OF are read from. */
static u64 carry_flags(u64 carries, bool overflow, unsigned width)
{
    return (carries & sign_bit(width) ? RFLAGS_CF : 0) | (carries & 8 ? RFLAGS_AF : 0) |
           (overflow ? RFLAGS_OF : 0);
}

static u64 add(u64 a, u64 b, unsigned carry, unsigned width, u64 *flags)
{
    u64 sum = a + b + carry;
    u64 carries = (a & b) | ((a | b) & ~sum);
    bool overflow = (a ^ sum) & (b ^ sum) & sign_bit(width);
    *flags = carry_flags(carries, overflow, width) | result_flags(sum, width);
    return sum;
}

static u64 subtract(u64 a, u64 b, unsigned borrow, unsigned width, u64 *flags)
{
    u64 difference = a - b - borrow;
    u64 borrows = (~a & b) | ((~a | b) & difference);
    bool overflow = (a ^ b) & (a ^ difference) & sign_bit(width);
    *flags = carry_flags(borrows, overflow, width) | result_flags(difference, width);
    return difference;
}

/* CF is the bit; ZF stays, and so do the others, which the manual leaves open. */
static u64 bit(enum alu_op op, u64 a, u64 b, unsigned width, u64 *rflags)
{
    u64 mask = 1ull << (b & (8 * width - 1));
    *rflags = (*rflags & ~RFLAGS_CF) | (a & mask ? RFLAGS_CF : 0);
    switch (op) {
    case ALU_BTS:
        return a | mask;
    case ALU_BTR:
        return a & ~mask;
    case ALU_BTC:
        return a ^ mask;
    default:
        return a;
    }
}

/* CF and OF tell that the product lost its upper half; the other flags are undefined. */
static u64 multiply(u64 a, u64 b, unsigned width, u64 *rflags)
{
    unsigned unused = 64 - 8 * width;
    s64 x = (s64)(a << unused), y = (s64)(b << unused) >> unused;
    s64 high; /* the product in the upper `width` bytes: its overflow is the operand's */
    bool lost = __builtin_mul_overflow(x, y, &high);
    *rflags &= ~(RFLAGS_CF | RFLAGS_OF);
    *rflags |= lost ? RFLAGS_CF | RFLAGS_OF : 0;
    return (u64)high >> unused;
}

/* Even operations go left, odd ones right. What leaves is the carry; what enters tells the pairs
 * apart: the bit that left, the old carry, or zero (SAR: the sign). */
static u64 shift_by_one(enum alu_op op, u64 a, unsigned width, bool *carry)
{
    u64 top = sign_bit(width);
    bool right = (op - ALU_ROL) & 1;
    bool out = a & (right ? 1 : top);
    bool in = op <= ALU_ROR ? out : op <= ALU_RCR ? *carry : op == ALU_SAR && a & top;
    *carry = out;
    return right ? a >> 1 | (in ? top : 0) : low(a << 1, width) | in;
}

/* Bit by bit, as the manual's pseudocode (SDM volume 2, RCL, SAL): counts beyond the width need no
 * care. OF is defined after one step only; it is what the formula of one step gives. A count of 0
 * leaves all flags. */
static u64 shift(enum alu_op op, u64 a, unsigned count, unsigned width, u64 *rflags)
{
    u64 top = sign_bit(width), flags = RFLAGS_CF | RFLAGS_OF;
    bool carry = *rflags & RFLAGS_CF, right = (op - ALU_ROL) & 1;
    count &= width == 8 ? 63 : 31;
    if (count == 0)
        return a;
    while (count-- > 0)
        a = shift_by_one(op, a, width, &carry);
    if (op >= ALU_SHL) /* rotation leaves SF, ZF, AF and PF */
        flags |= RFLAGS_SF | RFLAGS_ZF | RFLAGS_AF | RFLAGS_PF;
    bool overflow = !(a & top) != !(right ? a & top >> 1 : carry);
    *rflags &= ~flags;
    *rflags |= (carry ? RFLAGS_CF : 0) | (overflow ? RFLAGS_OF : 0) |
               (op >= ALU_SHL ? result_flags(a, width) : 0);
    return a;
}

static u64 logical(enum alu_op op, u64 a, u64 b)
{
    switch (op) {
    case ALU_OR:
        return a | b;
    case ALU_XOR:
        return a ^ b;
    default:
        return a & b;
    }
}

static u64 binary(enum alu_op op, u64 a, u64 b, unsigned width, u64 *flags)
{
    unsigned carry = *flags & RFLAGS_CF ? 1 : 0;
    switch (op) {
    case ALU_ADD:
        return add(a, b, 0, width, flags);
    case ALU_ADC:
        return add(a, b, carry, width, flags);
    case ALU_SBB:
        return subtract(a, b, carry, width, flags);
    case ALU_SUB:
    case ALU_CMP:
        return subtract(a, b, 0, width, flags);
    case ALU_NEG: /* CF is set unless the operand was 0: as 0 - a has it */
        return subtract(0, a, 0, width, flags);
    case ALU_INC:
    case ALU_DEC: { /* as ADD and SUB of 1, but CF stays */
        u64 result = op == ALU_INC ? add(a, 1, 0, width, flags) : subtract(a, 1, 0, width, flags);
        *flags = (*flags & ~RFLAGS_CF) | carry;
        return result;
    }
    default: {
        u64 result = logical(op, a, b);
        *flags = result_flags(result, width);
        return result;
    }
    }
}

u64 alu_do(enum alu_op op, u64 a, u64 b, unsigned width, u64 *rflags)
{
    const u64 all = RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF;
    a = low(a, width);
    b = low(b, width);
    if (op >= ALU_ROL)
        return shift(op, a, (unsigned)b, width, rflags);
    if (op == ALU_IMUL)
        return multiply(a, b, width, rflags);
    if (op >= ALU_BT)
        return low(bit(op, a, b, width, rflags), width);
    if (op == ALU_NOT)
        return low(~a, width);
    u64 flags = *rflags & all;
    u64 result = binary(op, a, b, width, &flags);
    *rflags = (*rflags & ~all) | flags;
    return low(result, width);
}

/* SDM volume 2, appendix B.1.4.7: bit 0 negates. */
bool alu_condition(unsigned code, u64 rflags)
{
    bool less = !(rflags & RFLAGS_SF) != !(rflags & RFLAGS_OF);
    bool zero = rflags & RFLAGS_ZF;
    const bool holds[8] = {
        rflags & RFLAGS_OF,         /* O */
        rflags & RFLAGS_CF,         /* B */
        zero,                       /* Z */
        rflags & RFLAGS_CF || zero, /* BE */
        rflags & RFLAGS_SF,         /* S */
        rflags & RFLAGS_PF,         /* P */
        less,                       /* L */
        less || zero,               /* LE */
    };
    return holds[code >> 1 & 7] != (code & 1);
}

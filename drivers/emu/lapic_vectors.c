/* SPDX-License-Identifier: MIT */
/* A vector's way: posted by any core, requested (IRR), in service (ISR), ended. SDM 3, 11.8. */
#include "drivers/emu/lapic.h"
#include "drivers/emu/lapic_impl.h"
#include "lib/bits.h"

static u32 *word_of(const struct lapic *l, u32 set, unsigned word)
{
    return lapic_at(l, set + word * 16);
}

/* A word may have become 0 by the processor. */
static int top_of(const struct lapic *l, u32 set, u32 words)
{
    while (words) {
        unsigned word = highest_bit(words);
        u32 bits = *word_of(l, set, word);
        if (likely(bits))
            return (int)(word * 32 + highest_bit(bits));
        words ^= 1u << word;
    }
    return -1;
}

int lapic_requested(const struct lapic *l)
{
    for (unsigned word = 8; word-- > 0;) {
        u32 bits = *word_of(l, LAPIC_IRR, word);
        if (bits)
            return (int)(word * 32 + highest_bit(bits));
    }
    return -1;
}

/* 11.8.3.1: of TPR and the interrupt in service the higher class counts. */
static void settle(struct lapic *l)
{
    u32 tpr = *lapic_at(l, LAPIC_TPR), served = l->isr_top < 0 ? 0 : (u32)l->isr_top & 0xf0;

    *lapic_at(l, LAPIC_PPR) = (tpr & 0xf0) >= served ? tpr : served;
}

void lapic_set_tpr(struct lapic *l, u8 tpr)
{
    *lapic_at(l, LAPIC_TPR) = tpr;
    settle(l);
}

static u8 words_of(const struct lapic *l, u32 set)
{
    u8 words = 0;

    for (unsigned i = 0; i < 8; i++)
        words |= (u8)(!!*word_of(l, set, i) << i);
    return words;
}

void lapic_reload(struct lapic *l)
{
    l->irr_words = words_of(l, LAPIC_IRR);
    l->isr_words = words_of(l, LAPIC_ISR);
    l->irr_top = top_of(l, LAPIC_IRR, l->irr_words);
    l->isr_top = top_of(l, LAPIC_ISR, l->isr_words);
    settle(l);
}

void lapic_forget(struct lapic *l)
{
    __atomic_and_fetch(&l->posted.control, ~LAPIC_POSTED_ON, __ATOMIC_SEQ_CST);
    __atomic_store_n(&l->posted_slow_any, 0, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < 4; i++) {
        __atomic_store_n(&l->posted.requests[i], 0, __ATOMIC_RELAXED);
        __atomic_store_n(&l->posted_slow[i], 0, __ATOMIC_RELAXED);
    }
    l->irr_words = l->isr_words = 0;
    l->irr_top = l->isr_top = l->raised = -1;
    l->tmr_moved = true;
}

/* 11.8.4: TMR takes on how the interrupt was triggered when it comes into IRR. */
static always_inline void request_word(struct lapic *l, unsigned word, u32 bits, int top,
                                       bool level)
{
    u32 *row = l->regs + 4ul * word, *tmr = row + LAPIC_TMR / 4;
    u32 wrong = (level ? ~*tmr : *tmr) & bits;

    row[LAPIC_IRR / 4] |= bits;
    l->irr_words |= (u8)(1u << word);
    if (top > l->raised)
        l->raised = top;
    if (likely(!wrong))
        return;
    *tmr ^= wrong;
    l->tmr_moved = true;
}

static always_inline void request(struct lapic *l, unsigned vector, bool level)
{
    if (unlikely(vector < 16)) {
        lapic_error(l, LAPIC_ESR_RECEIVE_VECTOR);
        return;
    }
    request_word(l, vector / 32, 1u << (vector & 31), (int)vector, level);
    if ((int)vector > l->irr_top)
        l->irr_top = (int)vector;
}

void lapic_request(struct lapic *l, u32 vector)
{
    request(l, vector, false);
}

void lapic_request_level(struct lapic *l, u32 vector)
{
    request(l, vector, true);
}

/*
 * The mark comes after the request, and lapic_merge clears it before it looks: whoever finds the
 * mark set leaves its request to a merge that is still to come.
 */
static bool post(u64 *requests, u64 *mark, u8 vector)
{
    __atomic_or_fetch(&requests[vector / 64], BIT(vector & 63), __ATOMIC_SEQ_CST);
    if (__atomic_load_n(mark, __ATOMIC_SEQ_CST) & LAPIC_POSTED_ON)
        return false;
    return !(__atomic_fetch_or(mark, LAPIC_POSTED_ON, __ATOMIC_SEQ_CST) & LAPIC_POSTED_ON);
}

bool lapic_post(struct lapic *l, u8 vector, bool level)
{
    if (level || vector < 16)
        return post(l->posted_slow, &l->posted_slow_any, vector);
    return post(l->posted.requests, &l->posted.control, vector);
}

static void request_half(struct lapic *l, unsigned word, u32 bits, bool level)
{
    if (bits)
        request_word(l, word, bits, (int)(word * 32 + highest_bit(bits)), level);
}

static void merge(struct lapic *l, u64 *requests, u64 *mark, bool level)
{
    if (!(__atomic_load_n(mark, __ATOMIC_ACQUIRE) & LAPIC_POSTED_ON))
        return;
    __atomic_and_fetch(mark, ~LAPIC_POSTED_ON, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < 4; i++) {
        if (!__atomic_load_n(&requests[i], __ATOMIC_SEQ_CST))
            continue;
        u64 bits = __atomic_exchange_n(&requests[i], 0, __ATOMIC_SEQ_CST);
        if (i == 0 && (bits & 0xffff)) {
            lapic_error(l, LAPIC_ESR_RECEIVE_VECTOR);
            bits &= ~0xffffull;
        }
        request_half(l, 2 * i, (u32)bits, level);
        request_half(l, 2 * i + 1, (u32)(bits >> 32), level);
    }
}

/* An APIC that is off takes nothing; a message may have been on its way when it was switched off.
 */
void lapic_merge(struct lapic *l)
{
    if (!(l->shared & LAPIC_ON)) {
        lapic_forget(l);
        return;
    }
    merge(l, l->posted.requests, &l->posted.control, false);
    merge(l, l->posted_slow, &l->posted_slow_any, true);
    l->irr_top = top_of(l, LAPIC_IRR, l->irr_words);
}

static bool many(u32 bits)
{
    return bits & (bits - 1);
}

bool lapic_several(const struct lapic *l)
{
    return l->irr_top >= 0 &&
           (many(l->irr_words) || many(*word_of(l, LAPIC_IRR, (unsigned)l->irr_top / 32)));
}

static void drop(struct lapic *l, u32 set, u8 *words, int *top, u8 vector)
{
    u32 *word = word_of(l, set, vector / 32);

    *word &= ~(1u << (vector & 31));
    if (!*word)
        *words &= (u8) ~(1u << vector / 32);
    *top = top_of(l, set, *words);
}

void lapic_ack(struct lapic *l, u8 vector)
{
    drop(l, LAPIC_IRR, &l->irr_words, &l->irr_top, vector);
    *word_of(l, LAPIC_ISR, vector / 32) |= 1u << (vector & 31);
    l->isr_words |= (u8)(1u << vector / 32);
    if (vector > l->isr_top)
        l->isr_top = vector;
    settle(l);
}

/* 11.8.5. With nothing in service an EOI is nothing. */
void lapic_eoi(struct lapic *l)
{
    if (l->isr_top < 0)
        return;
    u8 vector = (u8)l->isr_top;
    bool level = *word_of(l, LAPIC_TMR, vector / 32) >> (vector & 31) & 1;

    drop(l, LAPIC_ISR, &l->isr_words, &l->isr_top, vector);
    settle(l);
    if (level)
        lapic_ended(l, vector);
}

void lapic_ended(struct lapic *l, u8 vector)
{
    lapic_lint_ended(l, vector);
    l->host->eoi(l->host->ctx, vector);
}

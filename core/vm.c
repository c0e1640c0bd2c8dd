/* SPDX-License-Identifier: MIT */
#include "core/vm.h"

#include <stdarg.h>
#include "arch/arch.h"
#include "lib/bits.h"
#include "lib/fmt.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/frame.h"

/* The machine's memory map has a hole for devices below 4 GiB; what does not fit below it goes
 * above. */
#define HOLE_BASE (3 * GiB)
#define HOLE_END  (4 * GiB)

/* The largest block that both the address and what is missing allow, as long as one can be had. */
static hpa_t take_block(u64 at, u64 missing, u64 *size)
{
    u64 most = min_u64(PAGE_1G, BIT(highest_bit(missing)));

    if (at)
        most = min_u64(most, BIT(lowest_bit(at)));
    for (*size = most; *size >= PAGE_4K; *size /= 2) {
        hpa_t block = frame_alloc(*size);
        if (!hpa_is_none(block))
            return block;
    }
    return HPA_NONE;
}

static const char *take_range(struct vm *vm, u64 at, u64 end)
{
    u64 size;

    for (; at < end; at += size) {
        if (vm->piece_count == VM_PIECES_MAX)
            return "free memory is in too many pieces";
        hpa_t block = take_block(at, end - at, &size);
        if (hpa_is_none(block))
            return "not so much memory is free";
        vm->piece[vm->piece_count++] = (struct vm_piece){gpa(at), block, size};
    }
    return NULL;
}

const char *vm_take_memory(struct vm *vm, u64 size)
{
    const char *error = take_range(vm, 0, min_u64(size, HOLE_BASE));

    if (!error && size > HOLE_BASE)
        error = take_range(vm, HOLE_END, HOLE_END + size - HOLE_BASE);
    if (error)
        vm_give_memory(vm);
    return error;
}

const char *vm_take_page(struct vm *vm, gpa_t at)
{
    return take_range(vm, at.v, at.v + PAGE_4K);
}

void vm_give_memory(struct vm *vm)
{
    for (unsigned i = 0; i < vm->piece_count; i++) {
        const char *error = frame_free(vm->piece[i].base, vm->piece[i].size);
        hv_assert(!error);
    }
    vm->piece_count = 0;
}

static const struct vm_piece *piece_at(const struct vm *vm, gpa_t at)
{
    return piece_of(vm->piece, vm->piece + vm->piece_count, at);
}

void *vm_at(const struct vm *vm, gpa_t at, u64 size)
{
    const struct vm_piece *piece = piece_at(vm, at);

    if (!piece || size > piece->size - (at.v - piece->at.v))
        return NULL;
    return in_piece(piece, at);
}

/* What a range is made of: `each` gets every part, if all of it is RAM. */
enum part_job { PART_READ, PART_WRITE, PART_ZERO };

static bool over_pieces(const struct vm *vm, gpa_t at, char *data, u64 size, enum part_job job)
{
    for (u64 done = 0, part; done < size; done += part) {
        const struct vm_piece *piece = piece_at(vm, gpa_add(at, done));
        if (!piece)
            return false;
        part = min_u64(size - done, piece->size - (at.v + done - piece->at.v));
    }
    for (u64 done = 0, part; done < size; done += part) {
        const struct vm_piece *piece = piece_at(vm, gpa_add(at, done));
        u64 offset = at.v + done - piece->at.v;
        void *memory = hpa_ptr(hpa_add(piece->base, offset));
        part = min_u64(size - done, piece->size - offset);
        if (job == PART_READ)
            memcpy(data + done, memory, part);
        else if (job == PART_WRITE)
            memcpy(memory, data + done, part);
        else
            memset(memory, 0, part);
    }
    return true;
}

bool vm_read(const struct vm *vm, gpa_t from, void *to, u64 size)
{
    return over_pieces(vm, from, to, size, PART_READ);
}

bool vm_write(const struct vm *vm, gpa_t to, const void *from, u64 size)
{
    return over_pieces(vm, to, (char *)(uintptr_t)from, size, PART_WRITE);
}

bool vm_zero(const struct vm *vm, gpa_t to, u64 size)
{
    return over_pieces(vm, to, NULL, size, PART_ZERO);
}

u64 vm_now(void)
{
    return arch_now();
}

/* The first end that is said counts; it may be said on any core. */
static bool first_end(struct vm *vm, enum vm_end end)
{
    enum vm_end none = VM_END_NONE;

    if (!__atomic_compare_exchange_n(&vm->end, &none, end, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST))
        return false;
    vm->end_core = arch_core();
    return true;
}

static void call_all(struct vm *vm, u32 attention)
{
    for (u32 i = 0; i < vm->vcpu_count; i++)
        vcpu_call(vm->vcpu[i], attention);
}

void vm_hold(struct vm *vm, u64 until_taken)
{
    __atomic_store_n(&vm->held, until_taken, __ATOMIC_RELEASE);
    call_all(vm, ATTENTION_TIME);
}

void vm_stop(struct vm *vm, enum vm_end end, u64 status)
{
    if (!first_end(vm, end))
        return;
    vm->end_status = status;
    call_all(vm, ATTENTION_STOP);
}

void vm_stop_text(struct vm *vm, const char *format, ...)
{
    va_list args;

    if (!first_end(vm, VM_END_GUEST_ERROR))
        return;
    va_start(args, format);
    fmt_va(vm->end_text, sizeof vm->end_text, format, args);
    va_end(args);
    call_all(vm, ATTENTION_STOP);
}

const char *vm_end_name(enum vm_end end)
{
    static const char *const names[] = {
        [VM_END_NONE] = "none",
        [VM_END_DEBUG_EXIT] = "debug-exit",
        [VM_END_POWER_OFF] = "power-off",
        [VM_END_RESET] = "reset",
        [VM_END_TRIPLE_FAULT] = "triple-fault",
        [VM_END_GUEST_ERROR] = "guest-error",
    };
    return names[end];
}

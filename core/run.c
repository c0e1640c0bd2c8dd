/* SPDX-License-Identifier: MIT */
#include "core/run.h"

#include "arch/arch.h"
#include "core/vm.h"
#include "drivers/emu/dev.h"
#include "lib/bits.h"
#include "lib/lock.h"
#include "lib/log.h"

#define DUMP_NS 1000000000
#define LOG_NS  1400000 /* while a console lags: what a FIFO of 16 takes at 115200 baud */

/* A ring of vCPUs; `newcomers` is where other cores put theirs. */
struct run_queue {
    struct vcpu *ring; /* the one whose turn it is, or was last */
    u64 slice_end;     /* until then nobody takes the core from it */
    struct lock lock;
    struct vcpu *newcomers;
    struct vcpu *loaded; /* whose state the core's registers hold */
    struct vcpu *inside; /* who is in the engine's enter */
    bool has_alarm;
};

static struct run_queue *queue_of(u32 core)
{
    _Static_assert(sizeof(struct run_queue) <= ARCH_CORE_OWN, "it stands in the core's own memory");
    return arch_core_own[core];
}

/* Core 0's, beside its guests. */
static struct {
    u64 when;
    void (*what)(void);
} alarm;

static const struct engine *engine;
static void (*vm_over)(struct vm *vm);

cold void run_init(const struct engine *chosen, void (*over)(struct vm *vm))
{
    engine = chosen;
    vm_over = over;
}

void run_add(struct vcpu *vcpu)
{
    struct run_queue *queue = queue_of(vcpu->core);

    lock_take(&queue->lock);
    vcpu->next_on_core = queue->newcomers;
    queue->newcomers = vcpu;
    lock_drop(&queue->lock);
    if (vcpu->core != arch_core())
        arch_kick(vcpu->core);
}

bool run_called(void)
{
    const struct run_queue *queue = queue_of(arch_core());

    return __atomic_load_n(&queue->newcomers, __ATOMIC_ACQUIRE) ||
           queue->ring->next_on_core != queue->ring;
}

static void insert(struct run_queue *queue, struct vcpu *vcpu)
{
    if (queue->ring) {
        vcpu->next_on_core = queue->ring->next_on_core;
        queue->ring->next_on_core = vcpu;
    } else {
        vcpu->next_on_core = vcpu;
        queue->ring = vcpu;
    }
}

static void welcome(struct run_queue *queue)
{
    struct vcpu *vcpu, *next;

    if (!__atomic_load_n(&queue->newcomers, __ATOMIC_ACQUIRE))
        return;
    lock_take(&queue->lock);
    vcpu = queue->newcomers;
    queue->newcomers = NULL;
    lock_drop(&queue->lock);
    for (; vcpu; vcpu = next) {
        next = vcpu->next_on_core;
        insert(queue, vcpu);
    }
}

/* `vcpu` is the ring's last turn. */
static void take_out(struct run_queue *queue, struct vcpu *vcpu)
{
    struct vcpu *before = vcpu;

    while (before->next_on_core != vcpu)
        before = before->next_on_core;
    before->next_on_core = vcpu->next_on_core;
    queue->ring = before == vcpu ? NULL : before;
    queue->slice_end = 0;
}

static void unload(struct run_queue *queue)
{
    engine->vcpu_unload(queue->loaded);
    queue->loaded = NULL;
}

/* Its machine ends: off the core, and whoever is last clears up. */
static cold no_inline void retire(struct run_queue *queue, struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;

    if (queue->loaded == vcpu)
        unload(queue);
    take_out(queue, vcpu);
    vcpu->state = VCPU_STOPPED;
    if (__atomic_sub_fetch(&vm->vcpus_left, 1, __ATOMIC_SEQ_CST) == 0)
        vm_over(vm);
}

static no_inline void take_input(struct vm *vm)
{
    lock_take(&vm->device_lock);
    __atomic_store_n(&vm->input_waits, false, __ATOMIC_SEQ_CST); /* before it is taken */
    vm->input(vm);
    lock_drop(&vm->device_lock);
}

void run_devices(struct vcpu *vcpu, u64 now)
{
    struct vm *vm = vcpu->vm;

    if (vcpu->deadline <= now)
        vm->expire_own(vcpu, now);
    if (vcpu->index != 0)
        return;
    if (unlikely(__atomic_load_n(&vm->input_waits, __ATOMIC_ACQUIRE)))
        take_input(vm);
    if (__atomic_load_n(&vm->deadline, __ATOMIC_RELAXED) > now)
        return;
    lock_take(&vm->device_lock);
    vm->expire(vm, now);
    lock_drop(&vm->device_lock);
}

static bool is_held(struct vm *vm)
{
    u64 until = __atomic_load_n(&vm->held, __ATOMIC_ACQUIRE);

    if (likely(!until))
        return false;
    if (log_taken() < until)
        return true;
    __atomic_store_n(&vm->held, 0, __ATOMIC_RELEASE);
    return false;
}

static bool wants_core(struct vcpu *vcpu)
{
    u32 attention = __atomic_load_n(&vcpu->attention, __ATOMIC_ACQUIRE);

    if (attention & (ATTENTION_STOP | ATTENTION_SIGNAL))
        return true;
    return (vcpu->state == VCPU_READY || (vcpu->state == VCPU_BLOCKED && attention)) &&
           !is_held(vcpu->vm);
}

/* Who runs here has a turn as long as it seemed when it began: not for ever, if that was so. */
void vcpu_call(struct vcpu *vcpu, u32 attention)
{
    bool here = vcpu->core == arch_core();
    struct vcpu *inside = here ? queue_of(vcpu->core)->inside : NULL;

    if (likely(inside == vcpu)) {
        vcpu_note(vcpu, attention);
        return;
    }
    bool wanted = !inside || wants_core(vcpu);
    __atomic_or_fetch(&vcpu->attention, attention, __ATOMIC_SEQ_CST);
    if (!here)
        arch_kick(vcpu->core);
    else if (!wanted)
        vcpu_note(inside, ATTENTION_TURN);
}

void run_alarm(u64 when, void (*what)(void))
{
    alarm.what = what;
    alarm.when = when;
    queue_of(0)->has_alarm = true;
}

static u64 alarm_time(const struct run_queue *queue)
{
    return unlikely(queue->has_alarm) ? alarm.when : DEV_NEVER;
}

static void ring_alarm(struct run_queue *queue, u64 now)
{
    if (likely(alarm_time(queue) > now))
        return;
    queue->has_alarm = false;
    alarm.what();
}

/*
 * When to look round next. The vCPU's own devices run within its turn. For others: not before
 * the slice is used up, whatever their devices do, or a machine whose timer never rests would leave
 * those beside it no time at all.
 */
static u64 turn_end(const struct run_queue *queue, struct vcpu *mine)
{
    u64 end = alarm_time(queue);

    if (log_pump())
        end = min_u64(end, arch_now() + LOG_NS);

    for (struct vcpu *other = mine->next_on_core; other != mine; other = other->next_on_core) {
        u64 wants = wants_core(other) ? 0 : run_device_time(other);
        end = min_u64(end, max_u64(wants, queue->slice_end));
    }
    return end;
}

/* Another vCPU resets or starts it: not while its state is in the processor. */
static cold no_inline void restart(struct run_queue *queue, struct vcpu *vcpu)
{
    if (queue->loaded == vcpu)
        unload(queue);
    __atomic_and_fetch(&vcpu->attention, ~(u32)ATTENTION_SIGNAL, __ATOMIC_SEQ_CST);
    const struct guest_start *start;
    if (!vcpu->vm->signalled(vcpu, &start))
        return;
    if (start)
        engine->vcpu_start(vcpu, start);
    vcpu->state = start ? VCPU_READY : VCPU_OFF;
}

/*
 * The machine has been stopped for what this vCPU did: its state, while it is loaded. One dump at a
 * time; of machines that start again and again, one a second.
 */
static cold no_inline void show_end(struct vcpu *vcpu)
{
    static struct lock lock;
    static u64 next;
    struct vm *vm = vcpu->vm;
    u64 now = arch_now();

    if (vm->shown || vm->end_core != arch_core() ||
        (vm->end != VM_END_TRIPLE_FAULT && vm->end != VM_END_GUEST_ERROR))
        return;
    vm->shown = true;
    lock_take(&lock);
    if (vm->config->on_exit == VM_EXIT_STOP || now >= next) {
        engine->vcpu_dump(vcpu);
        next = now + DUMP_NS;
    }
    lock_drop(&lock);
}

static void run_vcpu(struct run_queue *queue, struct vcpu *vcpu)
{
    if (queue->loaded != vcpu) {
        if (queue->loaded)
            unload(queue);
        engine->vcpu_load(vcpu);
        queue->loaded = vcpu;
    }
    vcpu->state = VCPU_READY;
    /* Before the time is read and events are looked for: what is called later, holds. */
    __atomic_and_fetch(&vcpu->attention, (u32)(ATTENTION_STOP | ATTENTION_SIGNAL),
                       __ATOMIC_SEQ_CST);
    queue->inside = vcpu;
    if (engine->enter(vcpu, turn_end(queue, vcpu)) == RUN_BLOCKED)
        vcpu->state = VCPU_BLOCKED;
    queue->inside = NULL;
    if (unlikely(__atomic_load_n(&vcpu->attention, __ATOMIC_ACQUIRE) & ATTENTION_STOP))
        show_end(vcpu);
}

static void arm_for_sleep(const struct run_queue *queue)
{
    u64 end = log_pump() ? arch_now() + LOG_NS : DEV_NEVER;
    struct vcpu *vcpu = queue->ring;

    if (vcpu) {
        do {
            end = min_u64(end, run_device_time(vcpu));
            vcpu = vcpu->next_on_core;
        } while (vcpu != queue->ring);
    }
    end = min_u64(end, alarm_time(queue));
    arch_timer_arm(end);
}

static void run_all_devices(const struct run_queue *queue, u64 now)
{
    struct vcpu *vcpu = queue->ring;

    if (!vcpu)
        return;
    do {
        run_devices(vcpu, now);
        vcpu = vcpu->next_on_core;
    } while (vcpu != queue->ring);
}

/* Whose turn it is: the last one's as long as its slice lasts and it has use for it, then that of
 * the next in the ring that wants the core. */
static struct vcpu *choose(struct run_queue *queue, u64 now)
{
    struct vcpu *last = queue->ring, *vcpu = last;

    if (!last)
        return NULL;
    if ((now < queue->slice_end || last->next_on_core == last) && wants_core(last))
        return last;
    do {
        vcpu = vcpu->next_on_core;
        if (wants_core(vcpu)) {
            queue->ring = vcpu;
            queue->slice_end = now + RUN_SLICE_NS;
            return vcpu;
        }
    } while (vcpu != last);
    return NULL;
}

bool run_turn(void)
{
    struct run_queue *queue = queue_of(arch_core());

    welcome(queue);
    u64 now = arch_now();
    ring_alarm(queue, now);
    run_all_devices(queue, now);
    struct vcpu *vcpu = choose(queue, now);
    if (!vcpu) {
        arm_for_sleep(queue);
        return false;
    }
    u32 attention = __atomic_load_n(&vcpu->attention, __ATOMIC_ACQUIRE);
    if (attention & ATTENTION_STOP)
        retire(queue, vcpu);
    else if (attention & ATTENTION_SIGNAL)
        restart(queue, vcpu);
    else
        run_vcpu(queue, vcpu);
    return true;
}

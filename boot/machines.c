/* SPDX-License-Identifier: MIT */
#include "boot/machines.h"

#include "arch/arch.h"
#include "arch/x86/percpu.h"
#include "boot/bench.h"
#include "boot/cores.h"
#include "boot/input.h"
#include "boot/machines_private.h"
#include "boot/main.h"
#include "core/run.h"
#include "core/vm.h"
#include "guests/firmware.h"
#include "guests/load.h"
#include "lib/clock.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/frame.h"

struct machines machines;

static u32 machines_left;
static bool all_well = true;

/* Making and unmaking a machine: one at a time, on whatever core. Over what follows, and load's
 * error. */
static struct lock making;
static u16 vcpus_on[CPUS_MAX];
static u32 made;       /* machines that hold memory */
static u64 free_first; /* memory before the first was made */

/* NULL: there is none, as where the name is "". */
static const struct boot_module *find_module(const char *name)
{
    for (unsigned i = 0; i < machines.modules->count; i++)
        if (strcmp(machines.modules->module[i].name, name) == 0)
            return &machines.modules->module[i];
    return NULL;
}

static struct guest_image image_of(const struct boot_module *module)
{
    return module ? (struct guest_image){hpa_ptr(module->base), module->size}
                  : (struct guest_image){0};
}

static bool copy_in(void *vm, gpa_t to, const void *from, u64 size)
{
    return vm_write(vm, to, from, size);
}

static bool zero_in(void *vm, gpa_t to, u64 size)
{
    return vm_zero(vm, to, size);
}

/* Firmware's tables. A machine too small to have their area goes without. NULL, or why not. */
static const char *load_firmware(struct guest_load *order, const struct vm_config *config)
{
    struct firmware_config firmware = {
        .cpus = config->cpus, .memory = config->memory, .hpet = config->hpet, .ecam = true};

    if (config->memory < GUEST_ROM_END)
        return NULL;
    u8 *area = frame_memory(FIRMWARE_SIZE);
    if (!area)
        return "no memory to make its firmware's tables in";
    order->rsdp = firmware_build(area, &firmware);
    bool fits =
        order->rsdp && order->ram.copy(order->ram.ctx, gpa(FIRMWARE_BASE), area, FIRMWARE_SIZE);
    frame_memory_free(area, FIRMWARE_SIZE);
    return fits ? NULL : "its firmware's tables do not fit";
}

/* The kernel and its initrd into the machine's fresh memory. NULL, or why not. */
static const char *load(struct machine *machine, struct guest_start *start)
{
    static struct load_error error;
    const struct vm_config *config = machine->vm.config;
    const struct boot_module *initrd = find_module(config->initrd);
    struct guest_load order = {
        .kernel = image_of(find_module(config->kernel)),
        .initrd = image_of(initrd),
        .cmdline = config->cmdline,
        .initrd_string = initrd ? initrd->args : "",
        .map = &machine->pc.e820,
        .ram = {&machine->vm, copy_in, zero_in},
        .has_load = config->has_load,
        .load = config->load,
        .mode = (enum guest_flat_mode)config->mode,
    };

    const char *why = load_firmware(&order, config);
    if (why)
        return why;
    return guest_load(&order, start, &error) ? NULL : error.text;
}

/*
 * The core among those that the manifest allows which has the fewest vCPUs; this one, if it is no
 * worse than the best: then a restarted machine disturbs no other core.
 */
static u32 choose_core(const struct vm_config *config)
{
    u32 best = ~0u, count = arch_core_count(), here = arch_core();

    for (u32 i = 0; i < count; i++) {
        u32 core = (here + i) % count;
        if (!cores_has_engine(core) || (!config->any_core && !core_set_has(&config->cores, core)))
            continue;
        if (best == ~0u || vcpus_on[core] < vcpus_on[best])
            best = core;
    }
    return best;
}

static const char *make_vcpus(struct vm *vm)
{
    for (u32 i = 0; i < vm->config->cpus; i++) {
        u32 core = choose_core(vm->config);
        if (core == ~0u)
            return "none of its cores can run guests";
        struct vcpu *vcpu = machines.engine->vcpu_create(vm, i);
        if (!vcpu)
            return "no memory for a virtual processor";
        vcpu->core = core;
        vcpu->state = i ? VCPU_OFF : VCPU_READY;
        vm->vcpu[vm->vcpu_count++] = vcpu;
        vcpus_on[core]++;
        if (!pc_add_vcpu(vm->machine, vcpu))
            return "no memory for a local APIC";
    }
    vm->vcpus_left = vm->vcpu_count;
    return NULL;
}

/* No guest's map may hold a page of Trivet's: the image, or a frame that is not the machine's own.
 */
static const char *check_range(void *with, hpa_t base, u64 size)
{
    const struct vm *vm = with;

    for (unsigned i = 0; i < vm->piece_count; i++)
        if (base.v >= vm->piece[i].base.v &&
            base.v + size <= vm->piece[i].base.v + vm->piece[i].size)
            return NULL;
    return "its map holds memory that is not its own";
}

static const char *build(struct machine *machine)
{
    struct vm *vm = &machine->vm;
    struct guest_start start;
    const char *error = vm_take_memory(vm, vm->config->memory);

    if (!error)
        error = pc_init(&machine->pc, vm, machines.wall);
    if (!error)
        error = machines.engine->vm_create(vm);
    if (!error)
        error = machines.engine->vm_visit(vm, check_range, vm);
    if (!error)
        error = load(machine, &start);
    if (!error)
        error = make_vcpus(vm);
    if (!error)
        machines.engine->vcpu_start(vm->vcpu[0], &start);
    return error;
}

/* When no machine holds any memory, as much must be free as before the first one. */
static void check_memory(void)
{
    u64 left = frame_stats().free;

    if (left == free_first)
        log_debug("memory: the machines have given back all of theirs");
    else
        log_error("memory: %ld KiB of the machines' were not given back",
                  (s64)(free_first - left) / (s64)KiB);
}

static void tear_down(struct vm *vm)
{
    for (u32 i = 0; i < vm->vcpu_count; i++) {
        vcpus_on[vm->vcpu[i]->core]--;
        machines.engine->vcpu_destroy(vm->vcpu[i]);
    }
    pc_destroy(&((struct machine *)vm)->pc);
    machines.engine->vm_destroy(vm);
    vm_give_memory(vm);
    if (--made == 0)
        check_memory();
}

static void announce_end(const struct vm *vm)
{
    const char *name = vm->config->name, *reason = vm_end_name(vm->end);
    char quoted[sizeof vm->end_text * 2];

    if (vm->end == VM_END_TRIPLE_FAULT)
        log_event("vm", "name=%s state=stopped reason=%s rip=0x%lx", name, reason, vm->end_rip);
    else if (vm->end == VM_END_GUEST_ERROR)
        log_event("vm", "name=%s state=stopped reason=%s text=%s", name, reason,
                  log_quote(quoted, sizeof quoted, vm->end_text));
    else
        log_event("vm", "name=%s state=stopped reason=%s status=%lu", name, reason, vm->end_status);
}

static bool ended_well(const struct vm *vm)
{
    return (vm->end == VM_END_DEBUG_EXIT || vm->end == VM_END_POWER_OFF) && vm->end_status == 0;
}

static void count_end(bool well)
{
    if (!well)
        __atomic_store_n(&all_well, false, __ATOMIC_RELEASE);
    if (__atomic_sub_fetch(&machines_left, 1, __ATOMIC_SEQ_CST) == 0 && arch_core() != 0)
        arch_kick(0);
}

/* False: it could not be made, which was its end. */
static bool make(struct machine *machine)
{
    struct vm *vm = &machine->vm;
    const struct vm_config *config = &machine->config;

    memset(vm, 0, sizeof *vm);
    memset(&machine->pc, 0, sizeof machine->pc);
    vm->config = config;
    vm->break_entry =
        machines.options->fail_entry && strcmp(machines.options->fail_entry, config->name) == 0;
    vm->bench_from = machines.options->bench ? boot_handed_over : 0;
    lock_take(&making);
    made++;
    const char *error = build(machine);
    if (error) {
        vm_stop_text(vm, "%s", error);
        announce_end(vm);
        tear_down(vm);
    }
    lock_drop(&making);
    return !error;
}

static void let_run(struct vm *vm)
{
    log_event("vm", "name=%s state=running cpus=%u memory=%luM", vm->config->name, vm->vcpu_count,
              vm->config->memory / MiB);
    pc_start(&((struct machine *)vm)->pc);
    for (u32 i = 0, count = vm->vcpu_count; i < count; i++)
        run_add(vm->vcpu[i]);
}

/* On the core of the last vCPU that stopped. */
static void over(struct vm *vm)
{
    struct machine *machine = (struct machine *)vm;
    bool well = ended_well(vm);

    pc_finish(&machine->pc);
    announce_end(vm);
    for (u32 i = 0; i < vm->vcpu_count && machines.options->stats; i++)
        stats_print(&vm->vcpu[i]->stats, machines.engine->exit_name);
    lock_take(&making);
    tear_down(vm);
    lock_drop(&making);
    if (machine->config.on_exit == VM_EXIT_STOP)
        count_end(well);
    else if (make(machine))
        let_run(vm);
    else
        count_end(false);
}

static u64 memory_of_all(void)
{
    u64 sum = 0;
    for (unsigned i = 0; i < machines.count; i++)
        sum += machines.machine[i]->config.memory;
    return sum;
}

/* All are made before the first runs: none is ahead of the others, or in their way. */
static void start_all(void)
{
    bool good[MANIFEST_VMS_MAX];

    free_first = frame_stats().free;
    machines_left = machines.count;
    if (machines.options->bench)
        bench_memory(0, 0);
    for (unsigned i = 0; i < machines.count; i++) {
        good[i] = make(machines.machine[i]);
        if (!good[i])
            count_end(false);
    }
    if (machines.options->bench)
        bench_memory(machines.count, memory_of_all());
    for (unsigned i = 0; i < machines.count; i++)
        if (good[i])
            let_run(&machines.machine[i]->vm);
}

u64 machines_run(void)
{
    run_init(machines.engine, over);
    start_all();
    while (__atomic_load_n(&machines_left, __ATOMIC_ACQUIRE)) {
        if (!run_turn())
            arch_idle();
    }
    input_stop();
    return !__atomic_load_n(&all_well, __ATOMIC_ACQUIRE);
}

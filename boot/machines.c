/* SPDX-License-Identifier: MIT */
#include "boot/machines.h"

#include "arch/arch.h"
#include "boot/bench.h"
#include "boot/cores.h"
#include "boot/input.h"
#include "boot/main.h"
#include "boot/plan.h"
#include "core/console.h"
#include "core/run.h"
#include "core/vm.h"
#include "drivers/host/cmos.h"
#include "guests/firmware.h"
#include "guests/load.h"
#include "guests/pc.h"
#include "lib/clock.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/frame.h"

/* One of the manifest's machines, through all its lives. */
struct machine {
    struct vm vm; /* first */
    struct pc pc;
    struct vm_config config;
};

static const struct boot_info *info;
static const struct engine *engine;
static struct machine *machines[MANIFEST_VMS_MAX];
static u32 machine_count, machines_left;
static bool all_well = true;
static const struct options *options;
static u64 wall; /* seconds since 1970 when the guests' time was 0 */

/* Making and unmaking a machine: one at a time, on whatever core. Over what follows, and load's
 * error. */
static struct lock making;
static u16 vcpus_on[CORE_SET_MAX];
static u32 made;       /* machines that hold memory */
static u64 free_first; /* memory before the first was made */

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
    const struct boot_module *initrd = plan_module(info, config->initrd);
    struct guest_load order = {
        .kernel = image_of(plan_module(info, config->kernel)),
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
        struct vcpu *vcpu = engine->vcpu_create(vm, i);
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
        error = pc_init(&machine->pc, vm, wall);
    if (!error)
        error = engine->vm_create(vm);
    if (!error)
        error = engine->vm_visit(vm, check_range, vm);
    if (!error)
        error = load(machine, &start);
    if (!error)
        error = make_vcpus(vm);
    if (!error)
        engine->vcpu_start(vm->vcpu[0], &start);
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
        engine->vcpu_destroy(vm->vcpu[i]);
    }
    pc_destroy(&((struct machine *)vm)->pc);
    engine->vm_destroy(vm);
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
    vm->break_entry = options->fail_entry && strcmp(options->fail_entry, config->name) == 0;
    vm->bench_from = options->bench ? boot_handed_over : 0;
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
    for (u32 i = 0; i < vm->vcpu_count && options->stats; i++)
        stats_print(&vm->vcpu[i]->stats, engine->exit_name);
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
    for (unsigned i = 0; i < machine_count; i++)
        sum += machines[i]->config.memory;
    return sum;
}

#define NO_CLOCK 946684800ull /* 2000-01-01 */

/* The host's clock is asked once: it takes milliseconds, and restarted guests go on by it. */
static void read_clock(void)
{
    u64 seconds = NO_CLOCK;

    if (!cmos_time(&seconds))
        log_warn("clock: the machine's own tells no time; the guests' begin with the year 2000");
    wall = seconds - arch_now() / NS_PER_S;
}

/* All are made before the first runs: none is ahead of the others, or in their way. */
static void start_all(void)
{
    bool good[MANIFEST_VMS_MAX];

    free_first = frame_stats().free;
    machines_left = machine_count;
    if (options->bench)
        bench_memory(0, 0);
    for (unsigned i = 0; i < machine_count; i++) {
        good[i] = make(machines[i]);
        if (!good[i])
            count_end(false);
    }
    if (options->bench)
        bench_memory(machine_count, memory_of_all());
    for (unsigned i = 0; i < machine_count; i++)
        if (good[i])
            let_run(&machines[i]->vm);
}

/* The machine that attach= names. */
static void wish_console(void)
{
    for (unsigned i = 0; i < machine_count; i++) {
        if (strcmp(machines[i]->config.name, options->attach) == 0) {
            console_wish(options->attach);
            return;
        }
    }
    log_warn("attach=%s: no machine has this name; the first one's is %s", options->attach,
             machines[0]->config.name);
}

/* A block for each machine, with what it is to be. False: there is no memory for so many. */
static bool take_machines(const struct manifest *manifest)
{
    for (; machine_count < manifest->count; machine_count++) {
        struct machine *machine = frame_memory(sizeof *machine);
        if (!machine) {
            log_error("no memory to keep %u machines in", manifest->count);
            return false;
        }
        machine->config = manifest->vm[machine_count];
        machines[machine_count] = machine;
    }
    return true;
}

/* From the modules to what is to be made; false: no machine is started. */
static bool plan_machines(void)
{
    const struct manifest *manifest = plan_read(info);
    bool good = manifest && take_machines(manifest);

    plan_forget(manifest);
    if (!good)
        log_error("no machine is started");
    return good;
}

u64 machines_run(const struct boot_info *known, const struct engine *chosen,
                 const struct options *chosen_options, const struct acpi_info *acpi)
{
    info = known;
    engine = chosen;
    options = chosen_options;
    if (!info->module_count) {
        log_warn("no modules: nothing to run. Give GRUB a `module2` with a kernel, or with a %s",
                 MANIFEST_NAME);
        return 0;
    }
    if (!plan_machines())
        return 1;
    read_clock();
    run_init(engine, over);
    if (options->attach)
        wish_console();
    input_start(acpi);
    start_all();
    while (__atomic_load_n(&machines_left, __ATOMIC_ACQUIRE)) {
        if (!run_turn())
            arch_idle();
    }
    input_stop();
    return !__atomic_load_n(&all_well, __ATOMIC_ACQUIRE);
}

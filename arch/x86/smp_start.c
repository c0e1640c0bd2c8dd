/* SPDX-License-Identifier: MIT */
/*
 * The cores brought up, the boot core first: what is done once. Only at boot.
 */
#include "arch/x86/smp.h"

#include "arch/arch.h"
#include "arch/x86/ap_start.h"
#include "arch/x86/apic.h"
#include "arch/x86/clock.h"
#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
#include "arch/x86/percpu.h"
#include "arch/x86/skew.h"
#include "arch/x86/trap.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/hostmap.h"

#define CPU_STACK_SIZE (16 * KiB)

static bool some_silent; /* a core that has not answered, and may yet */
static hpa_t start_page; /* below 1 MiB; 0: none. A core that wakes late must find code there */

void cpu_init_boot(void)
{
    static const u64 no_stacks[IST_COUNT];

    boot_cpu.self = &boot_cpu;
    boot_cpu.state = CPU_ONLINE;
    cpus[0] = &boot_cpu;
    arch_core_own[0] = boot_cpu.core_own;
    cpu_count = 1;
    msr_write(MSR_GS_BASE, (u64)&boot_cpu);
    idt_init();
    desc_load(&boot_cpu.desc, no_stacks);
}

static u64 new_stack(u64 size)
{
    char *stack = hostmap_stack(size);
    return stack ? (u64)stack + size : 0;
}

/* False for want of memory; what was taken so far stays with the cpu, which is then not used. */
static bool give_stacks(struct cpu *cpu, u64 ist_top[IST_COUNT])
{
    cpu->stack_top = new_stack(CPU_STACK_SIZE);
    bool good = cpu->stack_top;
    for (unsigned slot = 1; slot < IST_COUNT; slot++) {
        ist_top[slot] = new_stack(IST_STACK_SIZE);
        good = good && ist_top[slot];
    }
    for (unsigned slot = 1; slot < IST_COUNT; slot++)
        cpu->desc.tss.ist[slot - 1] = ist_top[slot];
    return good;
}

void cpu_move_to_own_stack(void (*next)(void))
{
    u64 ist_top[IST_COUNT] = {0};

    if (!give_stacks(&boot_cpu, ist_top))
        hv_panic("no memory for the boot core's stacks");
    boot_cpu.apic_id = apic_id();
    desc_load(&boot_cpu.desc, ist_top);
    __asm__ volatile("mov %0, %%rsp\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "push %%rbp\n\t"
                     "push %%rbp\n\t"
                     "call *%1\n\t"
                     "ud2"
                     :
                     : "r"(boot_cpu.stack_top), "r"(next)
                     : "memory");
    __builtin_unreachable();
}

/* What a new core runs first in C: it stands on its own stack and on the final tables. */
static void no_return ap_main(struct cpu *cpu, void (*work)(void))
{
    u64 ist_top[IST_COUNT] = {0};
    enum cpu_state starting = CPU_STARTING;

    msr_write(MSR_GS_BASE, (u64)cpu);
    for (unsigned slot = 1; slot < IST_COUNT; slot++)
        ist_top[slot] = cpu->desc.tss.ist[slot - 1];
    desc_load(&cpu->desc, ist_top);
    if (cpu_protect())
        cpu_halt_forever();
    apic_enable();
    if (apic_id() != cpu->apic_id ||
        !__atomic_compare_exchange_n(&cpu->state, &starting, CPU_ONLINE, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST))
        cpu_halt_forever(); /* too late: given up, or another's turn */
    skew_answer();
    work();
    cpu_halt_forever();
}

static bool prepare_start_page(void)
{
    if (start_page.v)
        return true;
    hpa_t page = frame_alloc_below(PAGE_4K, MiB);
    if (hpa_is_none(page)) {
        log_error("smp: no free page below 1 MiB to start cores from; running on one");
        return false;
    }
    start_page = page;
    memcpy(hpa_ptr(start_page), ap_start, (size_t)(ap_start_end - ap_start));
    return true;
}

/* What the next core finds on the start page: where to go on in each mode, and its orders. `cpu`
 * comes last, for a core that finds it takes the rest. */
static void give_orders(struct cpu *cpu, void (*work)(void))
{
    struct ap_params *p =
        (struct ap_params *)((char *)hpa_ptr(start_page) + (ap_start_params - ap_start));
    u32 page = (u32)start_page.v;

    p->gdt_limit = 31;
    p->gdt_base = page + (u32)(ap_start_gdt - ap_start);
    p->entry_32 = page + (u32)(ap_start_32 - ap_start);
    p->code_32 = 24;
    p->entry_64 = page + (u32)(ap_start_64 - ap_start);
    p->code_64 = 8;
    p->unhide_nx = cpu_nx_was_hidden;
    p->boot_cr3 = (u32)hostmap_image_hpa(boot_pml4).v;
    p->cr3 = cr3_read();
    p->stack = cpu->stack_top;
    p->entry = (u64)ap_main;
    p->work = (u64)work;
    __atomic_store_n(&p->cpu, (u64)cpu, __ATOMIC_RELEASE);
}

static struct cpu *new_cpu(u32 id)
{
    u64 ist_top[IST_COUNT] = {0};
    hpa_t area = frame_alloc(PAGE_4K);

    if (hpa_is_none(area))
        return NULL;
    _Static_assert(sizeof(struct cpu) <= PAGE_4K, "one page a core");
    struct cpu *cpu = hpa_ptr(area);
    cpu->self = cpu;
    cpu->index = cpu_count;
    cpu->apic_id = id;
    cpu->state = CPU_STARTING;
    arch_core_own[cpu->index] = cpu->core_own; /* it may be at work before it is counted */
    return give_stacks(cpu, ist_top) ? cpu : NULL;
}

static bool wait_online(const struct cpu *cpu, u64 us)
{
    u64 end = arch_now() + us * 1000;
    while (__atomic_load_n(&cpu->state, __ATOMIC_ACQUIRE) != CPU_ONLINE)
        if (arch_now() > end)
            return false;
        else
            spin_pause();
    return true;
}

/* The TSCs of a machine's cores mostly run in step, but nothing makes firmware see to it. */
static struct skew correct_clock(struct cpu *cpu)
{
    struct skew skew = skew_measure(clock_tsc_hz());
    cpu->tsc_adjust = skew_matters(&skew, clock_tsc_hz()) ? 0 - (u64)skew.ahead : 0;
    skew_done();
    return skew;
}

static void log_clock(const struct cpu *cpu, const struct skew *skew)
{
    bool behind = skew->ahead < 0;
    u64 ticks = behind ? 0 - (u64)skew->ahead : (u64)skew->ahead;
    const char *where = behind ? "behind" : "ahead";

    if (!skew->known)
        log_info("smp: core %u's TSC cannot be compared, it answers too slowly", cpu->index);
    else if (cpu->tsc_adjust)
        log_warn("smp: core %u's TSC is %lu ticks %s (within %lu); corrected", cpu->index, ticks,
                 where, skew->uncertain);
    else
        log_debug("smp: core %u's TSC is %lu ticks %s (within %lu)", cpu->index, ticks, where,
                  skew->uncertain);
}

/* INIT has been sent and its 10 ms have passed. The second SIPI goes only to a core that ignored
 * the first. */
static bool start_initialized(u32 id, void (*work)(void))
{
    struct cpu *cpu = new_cpu(id);
    enum cpu_state starting = CPU_STARTING;

    if (!cpu) {
        log_error("smp: no memory for the core with APIC id %u", id);
        return false;
    }
    give_orders(cpu, work);
    for (int attempt = 0; attempt < 2; attempt++) {
        apic_send_startup(id, (u8)(start_page.v >> 12));
        if (wait_online(cpu, attempt ? 100000 : 1000))
            break;
    }
    if (__atomic_compare_exchange_n(&cpu->state, &starting, CPU_GIVEN_UP, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST)) {
        return false; /* its area is not freed: it may yet wake and must find its stack */
    }
    struct skew skew = correct_clock(cpu);
    log_clock(cpu, &skew);
    cpus[cpu->index] = cpu;
    __atomic_store_n(&cpu_count, cpu_count + 1, __ATOMIC_RELEASE);
    return true;
}

bool smp_start_one(u32 id, void (*work)(void))
{
    if (!prepare_start_page())
        return false;
    apic_send_init(id);
    clock_wait_us(10000);
    return start_initialized(id, work);
}

void smp_start(const u32 *ids, u32 count, u32 limit, void (*work)(void))
{
    if (limit > CPUS_MAX)
        limit = CPUS_MAX;
    if (count > 1 && limit > 1 && !prepare_start_page())
        return;
    for (u32 i = 0; i < count && limit > 1; i++)
        if (ids[i] != boot_cpu.apic_id)
            apic_send_init(ids[i]);
    if (count > 1 && limit > 1)
        clock_wait_us(10000);
    for (u32 i = 0; i < count && cpu_count < limit; i++)
        if (ids[i] != boot_cpu.apic_id)
            if (!start_initialized(ids[i], work)) {
                log_warn("smp: the core with APIC id %u does not answer; left out", ids[i]);
                some_silent = true;
            }
}

static void nothing(void *with)
{
    (void)with;
}

/*
 * A core counts before it has left ap_main for its work, from which alone it takes calls: one that
 * has taken this call will never be here again.
 */
bool smp_settle(void)
{
    if (some_silent)
        return false;
    for (u32 core = 0; core < cpu_count; core++)
        smp_call(core, nothing, NULL);
    return !start_page.v || !frame_free(start_page, PAGE_4K);
}

static void answer_call(void *nothing)
{
    (void)nothing;
    skew_answer();
}

struct skew smp_compare_clock(u32 core)
{
    smp_post(core, answer_call, NULL);
    struct skew skew = correct_clock(cpus[core]);
    smp_wait(core);
    return skew;
}

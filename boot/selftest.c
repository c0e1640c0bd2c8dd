/* SPDX-License-Identifier: MIT */
#include "boot/selftest.h"

#include "arch/arch.h"
#include "arch/x86/clock.h"
#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
#include "arch/x86/panic.h"
#include "arch/x86/percpu.h"
#include "arch/x86/smp.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/hostmap.h"

/* No processor has it: the range is reserved for software (SDM 4, table 2-2; APM 2, A.1 has nothing
 * there). */
#define MSR_NOWHERE 0x40000000

static u32 hits;

/* This core's: the others wait in their loops meanwhile, and wake by their timers to feed a console
 * that lags. */
static void hit(void)
{
    if (arch_core() == 0)
        __atomic_fetch_add(&hits, 1, __ATOMIC_SEQ_CST);
}

static const char *check_map(void)
{
    return hostmap_check();
}

/* Through the direct map with text, data and the first page as targets: all three must fault and be
 * survived. */
static const char *check_protection(void)
{
    static u32 word;
    extern const char image_text_start[];

    if (probe_write((u32 *)(u64)image_text_start))
        return "the text can be written";
    if (probe_write((u32 *)hpa_ptr(hostmap_image_hpa(image_text_start))))
        return "the text can be written through the direct map";
    if (probe_write((u32 *)8))
        return "the first page is mapped";
    if (probe_write((u32 *)hpa_ptr(hpa(8))))
        return "the first page of memory is mapped";
    if (!probe_write(&word))
        return "data cannot be written";
    return NULL;
}

static const char *check_frames(void)
{
    static const u64 sizes[] = {PAGE_4K, PAGE_2M};
    struct frame_stats before = frame_stats();

    for (unsigned i = 0; i < array_size(sizes); i++) {
        hpa_t block = frame_alloc(sizes[i]);
        if (hpa_is_none(block))
            return "no memory";
        for (u64 at = 0; at < sizes[i]; at += 8)
            if (*(u64 *)hpa_ptr(hpa_add(block, at)))
                return "a frame is not zero";
        memset(hpa_ptr(block), 0xa5, sizes[i]);
        const char *error = frame_free(block, sizes[i]);
        if (error)
            return error;
        /* The allocator's own links may stand at its start. */
        if (*(u64 *)hpa_ptr(hpa_add(block, sizes[i] - 8)))
            return "a freed frame is not wiped";
    }
    return frame_stats().free == before.free ? NULL : "frames are lost";
}

static const char *check_fixup(void)
{
    u64 value = 1;

    /* Some emulators read any register as 0 instead of faulting: either way this returns. */
    if (msr_read_safe(MSR_NOWHERE, &value) && value)
        return "a register that does not exist has a value";
    return probe_write((u32 *)0x0000123456789000) ? "an unmapped address can be written" : NULL;
}

static const char *check_clock(void)
{
    u64 last = arch_now();

    for (int i = 0; i < 10000; i++) {
        u64 now = arch_now();
        if (now < last)
            return "time runs backward";
        last = now;
    }
    return NULL;
}

static const char *wait_for_timer(void)
{
    for (int i = 0; i < 3; i++) {
        u64 start = arch_now();
        hits = 0;
        arch_timer_arm(start + 1000000);
        while (!hits && arch_now() < start + NS_PER_S)
            arch_idle();
        if (!hits)
            return "no timer interrupt";
        /* A count's speed is only measured, over a millisecond: 1 % is its due. */
        if (arch_now() < start + 990000)
            return "the timer is early";
    }
    return NULL;
}

static const char *check_timer(void)
{
    irq_set_handler(VECTOR_TIMER, hit);
    const char *error = wait_for_timer();
    irq_set_handler(VECTOR_TIMER, NULL);
    return error;
}

static void note_core(void *seen)
{
    ((u8 *)seen)[arch_core()]++;
}

/* Each core takes a call, on its own stack, behind its own this_cpu. */
static const char *check_cores(void)
{
    static u8 seen[CPUS_MAX];

    for (u32 core = 0; core < arch_core_count(); core++)
        smp_call(core, note_core, seen);
    for (u32 core = 0; core < arch_core_count(); core++)
        if (seen[core] != 1)
            return "a core did not take its call";
    return NULL;
}

#define SHIFT 1000000 /* ticks: far more than an exchange between cores is wrong by */

/* Moves this core's TSC; sets *by to 0 where the processor cannot. */
static void shift_tsc(void *by)
{
    u64 adjust;
    if (!(cpuid_or_zero(7, 0).ebx & BIT(1)) || !msr_read_safe(MSR_TSC_ADJUST, &adjust) ||
        !msr_write_safe(MSR_TSC_ADJUST, adjust + *(u64 *)by))
        *(u64 *)by = 0;
}

static void read_now(void *now)
{
    *(u64 *)now = arch_now();
}

static bool clock_in_step(u32 core, u64 tolerance_ns)
{
    u64 there, before = arch_now();
    smp_call(core, read_now, &there);
    return there + tolerance_ns >= before && there <= arch_now() + tolerance_ns;
}

/* A core whose TSC is moved away must be found out, and its time be right all the same. */
static const char *check_skew(void)
{
    u32 core = arch_core_count() - 1;
    u64 by = SHIFT;

    if (!core)
        return NULL;
    smp_call(core, shift_tsc, &by);
    struct skew skew = smp_compare_clock(core);
    u64 tolerance = skew.uncertain + clock_tsc_hz() / 500000;
    bool right = !skew.known || ((u64)skew.ahead + tolerance - by) <= 2 * tolerance;
    bool in_step = !skew.known || clock_in_step(core, tolerance * NS_PER_S / clock_tsc_hz());
    by = 0 - by;
    if (by)
        smp_call(core, shift_tsc, &by);
    smp_compare_clock(core);
    return !right ? "a core's TSC is not where it was put" : in_step ? NULL : "time is out of step";
}

static void nothing_to_do(void)
{
}

/* The highest id that no processor of this kind of APIC has here. */
#define SILENT_ID 0xfe

static const char *check_silent_core(void)
{
    for (u32 i = 0; i < arch_core_count(); i++)
        if (cpus[i]->apic_id == SILENT_ID)
            return NULL;
    return smp_start_one(SILENT_ID, nothing_to_do) ? "a core that is not there has started" : NULL;
}

static const struct {
    const char *name;
    const char *(*run)(void);
} checks[] = {
    {"map",         check_map        },
    {"protection",  check_protection },
    {"frames",      check_frames     },
    {"fixup",       check_fixup      },
    {"clock",       check_clock      },
    {"timer",       check_timer      },
    {"cores",       check_cores      },
    {"skew",        check_skew       },
    {"silent-core", check_silent_core},
};

void selftest_run(void)
{
    for (unsigned i = 0; i < array_size(checks); i++)
        selftest_note(checks[i].name, checks[i].run());
}

static void fail_panic(void *nothing)
{
    (void)nothing;
    hv_panic("asked for by fail=");
}

/* After boot, with `selftest`: a call of what was boot's. */
static void fail_gone(void *nothing)
{
    (void)nothing;
    selftest_gone = fail_panic;
}

/* No failure: a core that the firmware lists and that never answers. Boot's memory is then kept. */
static void fail_silent(void *nothing)
{
    (void)nothing;
    smp_start((const u32[]){cpus[0]->apic_id, SILENT_ID}, 2, CPUS_MAX, nothing_to_do);
}

/* All cores at once: exactly one may speak. */
static void fail_everywhere(void *nothing)
{
    for (u32 core = 1; core < arch_core_count(); core++)
        smp_post(core, fail_panic, nothing);
    fail_panic(nothing);
}

static void fail_write(void *nothing)
{
    (void)nothing;
    *(volatile u32 *)0x0000123456789000 = 1;
}

static void fail_null(void *nothing)
{
    *(volatile u32 *)nothing = 1;
}

static no_inline u64 dig(u64 depth)
{
    volatile u64 hole[64];
    hole[0] = depth;
    return depth == ~0ull ? 0 : dig(depth + 1) + hole[0];
}

static void fail_stack(void *nothing)
{
    (void)nothing;
    dig(0);
}

static void fail_smash(void *nothing)
{
    char small[8];
    volatile u64 size = 64;
    (void)nothing;
    memset(small, 0x41, size);
    __asm__ volatile("" : : "r"(small) : "memory");
}

static bool consoles_fail;

static size_t faulty_write(struct log_sink *sink, const char *text, size_t size)
{
    (void)sink, (void)text;
    if (consoles_fail)
        *(volatile u32 *)0x0000123456789000 = 1;
    return size;
}

/* A panic within the panic: a console that faults, and again when the panic is printed on it. */
static void fail_sink(void *nothing)
{
    static struct log_sink faulty;
    (void)nothing;
    faulty.name = "faulty";
    faulty.write = faulty_write;
    log_add_sink(&faulty);
    consoles_fail = true;
    log_warn("from here on a console fails");
}

/* Two of them: the second one fails the panic within the panic. */
static void fail_sinks(void *nothing)
{
    static struct log_sink faulty;
    faulty.name = "faulty too";
    faulty.write = faulty_write;
    log_add_sink(&faulty);
    fail_sink(nothing);
}

/* The end that a restart comes to where nothing else restarts. */
static void fail_triple(void *nothing)
{
    (void)nothing;
    log_flush();
    cpu_triple_fault();
}

static const struct {
    const char *name;
    void (*run)(void *);
} ways[] = {
    {"panic",      fail_panic     },
    {"everywhere", fail_everywhere},
    {"write",      fail_write     },
    {"null",       fail_null      },
    {"stack",      fail_stack     },
    {"smash",      fail_smash     },
    {"sink",       fail_sink      },
    {"sinks",      fail_sinks     },
    {"triple",     fail_triple    },
    {"gone",       fail_gone      },
    {"silent",     fail_silent    },
};

void selftest_fail(const char *way)
{
    bool known = !*way;

    for (unsigned i = 0; i < array_size(ways); i++) {
        if (strcmp(way, ways[i].name) == 0) {
            smp_call(arch_core_count() - 1, ways[i].run, NULL);
            known = true;
        }
    }
    if (!known)
        log_warn("fail=%s: no such way to fail", way);
}

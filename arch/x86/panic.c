/* SPDX-License-Identifier: MIT */
#include "arch/x86/panic.h"

#include <stdarg.h>
#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/percpu.h"
#include "lib/fmt.h"
#include "lib/log.h"
#include "lib/string.h"

#define BACKTRACE_MAX 24

extern const char image_boot_text_start[], image_text_end[];

static u32 panic_owner = ~0u; /* the core that speaks */
static void (*panic_end)(void);
static char tail[1024]; /* of the log, taken before the panic adds its own lines */

void panic_set_end(void (*end)(void))
{
    panic_end = end;
}

static void no_return panic_finish(const char *reason);

/* Stops the others, once, and may fail itself. */
static void stop_others(struct cpu *cpu)
{
    if (cpu->panics == 1)
        apic_stop_others();
}

/*
 * Does not return on a core that is not the first to fail. A panic within the panic speaks as well,
 * without the console that failed (log_panic_mode); a third one only ends as the user wishes, and
 * the end's own failure is the last.
 */
static void panic_begin(void)
{
    u32 owner = ~0u;
    struct cpu *cpu = this_cpu();

    irq_disable();
    if (!__atomic_compare_exchange_n(&panic_owner, &owner, cpu->index, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST) &&
        owner != cpu->index)
        cpu_halt_forever();
    if (++cpu->panics > 3)
        cpu_halt_forever();
    stop_others(cpu);
    log_panic_mode();
    if (cpu->panics == 3)
        panic_finish("a panic within the panic within the panic");
    log_tail(tail, sizeof tail);
}

void panic_nmi(void)
{
    this_cpu()->nmis++;
    if (__atomic_load_n(&panic_owner, __ATOMIC_SEQ_CST) != ~0u && !this_cpu()->panics)
        cpu_halt_forever();
}

/* Where a call returns to may be the next function's beginning, if it was not to return: the call
 * itself, `behind` bytes before, says whose it was. */
static void print_address(u64 address, u64 behind)
{
    u64 offset = 0;
    const char *name = symbol_find(address - behind, &offset);
    log_raw("  %016lx %s+0x%lx", address, name, offset + behind);
}

/*
 * Frame pointers: [rbp] is the caller's, [rbp + 8] the return address. Each must lie above the
 * last and near it, so that a broken chain ends the walk and cannot loop it.
 */
static void print_backtrace(u64 rip, u64 behind, u64 rbp)
{
    u64 low = rbp;

    log_raw("backtrace:");
    print_address(rip, behind);
    for (int n = 0; n < BACKTRACE_MAX && is_aligned(rbp, 8) && rbp >= low && rbp < low + 16 * KiB;
         n++) {
        u64 return_to = ((const u64 *)rbp)[1];
        if (return_to < (u64)image_boot_text_start || return_to >= (u64)image_text_end)
            break;
        print_address(return_to, 1);
        u64 next = *(const u64 *)rbp;
        if (next <= rbp)
            break;
        rbp = next;
    }
}

static void print_registers(const struct trap_frame *f)
{
    log_raw("rip %016lx  rsp %016lx  rflags %08lx  cs %04lx  ss %04lx", f->rip, f->rsp, f->rflags,
            f->cs, f->ss);
    log_raw("rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx", f->rax, f->rbx, f->rcx, f->rdx);
    log_raw("rsi %016lx  rdi %016lx  rbp %016lx  r8  %016lx", f->rsi, f->rdi, f->rbp, f->r8);
    log_raw("r9  %016lx  r10 %016lx  r11 %016lx  r12 %016lx", f->r9, f->r10, f->r11, f->r12);
    log_raw("r13 %016lx  r14 %016lx  r15 %016lx", f->r13, f->r14, f->r15);
}

static void print_control(void)
{
    log_raw("cr0 %016lx  cr2 %016lx  cr3 %016lx  cr4 %016lx", cr0_read(), cr2_read(), cr3_read(),
            cr4_read());
}

static void print_log_tail(void)
{
    log_raw("the log's last lines:");
    for (char *line = tail; *line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = 0;
        log_raw("  | %s", line);
        if (!end)
            break;
        line = end + 1;
    }
}

static void panic_finish(const char *reason)
{
    static char quoted[320];
    log_event("panic", "text=%s", log_quote(quoted, sizeof quoted, reason));
    log_flush();
    if (panic_end)
        panic_end();
    cpu_halt_forever();
}

void panic_trap(const struct trap_frame *frame)
{
    static char reason[200];
    u64 offset = 0;

    panic_begin();
    const char *name = symbol_find(frame->rip, &offset);
    fmt_text(reason, sizeof reason, "%s (vector %lu, error 0x%lx) at %s+0x%lx, address 0x%lx",
             trap_name((unsigned)frame->vector), frame->vector, frame->error, name, offset,
             frame->vector == VECTOR_PAGE_FAULT ? cr2_read() : frame->rip);
    log_raw("panic on core %u: %s", this_cpu()->index, reason);
    print_registers(frame);
    print_control();
    print_backtrace(frame->rip, 0, frame->rbp);
    print_log_tail();
    panic_finish(reason);
}

void hv_panic(const char *format, ...)
{
    static char reason[256];
    va_list args;

    panic_begin();
    va_start(args, format);
    fmt_va(reason, sizeof reason, format, args);
    va_end(args);
    log_raw("panic on core %u: %s", this_cpu()->index, reason);
    print_control();
    print_backtrace((u64)__builtin_return_address(0), 1, *(const u64 *)__builtin_frame_address(0));
    print_log_tail();
    panic_finish(reason);
}

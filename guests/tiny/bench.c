/* SPDX-License-Identifier: MIT */
/*
 * What each exit costs, in ticks of the TSC: the price list of `make bench` (docs/performance.md).
 *
 * An operation stands in a loop of two instructions of its own (`empty`), which is part of its
 * price: nothing is subtracted. Interrupts are enabled, so the host's are taken as in any guest. No
 * price is told before all are known, since a log that drains makes exits dearer.
 */
#include "guests/tiny/rt/tiny.h"

#define UART       0x3f8
#define UNCLAIMED  0x1234
#define TSC_ADJUST 0x3b
#define STEAL_OF   100000000ull /* of so many ticks, those that the guest did not get */

static struct {
    const char *name;
    u64 ticks;
} prices[64];
static unsigned count;

static void price(const char *name, u64 ticks)
{
    if (check(count < array_size(prices), "no room for %s", name)) {
        prices[count].name = name;
        prices[count++].ticks = ticks;
    }
}

static void report(const char *name, u64 ticks)
{
    if (on_trivet() && bench_call(name, ticks) == 0)
        return;
    print("@bench name=%s ticks=%lu\n", name, ticks);
}

/* Ticks of `n` rounds of the text, DEC and JNZ of R15 after each; the rest is asm's, outputs first.
 */
#define ROUNDS(n, text, ...)                                                                       \
    ({                                                                                             \
        u64 rounds_ = (n), before_ = rdtsc();                                                      \
        __asm__ volatile("movq %[rounds_], %%r15\n1:\t" text "\n\tdecq %%r15\n\tjnz 1b"            \
                         : __VA_ARGS__);                                                           \
        rdtsc() - before_;                                                                         \
    })
#define N        [rounds_] "r"(rounds_)
#define CLOBBERS "r15", "memory", "cc"

static u64 rounded(u64 ticks, u64 n)
{
    return (ticks + n / 2) / n;
}

/* A price by name: LOOPED("cpuid", 10000, "cpuid", outputs : N, inputs : CLOBBERS). */
#define LOOPED(name, n, ...) price(name, rounded(ROUNDS(n, __VA_ARGS__), n))

static void instructions(void)
{
    u64 a = 0, c = 0;

    LOOPED("empty", 100000, "", : N : CLOBBERS);
    LOOPED("cpuid", 10000, "xorl %%eax, %%eax\n\tcpuid",
           : N
           : CLOBBERS, "rax", "rbx", "rcx", "rdx");
    LOOPED("cpuid-features", 10000, "movl $1, %%eax\n\tcpuid",
           : N
           : CLOBBERS, "rax", "rbx", "rcx", "rdx");
    if (on_trivet()) {
        LOOPED("vmcall", 10000, "vmcall", "+a"(a) : N : CLOBBERS);
        if (TRY("vmmcall", "+a"(a) : : "memory") == NO_TRAP)
            LOOPED("vmmcall", 10000, "vmmcall", "+a"(a) : N : CLOBBERS);
    }
    LOOPED("wbinvd", 10000, "wbinvd", : N : CLOBBERS);
    LOOPED("mov-cr8", 10000, "movq %%rax, %%cr8\n\tmovq %%cr8, %%rax", "+a"(c) : N : CLOBBERS);
    c = read_cr0();
    LOOPED("cr0-wp", 10000, "movq %[clear], %%cr0\n\tmovq %[set], %%cr0",
           : N, [clear] "r"(c & ~(u64)CR0_WP), [set] "r"(c | CR0_WP)
           : CLOBBERS);
    write_cr0(c);
}

static void registers(void)
{
    LOOPED("msr-read", 10000, "rdmsr", : N, "c"(TSC_ADJUST) : CLOBBERS, "rax", "rdx");
    /* Each round another value, so each moves the TSC; it is back before the clock is read. */
    u64 ticks = ROUNDS(10000, "leal -1(%%r15), %%eax\n\twrmsr",
                       : N, "c"(TSC_ADJUST), "d"(0)
                       : CLOBBERS, "rax");
    price("msr-write", rounded(ticks, 10000));
    LOOPED("msr-passed", 10000, "rdmsr", : N, "c"(MSR_KERNEL_GS) : CLOBBERS, "rax", "rdx");
}

#define PORT_LOOP(name, insn, port, value)                                                         \
    do {                                                                                           \
        u64 rax_ = (value);                                                                        \
        LOOPED(name, 10000, insn, "+a"(rax_) : N, "d"(port) : CLOBBERS);                           \
    } while (0)
#define IN  "inb %%dx, %%al"
#define OUT "outb %%al, %%dx"

static void ports(void)
{
    u8 mask = inb(0x21);

    PORT_LOOP("pic-read", IN, 0x21, 0);
    PORT_LOOP("pic-write", OUT, 0x21, mask);
    PORT_LOOP("pit-read", IN, 0x40, 0);
    PORT_LOOP("uart-status", IN, UART + 5, 0);
    PORT_LOOP("port-unclaimed", IN, UNCLAIMED, 0);
    PORT_LOOP("port-passed", OUT, 0x80, 0);
    LOOPED("ins-4k", 2, "movq %[at], %%rdi\n\tmovl $4096, %%ecx\n\trep insb",
           : N, [at] "r"(PLAY_A), "d"(UART + 7)
           : CLOBBERS, "rcx", "rdi");
    LOOPED("outs-4k", 2, "movq %[at], %%rsi\n\tmovl $4096, %%ecx\n\trep outsb",
           : N, [at] "r"(PLAY_A), "d"(UART + 7)
           : CLOBBERS, "rcx", "rsi");
}

static void memory(void)
{
    u64 at = 0x2000000;

    LOOPED("mmio-read", 2000, "movl (%[at]), %%eax", : N, [at] "r"(HOLE) : CLOBBERS, "rax");
    LOOPED("mmio-write", 2000, "movl %%eax, (%[at])", : N, [at] "r"(HOLE), "a"(0) : CLOBBERS);
    /* Up to 64 MiB; the guest's own tables map 2M pages. */
    LOOPED("touch-4k", 8192, "movq %%r15, (%[at])\n\taddq $4096, %[at]", [at] "+r"(at)
           : N
           : CLOBBERS);
}

/* --- interrupts ------------------------------------------------------------------------------- */

static volatile u64 came;
static volatile unsigned ticks;

static void on_tick(struct frame *frame)
{
    (void)frame;
    came = rdtsc();
    ticks++;
}

/* As exact as the hypervisor has it, else as measured. */
static u64 ticks_a_second(void)
{
    struct cpuid timing = cpuid(0x40000010, 0);
    return on_trivet() && timing.a ? timing.a * 1000ull : tsc_hz();
}

/*
 * Counter 0 in mode 0: the output rises counts + 1 periods after the count is written, for which
 * the middle between before and after the OUT stands. Returns when that is to be.
 */
static u64 one_shot(u16 counts)
{
    pit_control(0, 0);
    outb(0x40, (u8)counts);
    u64 before = rdtsc();
    outb(0x40, (u8)(counts >> 8));
    u64 set = before + (rdtsc() - before) / 2;
    return set + (counts + 1ull) * ticks_a_second() / PIT_HZ;
}

enum wait { SPINNING, HALTED, MASKED };

/* From the deadline to the handler; MASKED: from STI, with the interrupt long there. */
static u64 latency(enum wait wait, u16 counts)
{
    irq_disable();
    came = 0;
    u64 from = one_shot(counts);
    if (wait == HALTED) {
        irq_wait();
    } else if (wait == SPINNING) {
        irq_enable();
        while (!came)
            ;
    } else {
        while (rdtsc() < from + 20000)
            ;
        from = rdtsc();
        __asm__ volatile("sti; nop; nop" ::: "memory");
        check(came, "no interrupt after STI");
    }
    irq_enable();
    return came > from ? came - from : 0;
}

#define SPIN(n) ROUNDS(n, "", : N : CLOBBERS)

static void latencies(const char *const name[3], enum wait wait, u16 counts, unsigned n)
{
    u64 sum = 0, least = ~0ull, most = 0;

    for (unsigned i = 0; i < n; i++) {
        SPIN(17 * i + 1); /* at every phase of the PIT's clock */
        u64 one = latency(wait, counts);
        sum += one;
        least = one < least ? one : least;
        most = one > most ? one : most;
    }
    price(name[0], rounded(sum, n));
    if (name[1])
        price(name[1], least);
    if (name[2])
        price(name[2], most);
}

/* What a spinning guest loses a tick of a periodic timer, its own handler and EOI included. */
static void periodic(void)
{
    const u64 rounds = 10000000;
    u64 quiet = SPIN(rounds);

    unsigned from = ticks;
    pit_set(0, 2, (u16)(PIT_HZ / 1000));
    while (ticks == from)
        ;
    from = ticks;
    u64 busy = SPIN(rounds);
    unsigned came_in = ticks - from;
    LOOPED("cpuid-timer", 10000, "xorl %%eax, %%eax\n\tcpuid",
           : N
           : CLOBBERS, "rax", "rbx", "rcx", "rdx");
    pit_set(0, 0, 1);
    if (check(came_in > 10, "%u ticks of a periodic timer", came_in))
        price("irq-pit", rounded(busy - quiet, came_in));
}

/* A slice's own time is the difference of two short runs that nothing came between. */
static void steal(void)
{
    const u64 slice = 50000;
    u64 one = ~0ull, two = ~0ull;

    for (unsigned i = 0; i < 20; i++) {
        u64 a = SPIN(slice), b = SPIN(2 * slice);
        one = a < one ? a : one;
        two = b < two ? b : two;
    }
    u64 slices = STEAL_OF / (two - one);
    u64 alone = one + (slices - 1) * (two - one);
    u64 took = SPIN(slices * slice);
    price("steal", took > alone ? took - alone : 0);
}

/* Characters of a line, not its end: that is the log's work. */
static void uart_write(void)
{
    u64 sum = 0;

    for (unsigned i = 0; i < 4; i++) {
        sum += ROUNDS(60, OUT, : N, "a"('.'), "d"(UART) : CLOBBERS);
        print("\n");
        wait_us(20000); /* the log drains */
    }
    price("uart-write", rounded(sum, 4 * 60));
}

static void interrupts(void)
{
    irq_on(0, on_tick);
    irq_enable();
    latencies((const char *const[]){"pit-deadline", "pit-deadline-least", "pit-deadline-worst"},
              SPINNING, 1193, 50);
    latencies((const char *const[]){"hlt-wake", "hlt-wake-least", "hlt-wake-worst"}, HALTED, 1193,
              50);
    latencies((const char *const[]){"hlt-wake-long", NULL, NULL}, HALTED, 23863, 8);
    latencies((const char *const[]){"irq-window", NULL, NULL}, MASKED, 200, 50);
    periodic();
    pic_mask(0);
}

TINY(bench)
{
    u64 first = rt_first_tsc;

    irq_enable();
    wait_us(400000); /* the boot's log has drained, the runtime's own PIT stroke is over */
    instructions();
    registers();
    ports();
    memory();
    steal();
    interrupts();
    uart_write();
    if (on_trivet())
        report("first-tsc", first);
    for (unsigned i = 0; i < count; i++)
        report(prices[i].name, prices[i].ticks);
}

/* SPDX-License-Identifier: MIT */
/*
 * The init of `make bench`'s Linux: what ordinary work costs there, in ticks of the TSC, a line
 * `bench: NAME TICKS` each when all is done. Freestanding, with the kernel's system calls for a
 * library, so that it needs no more than the compiler; /bin/busybox is the program that it runs.
 * With the word `off` it switches off at once.
 */
#include "lib/types.h"

/* asm/unistd_64.h */
enum {
    SYS_WRITE = 1,
    SYS_OPEN = 2,
    SYS_MMAP = 9,
    SYS_IOCTL = 16,
    SYS_PIPE = 22,
    SYS_DUP2 = 33,
    SYS_NANOSLEEP = 35,
    SYS_FORK = 57,
    SYS_EXECVE = 59,
    SYS_EXIT = 60,
    SYS_WAIT4 = 61,
    SYS_READ = 0,
    SYS_GETPPID = 110,
    SYS_REBOOT = 169,
};

#define BUSYBOX   "/bin/busybox"
#define TCSBRK    0x5409 /* with an argument: until all has left */
#define POWER_OFF 0x4321fedc
#define COPIED    (4 << 20)

static long call(long number, long a, long b, long c)
{
    long result;
    register long r10 __asm__("r10") = number == SYS_MMAP ? 0x22 : 0; /* private, anonymous */
    register long r8 __asm__("r8") = -1;
    register long r9 __asm__("r9") = 0;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static u64 rdtsc(void)
{
    u32 low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (u64)high << 32 | low;
}

/* --- what is said, at the end --- */

static char text[1024];
static unsigned length;

static void say(const char *what)
{
    while (*what && length < sizeof text)
        text[length++] = *what++;
}

static void say_number(u64 value)
{
    char digits[21], *at = digits + 20;

    *at = 0;
    do
        *--at = (char)('0' + value % 10);
    while (value /= 10);
    say(at);
}

static void row(const char *name, u64 ticks)
{
    say("bench: ");
    say(name);
    say(" ");
    say_number(ticks);
    say("\n");
}

static no_return void off(void)
{
    call(SYS_WRITE, 1, (long)text, length);
    call(SYS_IOCTL, 1, TCSBRK, 1);
    call(SYS_REBOOT, (long)0xfee1dead, 672274793, POWER_OFF);
    for (;;)
        call(SYS_EXIT, 1, 0, 0);
}

static void must(long result, const char *what)
{
    if (result >= 0)
        return;
    say("bench: FAILED ");
    say(what);
    say("\n");
    off();
}

/* --- the work --- */

/* Runs a program to its end; what it says goes nowhere. */
static void run(const char *const words[])
{
    static const char *const environment[] = {NULL};
    int status = 0;
    long child = call(SYS_FORK, 0, 0, 0);

    must(child, "fork");
    if (child == 0) {
        call(SYS_DUP2, 3, 1, 0);
        call(SYS_EXECVE, (long)words[0], (long)words, (long)environment);
        call(SYS_EXIT, 1, 0, 0);
    }
    must(call(SYS_WAIT4, child, (long)&status, 0), "wait");
    must(-status, words[1]);
}

static u64 spin(void)
{
    u64 start = rdtsc(), n = 20000000;
    __asm__ volatile("1: decq %0; jnz 1b" : "+r"(n)::"cc");
    return rdtsc() - start;
}

static u64 system_calls(void)
{
    u64 start = rdtsc();
    for (unsigned i = 0; i < 20000; i++)
        call(SYS_GETPPID, 0, 0, 0);
    return (rdtsc() - start) / 20000;
}

static u64 fork_exec(void)
{
    static const char *const words[] = {BUSYBOX, "true", NULL};
    run(words);
    u64 start = rdtsc();
    for (unsigned i = 0; i < 20; i++)
        run(words);
    return (rdtsc() - start) / 20;
}

static u64 sha256(void)
{
    static const char *const words[] = {BUSYBOX, "sha256sum", BUSYBOX, NULL};
    u64 start = rdtsc();
    run(words);
    return rdtsc() - start;
}

static void copy(u8 *to, const u8 *from)
{
    u64 n = COPIED / 8;
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n)::"memory");
}

/* The second copy and those after it, whose pages are there. */
static u64 memory_copy(void)
{
    long at = call(SYS_MMAP, 0, 2 * COPIED, 3);

    must(at < 0 && at > -4096 ? -1 : 0, "mmap");
    u8 *to = (u8 *)at, *from = to + COPIED;
    for (unsigned i = 0; i < COPIED; i += 8)
        *(u64 *)(from + i) = i;
    copy(to, from);
    u64 start = rdtsc();
    for (unsigned i = 0; i < 64; i++) /* so many that a tick of the timer more is little */
        copy(to, from);
    return (rdtsc() - start) / 64;
}

/* First writes to fresh pages: the kernel's faults, and under a hypervisor perhaps its own. */
static u64 page_faults(void)
{
    long at = call(SYS_MMAP, 0, COPIED, 3);

    must(at < 0 && at > -4096 ? -1 : 0, "mmap");
    u64 start = rdtsc();
    for (unsigned i = 0; i < COPIED; i += 4096)
        *(volatile u8 *)(at + i) = 1;
    return (rdtsc() - start) / (COPIED / 4096);
}

static u64 pipe_rounds(void)
{
    int there[2], back[2];
    char byte = 0;

    must(call(SYS_PIPE, (long)there, 0, 0), "pipe");
    must(call(SYS_PIPE, (long)back, 0, 0), "pipe");
    long child = call(SYS_FORK, 0, 0, 0);
    must(child, "fork");
    while (child == 0) {
        if (call(SYS_READ, there[0], (long)&byte, 1) != 1 || byte)
            call(SYS_EXIT, 0, 0, 0);
        call(SYS_WRITE, back[1], (long)&byte, 1);
    }
    u64 start = rdtsc();
    for (unsigned i = 0; i < 2000; i++) {
        must(call(SYS_WRITE, there[1], (long)&byte, 1), "write");
        must(call(SYS_READ, back[0], (long)&byte, 1), "read");
    }
    u64 took = (rdtsc() - start) / 2000;
    byte = 1;
    call(SYS_WRITE, there[1], (long)&byte, 1);
    call(SYS_WAIT4, child, 0, 0);
    return took;
}

static u64 sleeps(void)
{
    static const s64 millisecond[2] = {0, 1000000};
    u64 start = rdtsc();
    for (unsigned i = 0; i < 100; i++)
        must(call(SYS_NANOSLEEP, (long)millisecond, 0, 0), "nanosleep");
    return (rdtsc() - start) / 100;
}

/* The kernel's stack: how many words, then the words. */
__attribute__((used)) static no_return void begin(const u64 *stack)
{
    const char *last = (const char *)stack[stack[0]];

    if (stack[0] > 1 && last[0] == 'o' && last[1] == 'f')
        off();
    must(call(SYS_OPEN, (long)"/quiet", 0x241, 0600) - 3, "a file that takes what is said");
    row("spin", spin());
    row("syscall", system_calls());
    row("fork-exec", fork_exec());
    row("sha256", sha256());
    row("memcpy", memory_copy());
    row("page-fault", page_faults());
    row("pipe", pipe_rounds());
    row("sleep", sleeps());
    off();
}

__asm__(".globl _start\n_start:\n\tmovq %rsp, %rdi\n\tandq $-16, %rsp\n\tcall begin");

/* SPDX-License-Identifier: MIT */
/*
 * Ports, address holes and memory.
 */
#include "guests/tiny/bench/bench.h"

#define UART      0x3f8
#define PM_TIMER  0x608
#define UNCLAIMED 0x1234

#define PORT_LOOP(name, insn, port, value)                                                         \
    do {                                                                                           \
        u64 rax_ = (value);                                                                        \
        LOOPED(name, 10000, insn, "+a"(rax_) : N, "d"(port) : CLOBBERS);                           \
    } while (0)
#define IN  "inb %%dx, %%al"
#define OUT "outb %%al, %%dx"

void bench_ports(void)
{
    u8 mask = inb(0x21);

    PORT_LOOP("pic-read", IN, 0x21, 0);
    PORT_LOOP("pic-write", OUT, 0x21, mask);
    PORT_LOOP("pit-read", IN, 0x40, 0);
    PORT_LOOP("uart-status", IN, UART + 5, 0);
    PORT_LOOP("pmtimer", "inl %%dx, %%eax", PM_TIMER, 0);
    PORT_LOOP("port-unclaimed", IN, UNCLAIMED, 0);
    PORT_LOOP("port-passed", OUT, 0x80, 0);
    LOOPED("ins-4k", 2, "movq %[at], %%rdi\n\tmovl $4096, %%ecx\n\trep insb",
           : N, [at] "r"(PLAY_A), "d"(UART + 7)
           : CLOBBERS, "rcx", "rdi");
    LOOPED("outs-4k", 2, "movq %[at], %%rsi\n\tmovl $4096, %%ecx\n\trep outsb",
           : N, [at] "r"(PLAY_A), "d"(UART + 7)
           : CLOBBERS, "rcx", "rsi");
}

/* The first write to each 4K page of [at, at + 4K * pages). The guest's own tables map 2M pages. */
static void touch(const char *name, u64 at, u64 pages)
{
    LOOPED(name, pages, "movq %%r15, (%[at])\n\taddq $4096, %[at]", [at] "+r"(at) : N : CLOBBERS);
}

/*
 * The three ranges of RAM differ where a hypervisor backs memory when it is first touched: there
 * the first has 2M pages, the second 4K pages, the third nothing (test/bench/kvm_machine.c).
 */
void bench_memory(void)
{
    LOOPED("mmio-read", 2000, "movl (%[at]), %%eax", : N, [at] "r"(HOLE) : CLOBBERS, "rax");
    LOOPED("mmio-write", 2000, "movl %%eax, (%[at])", : N, [at] "r"(HOLE), "a"(0) : CLOBBERS);
    touch("touch-4k", 0x2000000, 8192);
    touch("touch-4k-small", 0x4000000, 4096);
    touch("touch-4k-demand", 0x5000000, 4096);
}

/* Characters of a line, not its end: that is the log's work. */
void bench_uart_write(void)
{
    u64 sum = 0;

    for (unsigned i = 0; i < 4; i++) {
        sum += ROUNDS(60, OUT, : N, "a"('.'), "d"(UART) : CLOBBERS);
        print("\n");
        wait_us(20000); /* the log drains */
    }
    price("uart-write", rounded(sum, 4 * 60));
}

/* SPDX-License-Identifier: MIT */
/*
 * The second of two moves to a device is written by another processor: it is what stands there when
 * the first is done (mem_mmio_pairs has the rest). With a word between the two it is the new one;
 * without, one of the two, whole.
 */
#include "guests/tiny/rt/apic.h"

#define PIN    20 /* nobody's */
#define LOW    (0x10 + 2 * PIN)
#define ROUNDS 200
#define RACES  2000

/* The second moves EDX or ECX, by its second byte. */
extern u8 select_write_2[];
__asm__(".pushsection .text; .balign 64\n"
        "select_write: movl %esi, (%rax)\n select_write_2: movl %edx, 0x10(%rax)\n jmp *%rbx\n"
        ".popsection");

static volatile u32 wanted, written;
static volatile bool over;

static u8 modrm(u32 round)
{
    return round & 1 ? 0x48 : 0x50;
}

static void write_code(unsigned cpu)
{
    volatile u8 *at = select_write_2 + 1;

    (void)cpu;
    while (written < ROUNDS) {
        while (wanted == written)
            pause();
        *at = modrm(wanted);
        __atomic_store_n(&written, written + 1, __ATOMIC_SEQ_CST);
    }
    for (u32 i = 0; !over; i++) {
        *at = modrm(i);
        pause();
    }
}

static u32 both(u32 edx, u32 ecx)
{
    __asm__ volatile("leaq 1f(%%rip), %%rbx; jmp select_write; 1:"
                     :
                     : "a"(IOAPIC_PAGE), "S"(LOW), "d"(edx), "c"(ecx)
                     : "rbx", "memory");
    return ioapic_read(LOW);
}

TINY(smp_mmio_pairs)
{
    const u32 edx = IOAPIC_MASKED | 0x20;

    if (smp_start() < 2)
        skip("one processor");
    cpu_run(1, write_code);
    for (u32 i = 1; i <= ROUNDS; i++) {
        u32 ecx = edx + i % 100;
        __atomic_store_n(&wanted, i, __ATOMIC_SEQ_CST);
        while (written != i)
            pause();
        cpuid(0, 0); /* another's code: serialized (SDM 3, 9.1.3) */
        u32 is = both(edx, ecx);
        if (!check(is == (i & 1 ? ecx : edx), "round %u: %x", i, is))
            break;
    }
    for (u32 i = 0; i < RACES; i++) {
        u32 ecx = edx + 1 + i % 100, is = both(edx, ecx);
        if (!check(is == edx || is == ecx, "race %u: %x", i, is))
            break;
    }
    over = true;
    cpu_wait(1);
}

/* SPDX-License-Identifier: MIT */
/* RDTSCP: TSC_AUX in ECX, between two RDTSCs; #UD where CPUID does not offer it. RDPID shows the
 * same. */
#include "guests/tiny/rt/tiny.h"

TINY(cpu_rdtscp)
{
    u64 low, high, aux;
    if (!(cpuid(0x80000001, 0).d >> 27 & 1)) {
        check(TRY("rdtscp", "=a"(low), "=d"(high), "=c"(aux)) == UD, "RDTSCP is not offered");
        return;
    }
    for (u32 value = 1; value; value <<= 1) {
        wrmsr(MSR_TSC_AUX, value);
        cpuid(0, 0); /* an exit: TSC_AUX is the guest's, not the host's */
        u64 before = rdtsc();
        __asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(aux)::"memory");
        u64 after = rdtsc();
        check(aux == value, "TSC_AUX %x is %lx", value, aux);
        check(low >> 32 == 0 && high >> 32 == 0, "high halves");
        check(before <= (high << 32 | low) && (high << 32 | low) <= after, "out of order");
    }
    if (cpuid(7, 0).c >> 22 & 1) {
        __asm__ volatile(".byte 0xf3, 0x0f, 0xc7, 0xf8" : "=a"(aux)); /* rdpid %rax */
        check(aux == 0x80000000, "RDPID %lx", aux);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * #PF: CR2 and every bit of the error code: present, write, user, reserved, instruction; WP; and
 * the faulting instruction runs again when its page is mapped (SDM 3A 4.7).
 */
#include "guests/tiny/rt/tiny.h"

#define AT 0x600000ull

static u64 *table;

static unsigned load(u64 at)
{
    return TRY("movb (%0), %%al", : "r"(at) : "rax", "memory");
}

static unsigned store(u64 at)
{
    return TRY("movb $1, (%0)", : "r"(at) : "memory");
}

static void expect(unsigned vector, u64 error, u64 cr2, const char *what)
{
    check(vector == PF && trap.error == error && trap.cr2 == cr2, "%s: vector %u error %lx cr2 %lx",
          what, vector, trap.error, trap.cr2);
}

static void entry(unsigned n, u64 value)
{
    table[n] = value;
    invlpg((void *)(AT + n * 4096));
}

static void user_load(void)
{
    __asm__ volatile("movb 0x602000, %%al" ::: "rax", "memory");
    user_end();
}

static void user_jump(void)
{
    __asm__ volatile("call *%0" ::"r"(0x602000ull) : "memory");
    user_end();
}

static void on_pf(struct frame *frame)
{
    check(frame->error == 2 && read_cr2() == AT + 0x1008, "demand: %lx %lx", frame->error,
          read_cr2());
    entry(1, (AT + 0x1000) | 3);
}

static void supervisor(void)
{
    entry(1, 0);
    expect(load(AT + 0x1234), 0, AT + 0x1234, "read, not present");
    expect(store(AT + 0x1ffc), 2, AT + 0x1ffc, "write, not present");
    entry(1, (AT + 0x1000) | 1);
    expect(store(AT + 0x1000), 3, AT + 0x1000, "write, read-only");
    write_cr0(read_cr0() & ~(u64)CR0_WP);
    check(store(AT + 0x1000) == NO_TRAP, "write, read-only, without WP");
    write_cr0(read_cr0() | CR0_WP);
    u64 rax = 0;
    entry(2, 0);
    unsigned vector = TRY("movq (%1), %0", "+a"(rax) : "r"(AT + 0x1ffd));
    expect(vector, 0, AT + 0x2000, "read across, second page not present");
    expect(load(0x7f0000000000), 0, 0x7f0000000000, "no table at all");
}

/* Beside RSVD stands P: the entry is there. */
static void expect_reserved(const char *what)
{
    check(load(AT + 0x1000) == PF && (trap.error & ~1ull) == 8 && trap.cr2 == AT + 0x1000,
          "%s: vector %u error %lx cr2 %lx", what, trap.vector, trap.error, trap.cr2);
    part("reserved-is-present") check(trap.error & 1, "%s: error %lx", what, trap.error);
}

static void reserved_and_execute(void)
{
    unsigned width = cpuid(0x80000008, 0).a & 0xff;
    if (width < 52) {
        entry(1, AT | BIT(51) | 3);
        expect_reserved("reserved bit 51");
    }
    if (!(cpuid(0x80000001, 0).d >> 20 & 1))
        return;
    entry(1, (AT + 0x1000) | BIT(63) | 3);
    expect_reserved("bit 63 without NXE");
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
    check(load(AT + 0x1000) == NO_TRAP, "read, no execute");
    *(u8 *)(AT + 0x1000) = 0xc3;
    u64 back = 0;
    unsigned vector = TRY("movq %%rsp, %0; call *%1", "+&r"(back) : "r"(AT + 0x1000) : "memory");
    __asm__ volatile("movq %0, %%rsp" ::"r"(back) : "memory");
    expect(vector, 0x11, AT + 0x1000, "execute");
}

TINY(exc_pf)
{
    table = page_split((void *)AT);
    supervisor();
    reserved_and_execute();

    trap_on(PF, on_pf);
    entry(1, 0);
    *(volatile u64 *)(AT + 0x1008) = 77;
    check(*(volatile u64 *)(AT + 0x1008) == 77, "the store is lost");
    trap_on(PF, NULL);

    rt_pd[AT >> 21] |= 4;
    entry(2, (AT + 0x2000) | 3);
    expect(user_run(user_load, 0), 5, 0x602000, "user, supervisor page");
    entry(2, 0);
    expect(user_run(user_load, 0), 4, 0x602000, "user, not present");
    u64 fetch = rdmsr(MSR_EFER) & EFER_NXE ? 0x10 : 0;
    expect(user_run(user_jump, 0), 4 | fetch, 0x602000, "user, fetch, not present");
}

/* SPDX-License-Identifier: MIT */
#include "guests/tiny/rt/tiny.h"
#include "guests/tiny/rt/fuzz.h"

#define WINDOW 0x8000000000ull       /* PML4 entry 1: 16 GiB of aliases */
#define MIDDLE (WINDOW + 8ull * GiB) /* so that no 32-bit displacement leaves it */
#define FILL   (MIDDLE + 0x11234)    /* every register; DX is a port that nobody decodes */
#define CODE   0x600000ull           /* where the bytes are, and in the window by an alias */
#define ALIAS  (WINDOW + 20ull * GiB)
#define OWN    0x1000000ull /* below it are the guest and what it plays with */
#define BYTES  16

static u64 pdpt[512] aligned(4096), pd[512] aligned(4096), pd_code[512] aligned(4096);
static u8 stack[8192] aligned(16);

u64 random(u64 *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x2545f4914f6cdd1d;
}

static void window_map(u64 physical)
{
    for (unsigned i = 0; i < 512; i++) {
        pd[i] = physical | 0x83;
        pd_code[i] = CODE | 0x83;
    }
    for (unsigned i = 0; i < 16; i++)
        pdpt[i] = (u64)pd | 3;
    for (unsigned i = 16; i < 24; i++)
        pdpt[i] = (u64)pd_code | 3;
    /* An absolute address must not leave the window: above what is the guest's own, a page fault.
     */
    for (unsigned i = OWN >> 21; i < 2048; i++)
        rt_pd[i] = 0;
    rt_pml4[1] = (u64)pdpt | 3;
    write_cr3(read_cr3());
}

/*
 * True at what would end or change the machine on purpose: HLT, MOV CR, LGDT, LIDT, MWAIT, UMWAIT;
 * and at LTR: QEMU takes a null selector with RPL bits and then gives up at the next interrupt.
 */
static bool too_much(const u8 *at)
{
    u8 reg = at[2] >> 3 & 7;
    if (at[0] == 0xf4)
        return true;
    if (at[0] != 0x0f)
        return false;
    if (at[1] == 0x00 && reg == 3)
        return true;
    if (at[1] == 0x22 || (at[1] == 0xae && reg == 6))
        return true;
    return at[1] == 0x01 && (at[2] >= 0xc0 ? (at[2] & 0xfe) == 0xc8 : reg == 2 || reg == 3);
}

static void choose(u64 *state)
{
    u8 bytes[BYTES + 2] = {0};
    for (unsigned i = 0; i < BYTES; i += 8) {
        u64 value = random(state);
        memcpy(bytes + i, &value, 8);
    }
    if (random(state) & 1)
        bytes[0] = 0x0f; /* half of the opcodes of one byte are ALU operations */
    for (unsigned i = 0; i < BYTES; i++) {
        while (too_much(bytes + i))
            bytes[i] = 0x90;
        if (bytes[i] >= 0xe4 && bytes[i] <= 0xe7)
            bytes[i + 1] = 0x80; /* IN and OUT with a port in the instruction */
    }
    memcpy((void *)CODE, bytes, BYTES);
    barrier();
}

static void put_back(u64 cr0)
{
    write_dr7(0x400);
    if (read_cr0() != cr0)
        write_cr0(cr0);
}

unsigned fuzz_instructions(u64 seed, unsigned count, u64 physical)
{
    u64 state = seed, cr0 = read_cr0();
    unsigned ran = 0;

    window_map(physical);
    for (unsigned i = 0; i < 256; i++)
        rt_idt[i].ist = 4;
    tss_set_ist(4, stack + sizeof(stack));
    for (unsigned i = 0; i < count; i++) {
        choose(&state);
        ran += step_run(ALIAS, FILL) == DB;
        put_back(cr0);
    }
    descriptors_load();
    return ran;
}

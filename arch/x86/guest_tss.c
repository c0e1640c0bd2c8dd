/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest_tss.h"

#include "arch/x86/guest_space.h"

/* SDM 3, figure 8-2; gpr and segment are in the order of enum gpr and enum seg_reg. */
struct tss32 {
    u16 link, reserved0;
    u32 stack[6];
    u32 cr3, eip, eflags, gpr[8];
    struct {
        u16 selector, reserved;
    } segment[6];
    u16 ldt, reserved1, trap, io_map;
};
_Static_assert(sizeof(struct tss32) == 104 && offsetof(struct tss32, eip) == 32 &&
                   offsetof(struct tss32, ldt) == 96,
               "a 32-bit TSS");

/* Figure 8-10. */
struct tss16 {
    u16 link, stack[6];
    u16 ip, flags, gpr[8], segment[4], ldt;
};
_Static_assert(sizeof(struct tss16) == 44 && offsetof(struct tss16, ip) == 14, "a 16-bit TSS");

/* The static fields and the reserved halves stay as the guest has them. */
static bool save_32(struct guest *guest, u64 base, const struct guest_task_state *t)
{
    struct tss32 tss;
    u64 at = (u32)(base + offsetof(struct tss32, eip));
    u64 size = offsetof(struct tss32, ldt) - offsetof(struct tss32, eip);

    if (!guest_system_read(guest, at, &tss.eip, size))
        return false;
    tss.eip = t->eip;
    tss.eflags = t->eflags;
    for (unsigned i = 0; i < 8; i++)
        tss.gpr[i] = t->gpr[i];
    for (unsigned i = 0; i < SEG_COUNT; i++)
        tss.segment[i].selector = t->segment[i];
    return guest_system_write(guest, at, &tss.eip, size);
}

static bool save_16(struct guest *guest, u64 base, const struct guest_task_state *t)
{
    struct tss16 tss = {.ip = (u16)t->eip, .flags = (u16)t->eflags};

    for (unsigned i = 0; i < 8; i++)
        tss.gpr[i] = (u16)t->gpr[i];
    for (unsigned i = 0; i < array_size(tss.segment); i++)
        tss.segment[i] = t->segment[i];
    return guest_system_write(guest, (u32)(base + offsetof(struct tss16, ip)), &tss.ip,
                              offsetof(struct tss16, ldt) - offsetof(struct tss16, ip));
}

static bool load_32(struct guest *guest, u64 base, struct guest_task_state *t)
{
    struct tss32 tss;

    if (!guest_system_read(guest, base, &tss, sizeof tss))
        return false;
    t->eip = tss.eip;
    t->eflags = tss.eflags;
    t->cr3 = tss.cr3;
    t->ldt = tss.ldt;
    t->trap = tss.trap & 1;
    for (unsigned i = 0; i < 8; i++)
        t->gpr[i] = tss.gpr[i];
    for (unsigned i = 0; i < SEG_COUNT; i++)
        t->segment[i] = tss.segment[i].selector;
    return true;
}

/* No FS, GS, CR3 and T flag; the upper halves, which the manual leaves undefined, become 0. */
static bool load_16(struct guest *guest, u64 base, struct guest_task_state *t)
{
    struct tss16 tss;

    if (!guest_system_read(guest, base, &tss, sizeof tss))
        return false;
    t->eip = tss.ip;
    t->eflags = tss.flags;
    t->ldt = tss.ldt;
    t->trap = false;
    for (unsigned i = 0; i < 8; i++)
        t->gpr[i] = tss.gpr[i];
    for (unsigned i = 0; i < SEG_COUNT; i++)
        t->segment[i] = i < array_size(tss.segment) ? tss.segment[i] : 0;
    return true;
}

u32 guest_tss_size(bool wide)
{
    return wide ? sizeof(struct tss32) : sizeof(struct tss16);
}

u32 guest_tss_saved_end(bool wide)
{
    return wide ? offsetof(struct tss32, ldt) : offsetof(struct tss16, ldt);
}

bool guest_tss_reach(struct guest *guest, u64 base, bool wide)
{
    u32 start = wide ? offsetof(struct tss32, eip) : offsetof(struct tss16, ip);

    return guest_system_reach(guest, (u32)(base + start), guest_tss_saved_end(wide) - start, true);
}

bool guest_tss_save(struct guest *guest, u64 base, bool wide, const struct guest_task_state *state)
{
    return wide ? save_32(guest, base, state) : save_16(guest, base, state);
}

bool guest_tss_load(struct guest *guest, u64 base, bool wide, struct guest_task_state *state)
{
    return wide ? load_32(guest, base, state) : load_16(guest, base, state);
}

/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest.h"

#include "arch/x86/cpu.h"
#include "arch/x86/fpu.h"
#include "arch/x86/msr.h"
#include "drivers/emu/dev.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/frame.h"

/*
 * Registers that Trivet itself never uses: a guest's stay in the processor for as long as it has
 * the core, and are exchanged here when another vCPU takes it. None of this is on the exit path.
 */
bool guest_create(struct guest *guest)
{
    hpa_t area = frame_alloc(fpu_area_size());

    guest->vcpu.deadline = DEV_NEVER;
    guest->apic_id = guest->vcpu.index;
    guest->xcr0 = 1;
    stats_init(&guest->vcpu.stats);
    guest_msr_reset(guest);
    if (hpa_is_none(area))
        return false;
    guest->xsave = hpa_ptr(area);
    fpu_area_reset(guest->xsave);
    return true;
}

void guest_init(struct guest *guest)
{
    memset(guest->gpr, 0, sizeof guest->gpr);
    memset(guest->dr, 0, sizeof guest->dr);
    guest->dr6 = 0xffff0ff0;
    guest->cr2 = 0;
    guest->event.valid = guest->nmi = guest->halted = false;
    guest->hits = 0;
}

void guest_destroy(struct guest *guest)
{
    if (!guest->xsave)
        return;
    const char *error = frame_free(ptr_hpa(guest->xsave), fpu_area_size());
    hv_assert(!error);
    guest->xsave = NULL;
}

#define DEBUG_REGISTERS(each) each(0) each(1) each(2) each(3)
#define DR_LOAD(n)            __asm__ volatile("mov %0, %%dr" #n : : "r"(guest->dr[n]));
#define DR_SAVE(n)            __asm__ volatile("mov %%dr" #n ", %0" : "=r"(guest->dr[n]));

static bool has_tsc_aux(void)
{
    return cpuid_or_zero(0x80000001, 0).edx & BIT(27);
}

void guest_switch_in(struct guest *guest)
{
    cr2_write(guest->cr2);
    DEBUG_REGISTERS(DR_LOAD)
    __asm__ volatile("mov %0, %%dr6" : : "r"(guest->dr6));
    msr_write(MSR_STAR, guest->star);
    msr_write(MSR_LSTAR, guest->lstar);
    msr_write(MSR_CSTAR, guest->cstar);
    msr_write(MSR_FMASK, guest->fmask);
    msr_write(MSR_KERNEL_GS_BASE, guest->kernel_gs_base);
    if (has_tsc_aux())
        msr_write(MSR_TSC_AUX, guest->tsc_aux);
    fpu_load(guest->xsave, guest->xcr0, guest->xss);
}

void guest_dr_fetch(struct guest *guest)
{
    DEBUG_REGISTERS(DR_SAVE)
}

void guest_switch_out(struct guest *guest)
{
    guest->cr2 = cr2_read();
    guest_dr_fetch(guest);
    __asm__ volatile("mov %%dr6, %0" : "=r"(guest->dr6));
    __asm__ volatile("mov %0, %%dr7" : : "r"(0x400ull)); /* no breakpoint of the guest's hits us */
    guest->star = msr_read(MSR_STAR);
    guest->lstar = msr_read(MSR_LSTAR);
    guest->cstar = msr_read(MSR_CSTAR);
    guest->fmask = msr_read(MSR_FMASK);
    guest->kernel_gs_base = msr_read(MSR_KERNEL_GS_BASE);
    if (has_tsc_aux())
        guest->tsc_aux = msr_read(MSR_TSC_AUX);
    fpu_save(guest->xsave);
}

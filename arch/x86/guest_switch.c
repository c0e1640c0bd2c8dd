/* SPDX-License-Identifier: MIT */
#include "arch/x86/guest.h"

#include "arch/x86/cpu.h"
#include "arch/x86/fpu.h"
#include "arch/x86/guest_start.h"
#include "arch/x86/guest_vm.h"
#include "arch/x86/msr.h"
#include "arch/x86/percpu.h"
#include "drivers/emu/dev.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/frame.h"

void guest_give_back(hpa_t base, u64 size)
{
    if (!base.v || hpa_is_none(base))
        return;
    const char *error = frame_free(base, size);
    hv_assert(!error);
}

struct guest *guest_create(struct vm *vm, u32 index, const struct guest_ops *ops, u64 size)
{
    struct guest *guest = frame_memory(size);
    void *area = frame_memory(fpu_area_size());

    if (!guest || !area) {
        frame_memory_free(guest, size);
        frame_memory_free(area, fpu_area_size());
        return NULL;
    }
    guest->vcpu.vm = vm;
    guest->vcpu.index = index;
    guest->ops = ops;
    guest->cpuid = &guest_vm_of(vm)->cpuid;
    guest->apic_id = index;
    guest->vcpu.deadline = DEV_NEVER;
    guest->xsave = area;
    fpu_area_reset(guest->xsave);
    stats_init(&guest->vcpu.stats);
    guest_msr_reset(guest);
    return guest;
}

void guest_destroy(struct guest *guest, u64 size)
{
    frame_memory_free(guest->xsave, fpu_area_size());
    frame_memory_free(guest, size);
}

/* Without RSP, which is the control block's. An NMI that came while it waited for its start goes on
 * waiting. */
void guest_start_gpr(struct guest *guest, const struct guest_start *start)
{
    memset(guest->gpr, 0, sizeof guest->gpr);
    memset(guest->dr, 0, sizeof guest->dr);
    guest->dr6 = 0xffff0ff0;
    guest->cr2 = 0;
    guest->event.valid = guest->halted = false;
    guest->hits = 0;
    guest->gpr[GPR_RAX] = start->rax;
    guest->gpr[GPR_RBX] = start->rbx;
    guest->gpr[GPR_RDX] = start->rdx;
    guest->gpr[GPR_RSI] = start->rsi;
    guest->gpr[GPR_RDI] = start->rdi;
}

/*
 * Registers that Trivet itself never uses: a guest's stay in the processor for as long as it has
 * the core, and are exchanged here when another vCPU takes it. None of this is on the exit path.
 */
#define DEBUG_REGISTERS(each) each(0) each(1) each(2) each(3)
#define DR_LOAD(n)            __asm__ volatile("mov %0, %%dr" #n : : "r"(guest->dr[n]));
#define DR_SAVE(n)            __asm__ volatile("mov %%dr" #n ", %0" : "=r"(guest->dr[n]));

static bool has_tsc_aux(void)
{
    return cpuid_or_zero(0x80000001, 0).edx & BIT(27);
}

/* CPUID.7.EDX[26] (SDM 1, 21.1), on AMD also 8000_0008.EBX[12] (APM 3). */
static bool has_ibpb(void)
{
    return cpuid_or_zero(7, 0).edx & BIT(26) || cpuid_or_zero(0x80000008, 0).ebx & BIT(12);
}

/* Where another machine's vCPU ran last, it may have trained the branch predictor: the one that
 * comes is not to go where that sends it. */
static void forget_branches(const struct guest *guest)
{
    u64 machine = guest_vm_of(guest->vcpu.vm)->number, *last = &this_cpu()->last_machine;

    if (*last && *last != machine && has_ibpb())
        (void)!msr_write_safe(MSR_PRED_CMD, PRED_CMD_IBPB);
    *last = machine;
}

void guest_switch_in(struct guest *guest)
{
    forget_branches(guest);
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

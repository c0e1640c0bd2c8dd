/* SPDX-License-Identifier: MIT */
#include "vmx/vmx_cpu.h"

#include "arch/x86/cpu.h"
#include "arch/x86/percpu.h"
#include "arch/x86/trap.h"
#include "vmx/vmx_vcpu.h"

struct vmx_caps vmx_caps;

struct vmx_cpu {
    bool on;
    struct asid_pool vpids;
};

static struct vmx_cpu *own(u32 core)
{
    _Static_assert(sizeof(struct vmx_cpu) <= CPU_ENGINE_OWN, "it stands in struct cpu");
    return (struct vmx_cpu *)cpus[core]->engine_own;
}

struct asid_pool *vmx_core_vpids(u32 core)
{
    return &own(core)->vpids;
}

bool vmx_present(void)
{
    return cpuid(1, 0).ecx & BIT(5);
}

void vmx_read_msrs(struct vmx_msrs *msrs)
{
    struct cpuid address = cpuid_or_zero(0x80000008, 0);

    *msrs = (struct vmx_msrs){
        .cpuid_1_ecx = cpuid(1, 0).ecx,
        .cpuid_7_ecx = cpuid_or_zero(7, 0).ecx,
        .phys_bits = address.eax ? (u8)address.eax : 36,
    };
    if (!vmx_present())
        return;
    for (u32 i = 0; i < array_size(msrs->cap); i++)
        if (msr_read_safe(MSR_VMX_BASIC + i, &msrs->cap[i]))
            msrs->present |= (u32)BIT(i);
    msrs->feature_control_present = msr_read_safe(MSR_FEATURE_CONTROL, &msrs->feature_control);
}

/* VMXON may fail in three ways: #UD or #GP (the fix-up), VMfailInvalid (CF); all read as false. */
static bool vmxon(hpa_t region)
{
    bool good = false;
    __asm__ volatile("1: vmxon %1; seta %0\n"
                     "2:\n" FIXUP_1_TO_2
                     : "+r"(good)
                     : "m"(region.v)
                     : "cc", "memory");
    return good;
}

bool vmx_on(hpa_t region)
{
    struct vmx_cpu *cpu = own(this_cpu()->index);

    cr4_write(cr4_read() | CR4_VMXE);
    cpu->on = vmxon(region);
    if (!cpu->on)
        cr4_write(cr4_read() & ~CR4_VMXE);
    return cpu->on;
}

static void cpu_off(void)
{
    struct vmx_cpu *cpu = own(this_cpu()->index);

    if (!cpu->on)
        return;
    cpu->on = false;
    __asm__ volatile("vmxoff" : : : "cc", "memory");
    cr4_write(cr4_read() & ~CR4_VMXE);
}

const struct engine vmx_engine = {
    .name = "vmx",
    .cpu_off = cpu_off,
    .vm_create = vmx_vm_create,
    .vm_destroy = guest_vm_destroy,
    .vm_visit = guest_vm_visit,
    .vcpu_create = vmx_vcpu_create,
    .vcpu_destroy = vmx_vcpu_destroy,
    .vcpu_start = vmx_vcpu_start,
    .vcpu_load = vmx_vcpu_load,
    .vcpu_unload = vmx_vcpu_unload,
    .enter = vmx_enter,
    .vcpu_dump = vmx_vcpu_dump,
    .exit_name = vmx_exit_kind_name,
};

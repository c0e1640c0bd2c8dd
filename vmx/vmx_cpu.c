/* SPDX-License-Identifier: MIT */
#include "vmx/vmx_cpu.h"

#include "arch/x86/cpu.h"
#include "arch/x86/guest_maps.h"
#include "arch/x86/percpu.h"
#include "arch/x86/trap.h"
#include "mm/frame.h"
#include "vmx/vmx_features.h"
#include "vmx/vmx_apic.h"
#include "vmx/vmx_vcpu.h"

struct vmx_caps vmx_caps;

struct vmx_cpu {
    hpa_t region; /* for VMXON; kept when VMX is off */
    bool on;
    bool have_region;
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

static bool present(void)
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
    if (!present())
        return;
    for (u32 i = 0; i < array_size(msrs->cap); i++)
        if (msr_read_safe(MSR_VMX_BASIC + i, &msrs->cap[i]))
            msrs->present |= (u32)BIT(i);
    msrs->feature_control_present = msr_read_safe(MSR_FEATURE_CONTROL, &msrs->feature_control);
}

static bool preflight(const char *words, struct preflight *report)
{
    struct vmx_wishes wishes;
    struct vmx_msrs msrs;

    preflight_start(report, "VMX");
    if (!features_wish(&vmx_feature_table, words, wishes.off, report))
        return false;
    vmx_read_msrs(&msrs);
    return vmx_negotiate(&msrs, &wishes, &vmx_caps, report);
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

static const char *prepare_region(struct vmx_cpu *cpu)
{
    if (cpu->have_region)
        return NULL;
    cpu->region = frame_alloc(PAGE_4K);
    if (hpa_is_none(cpu->region))
        return "no memory for its VMXON region";
    *(u32 *)hpa_ptr(cpu->region) = vmx_caps.revision;
    cpu->have_region = true;
    return NULL;
}

static const char *open_feature_control(const struct vmx_msrs *msrs)
{
    if (!msrs->feature_control_present || msrs->feature_control & FEATURE_CONTROL_LOCK)
        return NULL;
    if (!msr_write_safe(MSR_FEATURE_CONTROL, vmx_feature_control_open(msrs->feature_control)))
        return "IA32_FEATURE_CONTROL is unlocked but refuses to be written";
    return NULL;
}

/* PAT is the guest's own only if entries load it and exits save it and load the host's. */
static bool switched(u32 msr)
{
    const bool *has = vmx_caps.has;

    return msr != MSR_PAT || (has[VMX_LOAD_PAT] && has[VMX_SAVE_PAT] && has[VMX_LOAD_HOST_PAT]);
}

/* SDM 3, 24.7: FEATURE_CONTROL, the fixed bits of CR0 and CR4, CR4.VMXE, VMXON. */
static const char *cpu_on(struct preflight *report)
{
    struct vmx_cpu *cpu = own(this_cpu()->index);
    struct vmx_msrs msrs;
    const char *error;

    vmx_read_msrs(&msrs);
    preflight_start(report, "VMX");
    if (!vmx_core_fits(&msrs, &vmx_caps, report))
        return report->refusal.text;
    error = open_feature_control(&msrs);
    if (!error)
        error = prepare_region(cpu);
    if (!error && !guest_maps_make())
        error = "no memory for the maps of ports and MSRs";
    if (error)
        return error;
    guest_maps_fill(&(struct guest_msr_layout)VMX_MSR_LAYOUT, switched, guest_maps->ports,
                    guest_maps->msrs);
    vmx_apic_fill_map();
    cr0_write((cr0_read() | vmx_caps.cr0_must) & vmx_caps.cr0_may);
    cr4_write(((cr4_read() | vmx_caps.cr4_must) & vmx_caps.cr4_may) | CR4_VMXE);
    if (!vmxon(cpu->region)) {
        cr4_write(cr4_read() & ~CR4_VMXE);
        return "VMXON fails";
    }
    cpu->on = true;
    return NULL;
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
    .present = present,
    .preflight = preflight,
    .cpu_on = cpu_on,
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

/* SPDX-License-Identifier: MIT */
/*
 * VMX's registers read, its features negotiated, VMX switched on: only at boot.
 */
#include "vmx/vmx_cpu.h"

#include "arch/x86/cpu.h"
#include "arch/x86/guest_maps.h"
#include "mm/frame.h"
#include "vmx/vmx_apic.h"
#include "vmx/vmx_features.h"

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

/* Kept when VMX is off. */
static const char *prepare_region(hpa_t *region)
{
    *region = frame_alloc(PAGE_4K);
    if (hpa_is_none(*region))
        return "no memory for its VMXON region";
    *(u32 *)hpa_ptr(*region) = vmx_caps.revision;
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
    struct vmx_msrs msrs;
    const char *error;
    hpa_t region;

    vmx_read_msrs(&msrs);
    preflight_start(report, "VMX");
    if (!vmx_core_fits(&msrs, &vmx_caps, report))
        return report->refusal.text;
    error = open_feature_control(&msrs);
    if (!error)
        error = prepare_region(&region);
    if (!error && !guest_maps_make())
        error = "no memory for the maps of ports and MSRs";
    if (error)
        return error;
    guest_maps_fill(&(struct guest_msr_layout)VMX_MSR_LAYOUT, switched, guest_maps->ports,
                    guest_maps->msrs);
    vmx_apic_fill_map();
    cr0_write((cr0_read() | vmx_caps.cr0_must) & vmx_caps.cr0_may);
    cr4_write((cr4_read() | vmx_caps.cr4_must) & vmx_caps.cr4_may);
    return vmx_on(region) ? NULL : "VMXON fails";
}

const struct engine_start vmx_engine_start = {
    .engine = &vmx_engine,
    .present = vmx_present,
    .preflight = preflight,
    .cpu_on = cpu_on,
};

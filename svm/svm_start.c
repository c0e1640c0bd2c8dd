/* SPDX-License-Identifier: MIT */
/* SVM's registers read, its features negotiated, SVM switched on: only at boot. */
#include "svm/svm_cpu.h"

#include "arch/x86/cpu.h"
#include "arch/x86/guest_maps.h"
#include "arch/x86/percpu.h"
#include "arch/x86/trap.h"
#include "mm/frame.h"
#include "svm/svm_names.h"
#include "svm/svm_vcpu.h"

static bool present(void)
{
    return cpuid_or_zero(0x80000001, 0).ecx & BIT(2);
}

static void read_regs(struct svm_regs *regs)
{
    struct cpuid extended = cpuid_or_zero(0x80000001, 0);
    struct cpuid svm = cpuid_or_zero(0x8000000a, 0);

    *regs = (struct svm_regs){
        .max_extended = cpuid(0x80000000, 0).eax,
        .cpuid_1_ecx = cpuid(1, 0).ecx,
        .cpuid_7_ecx = cpuid_or_zero(7, 0).ecx,
        .cpuid_80000001_ecx = extended.ecx,
        .cpuid_80000001_edx = extended.edx,
        .cpuid_8000000a_eax = svm.eax,
        .cpuid_8000000a_ebx = svm.ebx,
        .cpuid_8000000a_edx = svm.edx,
        .phys_bits = (u8)cpuid_or_zero(0x80000008, 0).eax,
    };
    if (present())
        regs->vm_cr_present = msr_read_safe(MSR_VM_CR, &regs->vm_cr);
}

static bool preflight(const char *words, struct preflight *report)
{
    struct svm_wishes wishes;
    struct svm_regs regs;

    preflight_start(report, "SVM");
    if (!features_wish(&svm_feature_table, words, wishes.off, report))
        return false;
    read_regs(&regs);
    return svm_negotiate(&regs, &wishes, &svm_caps, report);
}

static bool prepare_areas(struct svm_cpu *cpu)
{
    if (!cpu->host_state.v || hpa_is_none(cpu->host_state)) {
        cpu->save_area = frame_alloc(PAGE_4K);
        cpu->host_state = frame_alloc(PAGE_4K);
    }
    return !hpa_is_none(cpu->save_area) && !hpa_is_none(cpu->host_state);
}

/* QEMU's emulation has mistakes to be worked around. GS is exchanged at each exit: by its own
 * instructions where the processor has them. */
static void find_ways(void)
{
    svm_emulated = cpuid(1, 0).ecx & BIT(31) && cpuid(0x40000000, 0).ebx == 0x54474354; /* "TCGT" */
    if (cpuid_or_zero(7, 0).ebx & BIT(0))
        cr4_write(cr4_read() | CR4_FSGSBASE);
    else
        svm_gs_by_msr = true;
    trap_blind = (u64)svm_exit_point;
}

/* EFER hides SVME, the TSC's offset counts for RDTSC and RDTSCP only, and QEMU's TCG has one PAT
 * for all. */
static bool switched(u32 msr)
{
    return msr != MSR_EFER && msr != MSR_TSC && msr != MSR_PAT;
}

/* APM 2, 15.4: VM_CR.SVMDIS where it is open, EFER.SVME, VM_HSAVE_PA. */
static const char *cpu_on(struct preflight *report)
{
    struct svm_cpu *cpu = svm_own(this_cpu()->index);
    struct svm_regs regs;

    read_regs(&regs);
    preflight_start(report, "SVM");
    if (!svm_core_fits(&regs, &svm_caps, report))
        return report->refusal.text;
    if (!prepare_areas(cpu) || !guest_maps_make())
        return "no memory for its host save areas, or for the maps of ports and MSRs";
    if (regs.vm_cr_present && regs.vm_cr & VM_CR_SVMDIS &&
        !msr_write_safe(MSR_VM_CR, regs.vm_cr & ~VM_CR_SVMDIS))
        return "VM_CR.SVMDIS cannot be cleared";
    if (!msr_write_safe(MSR_EFER, msr_read(MSR_EFER) | EFER_SVME) ||
        !msr_write_safe(MSR_VM_HSAVE_PA, cpu->save_area.v))
        return "EFER.SVME or VM_HSAVE_PA cannot be set";
    find_ways();
    guest_maps_fill(&(struct guest_msr_layout)SVM_MSR_LAYOUT, switched, guest_maps->ports,
                    guest_maps->msrs);
    svm_vmsave(cpu->host_state);
    cpu->on = true;
    return NULL;
}

const struct engine_start svm_engine_start = {
    .engine = &svm_engine,
    .present = present,
    .preflight = preflight,
    .cpu_on = cpu_on,
};

/* SPDX-License-Identifier: MIT */
#include "svm/svm_cpu.h"

#include "arch/x86/cpu.h"
#include "arch/x86/guest_vm.h"
#include "arch/x86/percpu.h"
#include "svm/svm_vcpu.h"
#include "svm/svm_names.h"

struct svm_caps svm_caps;
bool svm_gs_by_msr, svm_emulated;

struct svm_cpu *svm_own(u32 core)
{
    _Static_assert(sizeof(struct svm_cpu) <= CPU_ENGINE_OWN, "it stands in struct cpu");
    return (struct svm_cpu *)cpus[core]->engine_own;
}

/* A panic may come while GIF is clear. */
static void cpu_off(void)
{
    struct svm_cpu *cpu = svm_own(this_cpu()->index);

    if (!cpu->on)
        return;
    cpu->on = false;
    svm_stgi();
    msr_write(MSR_EFER, msr_read(MSR_EFER) & ~EFER_SVME);
}

const struct engine svm_engine = {
    .name = "svm",
    .cpu_off = cpu_off,
    .vm_create = svm_vm_create,
    .vm_destroy = guest_vm_destroy,
    .vm_visit = guest_vm_visit,
    .vcpu_create = svm_vcpu_create,
    .vcpu_destroy = svm_vcpu_destroy,
    .vcpu_start = svm_vcpu_start,
    .vcpu_load = svm_vcpu_load,
    .vcpu_unload = svm_vcpu_unload,
    .enter = svm_enter,
    .vcpu_dump = svm_vcpu_dump,
    .exit_name = svm_exit_name,
};

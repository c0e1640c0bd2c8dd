/* SPDX-License-Identifier: MIT */
#include "vmx/vmx_vcpu.h"

#include "arch/x86/cpu.h"
#include "arch/x86/guest_maps.h"
#include "arch/x86/percpu.h"
#include "lib/panic.h"
#include "mm/frame.h"
#include "vmx/vmx_apic.h"

static void vmclear(hpa_t vmcs)
{
    bool failed;
    __asm__ volatile("vmclear %1" : "=@ccbe"(failed) : "m"(vmcs.v) : "memory");
    hv_assert(!failed);
}

static void vmptrld(hpa_t vmcs)
{
    bool failed;
    __asm__ volatile("vmptrld %1" : "=@ccbe"(failed) : "m"(vmcs.v) : "memory");
    hv_assert(!failed);
}

/* 25.6: what the negotiation found, and the addresses and masks that go with it. */
static void write_controls(struct vmx_vcpu *v)
{
    const struct vmx_controls *c = &v->controls;

    vmcs_write(VMCS_PIN_CONTROLS, c->pin);
    vmcs_write(VMCS_PROC_CONTROLS, c->proc);
    vmcs_write(VMCS_PROC2_CONTROLS, c->proc2);
    vmcs_write(VMCS_EXIT_CONTROLS, c->exit);
    vmcs_write(VMCS_ENTRY_CONTROLS, c->entry);
    vmcs_write(VMCS_EXCEPTION_BITMAP, (u32)(BIT(VECTOR_DB) | BIT(VECTOR_UD) | BIT(VECTOR_AC) |
                                            BIT(18))); /* vmx_exit.c says why */
    vmcs_write(VMCS_PF_ERROR_MASK, 0);
    vmcs_write(VMCS_PF_ERROR_MATCH, 0);
    vmcs_write(VMCS_CR3_TARGETS, 0);
    vmcs_write(VMCS_EXIT_MSR_STORE_COUNT, 0);
    vmcs_write(VMCS_EXIT_MSR_LOAD_COUNT, 0);
    vmcs_write(VMCS_ENTRY_MSR_LOAD_COUNT, 0);
    vmcs_write(VMCS_ENTRY_EVENT, 0);
    vmcs_write(VMCS_IO_BITMAP_A, ptr_hpa(guest_maps->ports).v);
    vmcs_write(VMCS_IO_BITMAP_B, ptr_hpa(guest_maps->ports + PAGE_4K).v);
    vmcs_write(VMCS_MSR_BITMAP, ptr_hpa(guest_maps->msrs).v);
    vmcs_write(VMCS_EPT_POINTER, vmx_eptp(v->guest.vcpu.vm));
    vmcs_write(VMCS_LINK_POINTER, ~0ull);
    vmcs_write(VMCS_TSC_OFFSET, v->guest.tsc_adjust);
}

/* Fields that exist only with their feature. */
static void write_optional(struct vmx_vcpu *v)
{
    const bool *has = vmx_caps.has;

    if (has[VMX_VPID])
        vmcs_write(VMCS_VPID, (u16)v->vpid.number);
    if (has[VMX_TPR_SHADOW]) {
        vmcs_write(VMCS_VIRTUAL_APIC, ptr_hpa(v->guest.apic_page).v);
        v->tpr_threshold = 0;
        vmcs_write(VMCS_TPR_THRESHOLD, 0);
    }
    vmx_apic_start(v);
    if (has[VMX_XSAVES])
        vmcs_write(VMCS_XSS_EXITING, 0);
    if (has[VMX_ENCLS_EXITING])
        vmcs_write(VMCS_ENCLS_EXITING, ~0ull);
    if (has[VMX_TSC_SCALING])
        vmcs_write(VMCS_TSC_MULTIPLIER, 1ull << 48);
    if (has[VMX_PAUSE_LOOP]) {
        vmcs_write(VMCS_PLE_GAP, 128);
        vmcs_write(VMCS_PLE_WINDOW, 4096);
    }
    if (has[VMX_PREEMPTION_TIMER])
        vmcs_write(VMCS_PREEMPTION_TIMER, 0xffffffff);
}

/* 25.5: this core's own state, the same at every exit; so the vCPU is tied to the core it is loaded
 * on. */
static void write_host(void)
{
    struct cpu *cpu = this_cpu();
    struct descriptor_pointer gdt, idt;

    __asm__ volatile("sgdt %0; sidt %1" : "=m"(gdt), "=m"(idt));
    vmcs_write(VMCS_HOST_CR0, cr0_read());
    vmcs_write(VMCS_HOST_CR3, cr3_read());
    vmcs_write(VMCS_HOST_CR4, cr4_read());
    vmcs_write(VMCS_HOST_CS, SEL_CODE);
    vmcs_write(VMCS_HOST_SS, SEL_DATA);
    vmcs_write(VMCS_HOST_DS, SEL_DATA);
    vmcs_write(VMCS_HOST_ES, SEL_DATA);
    vmcs_write(VMCS_HOST_FS, 0);
    vmcs_write(VMCS_HOST_GS, 0);
    vmcs_write(VMCS_HOST_TR, SEL_TSS);
    vmcs_write(VMCS_HOST_FS_BASE, 0);
    vmcs_write(VMCS_HOST_GS_BASE, (u64)cpu);
    vmcs_write(VMCS_HOST_TR_BASE, (u64)&cpu->desc.tss);
    vmcs_write(VMCS_HOST_GDTR_BASE, gdt.base);
    vmcs_write(VMCS_HOST_IDTR_BASE, idt.base);
    vmcs_write(VMCS_HOST_SYSENTER_CS, 0);
    vmcs_write(VMCS_HOST_SYSENTER_ESP, 0);
    vmcs_write(VMCS_HOST_SYSENTER_EIP, 0);
    vmcs_write(VMCS_HOST_EFER, msr_read(MSR_EFER));
    if (vmx_caps.has[VMX_LOAD_HOST_PAT])
        vmcs_write(VMCS_HOST_PAT, msr_read(MSR_PAT));
    vmcs_write(VMCS_HOST_RIP, (u64)vmx_exit_point);
}

static void write_segment(u32 es_relative, const struct start_segment *s)
{
    vmcs_write_any(VMCS_GUEST_ES + es_relative, s->selector);
    vmcs_write_any(VMCS_GUEST_ES_BASE + es_relative, s->base);
    vmcs_write_any(VMCS_GUEST_ES_LIMIT + es_relative, s->limit);
    vmcs_write_any(VMCS_GUEST_ES_ACCESS + es_relative, s->access ? s->access : ACCESS_UNUSABLE);
}

/* The fields of ES, CS, SS, DS, FS, GS, LDTR, TR follow each other by twos in all four groups. */
enum { ES = 0, CS = 2, SS = 4, DS = 6, FS = 8, GS = 10, LDTR = 12, TR = 14 };

static void write_segments(const struct guest_start *start)
{
    static const struct start_segment none;

    write_segment(CS, &start->cs);
    for (u32 at = ES; at <= GS; at += 2)
        if (at != CS)
            write_segment(at, &start->data);
    write_segment(LDTR, &none);
    write_segment(TR, &start->tr);
    vmcs_write(VMCS_GUEST_GDTR_BASE, start->gdt_base);
    vmcs_write(VMCS_GUEST_GDTR_LIMIT, start->gdt_limit);
    vmcs_write(VMCS_GUEST_IDTR_BASE, 0);
    vmcs_write(VMCS_GUEST_IDTR_LIMIT, start->idt_limit);
}

/* 25.4.1: the rest of the guest's registers. */
static void write_guest(struct vmx_vcpu *v, const struct guest_start *start)
{
    vmx_cr0_set(v, start->cr0);
    vmx_cr4_set(v, start->cr4);
    vmcs_write(VMCS_GUEST_CR3, start->cr3);
    vmx_efer_set(v, start->efer);
    if (vmx_caps.has[VMX_LOAD_PAT])
        vmcs_write(VMCS_GUEST_PAT, PAT_RESET);
    vmcs_write(VMCS_GUEST_DR7, 0x400);
    vmcs_write(VMCS_GUEST_DEBUGCTL, 0);
    vmcs_write(VMCS_GUEST_RIP, start->rip);
    vmcs_write(VMCS_GUEST_RSP, start->rsp);
    vmcs_write(VMCS_GUEST_RFLAGS, RFLAGS_1);
    vmcs_write(VMCS_GUEST_SYSENTER_CS, 0);
    vmcs_write(VMCS_GUEST_SYSENTER_ESP, 0);
    vmcs_write(VMCS_GUEST_SYSENTER_EIP, 0);
    vmcs_write(VMCS_GUEST_PENDING_DEBUG, 0);
    vmcs_write(VMCS_GUEST_ACTIVITY, ACTIVITY_ACTIVE);
    vmcs_write(VMCS_GUEST_BLOCKING, 0);
    write_segments(start);
    guest_start_gpr(&v->guest, start);
}

void vmx_vcpu_start(struct vcpu *vcpu, const struct guest_start *start)
{
    struct vmx_vcpu *v = (struct vmx_vcpu *)vcpu;
    hpa_t current; /* this core may have another one loaded, which stays so */

    __asm__ volatile("vmptrst %0" : "=m"(current.v) : : "cc", "memory");
    vmclear(v->vmcs);
    vmptrld(v->vmcs);
    write_controls(v);
    write_optional(v);
    vmcs_write(VMCS_HOST_RSP, (u64)v);
    write_guest(v, start);
    vmclear(v->vmcs);
    if (!hpa_is_none(current))
        vmptrld(current);
}

static bool take_pages(struct vmx_vcpu *v)
{
    v->vmcs = frame_alloc(PAGE_4K);
    if (hpa_is_none(v->vmcs))
        return false;
    *(u32 *)hpa_ptr(v->vmcs) = vmx_caps.revision;
    return true;
}

struct vcpu *vmx_vcpu_create(struct vm *vm, u32 index)
{
    struct vmx_vcpu *v = (void *)guest_create(vm, index, &vmx_guest_ops, sizeof *v);

    if (!v)
        return NULL;
    v->pat = PAT_RESET;
    v->controls = vmx_caps.controls;
    v->on[VMX_PREEMPTION_TIMER] = vmx_caps.has[VMX_PREEMPTION_TIMER];
    if (!take_pages(v)) {
        vmx_vcpu_destroy(&v->guest.vcpu);
        return NULL;
    }
    return &v->guest.vcpu;
}

void vmx_vcpu_destroy(struct vcpu *vcpu)
{
    struct vmx_vcpu *v = (struct vmx_vcpu *)vcpu;

    if (COUNT_VMCS)
        vmx_count_print();
    guest_give_back(v->vmcs, PAGE_4K);
    guest_destroy(&v->guest, sizeof *v);
}

/* What another owner of the VPID or of the tables' frames may have left (31.3). */
void vmx_forget(const struct vmx_vcpu *v)
{
    struct {
        u64 what, zero;
    } ept = {vmx_eptp(v->guest.vcpu.vm), 0}, vpid = {v->vpid.number, 0};

    if (vmx_caps.has[VMX_INVEPT_SINGLE])
        __asm__ volatile("invept %0, %1" : : "m"(ept), "r"(1ull) : "cc", "memory");
    else if (vmx_caps.has[VMX_INVEPT_ALL])
        __asm__ volatile("invept %0, %1" : : "m"(ept), "r"(2ull) : "cc", "memory");
    if (vmx_caps.has[VMX_VPID] && vmx_caps.has[VMX_INVVPID_SINGLE])
        __asm__ volatile("invvpid %0, %1" : : "m"(vpid), "r"(1ull) : "cc", "memory");
    else if (vmx_caps.has[VMX_VPID] && vmx_caps.has[VMX_INVVPID_ALL])
        __asm__ volatile("invvpid %0, %1" : : "m"(vpid), "r"(2ull) : "cc", "memory");
}

/* Its VPID here: none that another vCPU's translations on this core may still carry. */
static void take_vpid(struct vmx_vcpu *v)
{
    u32 core = this_cpu()->index;
    struct {
        u64 what, zero;
    } all = {0, 0};

    if (asid_good(vmx_core_vpids(core), &v->vpid, core))
        return;
    if (asid_take(vmx_core_vpids(core), &v->vpid, core, BIT(16)))
        __asm__ volatile("invvpid %0, %1" : : "m"(all), "r"(2ull) : "cc", "memory");
    vmcs_write(VMCS_VPID, (u16)v->vpid.number);
}

void vmx_vcpu_load(struct vcpu *vcpu)
{
    struct vmx_vcpu *v = (struct vmx_vcpu *)vcpu;

    vmptrld(v->vmcs);
    if (vmx_caps.has[VMX_VPID])
        take_vpid(v);
    if (!v->loaded_before) {
        write_host();
        vmx_forget(v);
        if (vcpu->vm->break_entry)
            vmcs_write(VMCS_GUEST_RFLAGS, 0); /* 27.3.1.4: bit 1 is 1 */
        v->loaded_before = true;
    }
    guest_switch_in(&v->guest);
}

void vmx_vcpu_unload(struct vcpu *vcpu)
{
    struct vmx_vcpu *v = (struct vmx_vcpu *)vcpu;

    guest_switch_out(&v->guest);
    vmclear(v->vmcs);
    v->launched = false;
}

/* SPDX-License-Identifier: MIT */
#include "vmx/vmx_apic.h"

#include "arch/x86/guest_apic.h"
#include "arch/x86/guest_maps.h"
#include "lib/string.h"

#define ACCESS_PAGE    gpa(GUEST_APIC_PAGE) /* where guests' APICs stay */
#define ACCESS_FETCH   2                    /* table 28-6 */
#define MSR_X2(offset) ((u32)MSR_X2APIC + (offset) / 16)

bool vmx_apic_virtual(void)
{
    const bool *has = vmx_caps.has;

    return has[VMX_TPR_SHADOW] && has[VMX_APIC_ACCESSES] && has[VMX_X2APIC_MODE] &&
           has[VMX_APIC_REGISTERS] && has[VMX_VIRTUAL_DELIVERY];
}

/*
 * 30.5: what is read is the page's, but the current count is computed; TPR, EOI and SELF IPI are
 * virtualized, other writes mean something.
 */
cold void vmx_apic_fill_map(void)
{
    static const struct {
        u16 first, last;
        bool write;
    } passed[] = {
        {0x020, 0x030, false}, /* id, version */
        {0x080, 0x080, true }, /* TPR */
        {0x0a0, 0x0a0, false}, /* PPR */
        {0x0d0, 0x0d0, false}, /* LDR */
        {0x0f0, 0x280, false}, /* SVR, ISR, TMR, IRR, ESR */
        {0x300, 0x300, false}, /* ICR */
        {0x320, 0x380, false}, /* LVT, initial count */
        {0x3e0, 0x3e0, false}, /* divide */
    };
    const struct guest_msr_layout layout = VMX_MSR_LAYOUT;

    u8 *x2_msrs = guest_maps->x2_msrs;

    memcpy(x2_msrs, guest_maps->msrs, GUEST_MSRS_SIZE);
    for (unsigned i = 0; i < array_size(passed); i++)
        for (u32 at = passed[i].first; at <= passed[i].last; at += 16)
            (void)guest_map_msr(&layout, x2_msrs, MSR_X2(at), false, !passed[i].write);
    (void)guest_map_msr(&layout, x2_msrs, MSR_X2(0x0b0), true, false); /* EOI */
    if (!vmx_caps.has[VMX_CARE])
        (void)guest_map_msr(&layout, x2_msrs, MSR_X2(0x3f0), true, false); /* SELF IPI */
}

/* A page that stands for the APIC's in the tables; to a guest that has it elsewhere it is empty. */
cold const char *vmx_apic_prepare(struct vm *vm)
{
    const char *error = vmx_apic_virtual() ? vm_take_page(vm, ACCESS_PAGE) : NULL;

    if (vmx_apic_virtual() && !error)
        memset(vm_at(vm, ACCESS_PAGE, PAGE_4K), 0xff, PAGE_4K);
    return error;
}

cold void vmx_apic_start(struct vmx_vcpu *v)
{
    memset(v->apic_told, 0, sizeof v->apic_told);
    v->guest.apic_moved = true;
    if (!vmx_apic_virtual())
        return;
    vmcs_write(VMCS_APIC_ACCESS, ptr_hpa(vm_at(v->guest.vcpu.vm, ACCESS_PAGE, 1)).v);
    vmcs_write(VMCS_GUEST_INTR_STATUS, 0);
    vmcs_write(VMCS_EOI_EXIT_0, 0);
    vmcs_write(VMCS_EOI_EXIT_1, 0);
    vmcs_write(VMCS_EOI_EXIT_2, 0);
    vmcs_write(VMCS_EOI_EXIT_3, 0);
}

/* With care (vmx_features.c): only what waits for nothing but IF, and that from the entry on. In
 * memory the processor takes IPIs to itself, and cannot be kept from it. */
static bool may_deliver(struct guest *guest, enum guest_apic_mode mode)
{
    if (!guest->apic->enabled(guest))
        return false;
    return likely(!vmx_caps.has[VMX_CARE]) ||
           (mode == GUEST_APIC_BY_MSR && !guest->apic->crowded(guest));
}

/*
 * The processor takes IPIs to itself whether SVR enables the APIC or not, so while it does not, all
 * is emulated. With the mode go cached translations, which may say that the page is an access page
 * (29.4.5).
 */
void vmx_apic_choose(struct guest *guest)
{
    struct vmx_vcpu *v = vmx_of(guest);
    enum guest_apic_mode mode = guest->apic->mode(guest);
    bool on = may_deliver(guest, mode), by_msr = mode == GUEST_APIC_BY_MSR && on;

    guest->apic_moved = vmx_caps.has[VMX_CARE];
    if ((mode == v->apic_mode && on == guest->apic_virtual) || !vmx_apic_virtual())
        return;
    v->apic_mode = (u8)mode;
    guest->apic_virtual = on;
    guest->apic->catch_up(guest);
    vmx_switch(v, VMX_X2APIC_MODE, false);
    vmx_switch(v, VMX_APIC_ACCESSES, mode == GUEST_APIC_IN_MEMORY);
    vmx_switch(v, VMX_X2APIC_MODE, by_msr);
    vmx_switch(v, VMX_APIC_REGISTERS, on);
    vmx_switch(v, VMX_VIRTUAL_DELIVERY, on);
    vmcs_write(VMCS_TPR_THRESHOLD, 0);
    v->tpr_threshold = 0;
    vmcs_write(VMCS_MSR_BITMAP, ptr_hpa(by_msr ? guest_maps->x2_msrs : guest_maps->msrs).v);
    vmx_forget(v);
}

static no_inline void sync_all(struct vmx_vcpu *v)
{
    struct guest_apic_view view;

    v->guest.apic->view(&v->guest, &view);
    vmcs_write(VMCS_GUEST_INTR_STATUS, (u16)(view.service << 8 | view.request));
    for (u32 i = 0; i < 4; i++) {
        if (likely(view.told[i] == v->apic_told[i]))
            continue;
        v->apic_told[i] = view.told[i];
        vmcs_write_any(VMCS_EOI_EXIT_0 + 2 * i, view.told[i]);
    }
}

/* 25.4.2: RVI in the low byte, SVI in the high one. */
void vmx_apic_sync(struct guest *guest, int raised)
{
    if (raised < 0)
        return;
    if (unlikely(raised == GUEST_APIC_ALL)) {
        sync_all(vmx_of(guest));
        return;
    }
    u16 status = vmcs_read(VMCS_GUEST_INTR_STATUS);
    if (raised > (u8)status)
        vmcs_write(VMCS_GUEST_INTR_STATUS, (u16)((status & 0xff00) | (u8)raised));
}

/* Table 28-6: what the processor does not virtualize is emulated. */
enum guest_action vmx_apic_access(struct guest *guest)
{
    u64 q = vmcs_read(VMCS_EXIT_QUALIFICATION);

    vmx_requeue(vmx_of(guest));
    if (bits_get(q, 15, 12) == ACCESS_FETCH)
        return guest_ud(guest); /* nobody puts code there: all ones is no instruction */
    return guest_mmio(guest, gpa_add(ACCESS_PAGE, q & 0xfff), false);
}

enum guest_action vmx_apic_ended(struct guest *guest)
{
    guest->apic->ended(guest, (u8)vmcs_read(VMCS_EXIT_QUALIFICATION));
    guest_apic_wrote(guest);
    return GUEST_RESUME;
}

enum guest_action vmx_apic_written(struct guest *guest)
{
    u32 offset = (u32)vmcs_read(VMCS_EXIT_QUALIFICATION) & 0xff0,
        value = guest->apic_page[offset / 4];

    if (guest->apic->mode(guest) == GUEST_APIC_BY_MSR)
        (void)!guest->apic->msr_write(guest, MSR_X2(offset), value); /* SELF IPI */
    else
        guest->apic->write(guest, offset, value);
    return GUEST_RESUME;
}

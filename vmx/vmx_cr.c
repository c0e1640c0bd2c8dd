/* SPDX-License-Identifier: MIT */
#include "vmx/vmx_vcpu.h"

#include "arch/x86/cpu.h"
#include "arch/x86/guest_apic.h"
#include "arch/x86/guest_cr.h"

/*
 * CR0: the guest owns all bits but those that VMX operation fixes or that would change the real
 * machine (CD, NW). So paging, protection, TS and WP change without an exit, and the processor
 * itself does the transitions.
 */
static u64 cr0_mask(void)
{
    return vmx_guest_cr0_must(&vmx_caps) | ~vmx_caps.cr0_may | CR0_CD | CR0_NW;
}

/* CR4: what the guest's CPUID offers is its own; the rest is refused, so only a wrong write exits.
 */
static u64 cr4_mask(const struct guest *guest)
{
    return ~guest_cr4_allowed(guest) | CR4_VMXE | CR4_MCE;
}

void vmx_efer_set(struct vmx_vcpu *v, u64 value)
{
    bool ia32e = value & EFER_LMA;

    vmcs_write(VMCS_GUEST_EFER, value);
    if (!!(v->controls.entry & ENTRY_IA32E_GUEST) != ia32e)
        v->controls.entry ^= (u32)ENTRY_IA32E_GUEST;
    vmcs_write(VMCS_ENTRY_CONTROLS, v->controls.entry);
}

void vmx_cr0_set(struct vmx_vcpu *v, u64 value)
{
    u64 mask = cr0_mask();
    (void)v;
    vmcs_write(VMCS_CR0_MASK, mask);
    vmcs_write(VMCS_CR0_SHADOW, value);
    vmcs_write(VMCS_GUEST_CR0,
               ((value & ~(CR0_CD | CR0_NW)) | vmx_guest_cr0_must(&vmx_caps) | CR0_ET) &
                   vmx_caps.cr0_may);
}

void vmx_cr4_set(struct vmx_vcpu *v, u64 value)
{
    vmcs_write(VMCS_CR4_MASK, cr4_mask(&v->guest));
    vmcs_write(VMCS_CR4_SHADOW, value);
    vmcs_write(VMCS_GUEST_CR4,
               (value | vmx_caps.cr4_must | (cr4_read() & CR4_MCE)) & vmx_caps.cr4_may);
}

/* Legacy PAE: the four entries are loaded with CR3 and kept in the VMCS (4.4.1, 27.3.2.4). */
static bool load_pdptes(struct vmx_vcpu *v, u64 cr3)
{
    static const u32 fields[] = {VMCS_GUEST_PDPTE0, VMCS_GUEST_PDPTE1, VMCS_GUEST_PDPTE2,
                                 VMCS_GUEST_PDPTE3};
    u64 entry[4];
    u64 reserved = MASK(63, vmx_caps.phys_bits) | MASK(8, 5) | MASK(2, 1);

    if (!vm_read(v->guest.vcpu.vm, gpa(cr3 & MASK(31, 5)), entry, sizeof entry))
        return false;
    for (unsigned i = 0; i < 4; i++)
        if (entry[i] & 1 && entry[i] & reserved)
            return false;
    for (unsigned i = 0; i < 4; i++)
        vmcs_write_any(fields[i], entry[i]);
    return true;
}

/* SDM 2, MOV to CR0; 4.1.2. False: #GP(0). */
static bool cr0_fits(struct vmx_vcpu *v, u64 value, u64 old)
{
    u64 efer = vmcs_read(VMCS_GUEST_EFER), cr4 = vmcs_read(VMCS_GUEST_CR4);
    bool starts = value & CR0_PG && !(old & CR0_PG);

    if (value >> 32 || (value & CR0_PG && !(value & CR0_PE)) ||
        (value & CR0_NW && !(value & CR0_CD)))
        return false;
    if (!(value & CR0_PG) && vmx_guest_ops.code_bits(&v->guest) == 64)
        return false;
    if (!(value & CR0_PG) && cr4 & CR4_PCIDE)
        return false;
    if (efer & EFER_LME)
        return !starts || (cr4 & CR4_PAE && !(vmcs_read(VMCS_GUEST_CS_ACCESS) & ACCESS_L));
    if (value & CR0_PG && cr4 & CR4_PAE && (value ^ old) & (CR0_PG | CR0_CD | CR0_NW)) /* 4.4.1 */
        return load_pdptes(v, vmcs_read(VMCS_GUEST_CR3));
    return true;
}

static enum guest_action write_cr0(struct vmx_vcpu *v, u64 value)
{
    u64 old = vmx_guest_ops.get(&v->guest, GUEST_CR0);
    u64 efer = vmcs_read(VMCS_GUEST_EFER);

    value |= CR0_ET;
    if (!cr0_fits(v, value, old))
        return guest_gp(&v->guest);
    if ((value ^ old) & CR0_PG && efer & EFER_LME)
        vmx_efer_set(v, value & CR0_PG ? efer | EFER_LMA : efer & ~EFER_LMA);
    vmx_cr0_set(v, value);
    if ((value ^ old) & CR0_PG)
        vmx_forget(v); /* 4.10.4.1; here and below: the processor would have done it */
    return GUEST_NEXT;
}

static enum guest_action write_cr4(struct vmx_vcpu *v, u64 value)
{
    u64 old = vmx_guest_ops.get(&v->guest, GUEST_CR4);
    u64 cr0 = vmcs_read(VMCS_GUEST_CR0), efer = vmcs_read(VMCS_GUEST_EFER);

    if (!guest_cr4_fits(&v->guest, value))
        return guest_gp(&v->guest);
    if (cr0 & CR0_PG && !(efer & EFER_LMA) && value & CR4_PAE &&
        (value ^ old) & (CR4_PAE | CR4_PSE | CR4_PGE | CR4_SMEP) &&
        !load_pdptes(v, vmcs_read(VMCS_GUEST_CR3)))
        return guest_gp(&v->guest);
    vmx_cr4_set(v, value);
    if ((value ^ old) & (CR4_PAE | CR4_PSE | CR4_PGE | CR4_PCIDE | CR4_SMEP))
        vmx_forget(v);
    return GUEST_NEXT;
}

bool vmx_cr3_load(struct vmx_vcpu *v, u64 value)
{
    u64 cr4 = vmcs_read(VMCS_GUEST_CR4), efer = vmcs_read(VMCS_GUEST_EFER);
    bool keeps = cr4 & CR4_PCIDE && value >> 63;

    if (efer & EFER_LMA)
        value &= ~BIT(63) | (cr4 & CR4_PCIDE ? 0 : BIT(63));
    if (efer & EFER_LMA && value & MASK(63, vmx_caps.phys_bits))
        return false;
    if (!(efer & EFER_LMA) && cr4 & CR4_PAE && vmcs_read(VMCS_GUEST_CR0) & CR0_PG &&
        !load_pdptes(v, value))
        return false;
    vmcs_write(VMCS_GUEST_CR3, value);
    if (!keeps)
        vmx_forget(v);
    return true;
}

/* Only with "vmx=-cr3-free", or on a processor that demands these exits. */
static enum guest_action write_cr3(struct vmx_vcpu *v, u64 value)
{
    return vmx_cr3_load(v, value) ? GUEST_NEXT : guest_gp(&v->guest);
}

/* Without a TPR shadow. */
static enum guest_action write_cr8(struct vmx_vcpu *v, u64 value)
{
    if (value > 15)
        return guest_gp(&v->guest);
    guest_cr8_set(&v->guest, value);
    return GUEST_NEXT;
}

static enum guest_action write_cr(struct vmx_vcpu *v, unsigned cr, u64 value)
{
    switch (cr) {
    case 0:
        return write_cr0(v, value);
    case 3:
        return write_cr3(v, value);
    case 4:
        return write_cr4(v, value);
    default:
        return write_cr8(v, value);
    }
}

static enum guest_action read_cr(struct vmx_vcpu *v, unsigned cr, unsigned reg)
{
    u64 value = cr == 8 ? guest_cr8(&v->guest) : vmcs_read(VMCS_GUEST_CR3);

    if (reg == GPR_RSP)
        vmcs_write(VMCS_GUEST_RSP, value);
    else
        v->guest.gpr[reg] = value;
    return GUEST_NEXT;
}

/* LMSW sets PE but cannot clear it, and touches MP, EM and TS beside (SDM 2). */
static enum guest_action lmsw(struct vmx_vcpu *v, u64 source)
{
    u64 old = vmx_guest_ops.get(&v->guest, GUEST_CR0);
    return write_cr0(v, (old & ~MASK(3, 1)) | (source & MASK(3, 0)));
}

/* Table 28-3. */
enum guest_action vmx_cr_access(struct vmx_vcpu *v)
{
    u64 qualification = vmcs_read(VMCS_EXIT_QUALIFICATION);
    unsigned cr = (unsigned)bits_get(qualification, 3, 0);
    unsigned reg = (unsigned)bits_get(qualification, 11, 8);

    switch (bits_get(qualification, 5, 4)) {
    case 0:
        return write_cr(v, cr, guest_cr_source(&v->guest, reg));
    case 1:
        return read_cr(v, cr, reg);
    case 2: /* CLTS */
        return write_cr0(v, vmx_guest_ops.get(&v->guest, GUEST_CR0) & ~CR0_TS);
    default:
        return lmsw(v, bits_get(qualification, 31, 16));
    }
}

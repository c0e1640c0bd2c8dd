/* SPDX-License-Identifier: MIT */
#include "vmx/vmx_vcpu.h"

#include "arch/x86/cpu.h"

/* Registers that are one field; EFER needs more than that to be set. CR0, CR2, CR4, PAT and DR6 are
 * not here. */
static const u32 fields[GUEST_REGS] = {
    [GUEST_RIP] = VMCS_GUEST_RIP,
    [GUEST_RSP] = VMCS_GUEST_RSP,
    [GUEST_RFLAGS] = VMCS_GUEST_RFLAGS,
    [GUEST_CR3] = VMCS_GUEST_CR3,
    [GUEST_EFER] = VMCS_GUEST_EFER,
    [GUEST_DR7] = VMCS_GUEST_DR7,
    [GUEST_FS_BASE] = VMCS_GUEST_FS_BASE,
    [GUEST_GS_BASE] = VMCS_GUEST_GS_BASE,
    [GUEST_SYSENTER_CS] = VMCS_GUEST_SYSENTER_CS,
    [GUEST_SYSENTER_ESP] = VMCS_GUEST_SYSENTER_ESP,
    [GUEST_SYSENTER_EIP] = VMCS_GUEST_SYSENTER_EIP,
    [GUEST_TSC_OFFSET] = VMCS_TSC_OFFSET,
    [GUEST_SHADOW] = VMCS_GUEST_BLOCKING,
};

/* What the guest reads: its own bits where it owns them, the shadow's elsewhere. */
static u64 shadowed(u64 real, u64 mask, u64 shadow)
{
    return (real & ~mask) | (shadow & mask);
}

/* While its vCPU is loaded, a guest's DR6 stays in the processor. */
static u64 dr6_read(void)
{
    u64 value;
    __asm__ volatile("mov %%dr6, %0" : "=r"(value));
    return value;
}

static no_inline u64 get_other(struct guest *guest, enum guest_reg reg)
{
    switch (reg) {
    case GUEST_CR0:
        return shadowed(vmcs_read(VMCS_GUEST_CR0), vmcs_read(VMCS_CR0_MASK),
                        vmcs_read(VMCS_CR0_SHADOW));
    case GUEST_CR2: /* the guest's: Trivet's own code takes no page fault */
        return cr2_read();
    case GUEST_CR4:
        return shadowed(vmcs_read(VMCS_GUEST_CR4), vmcs_read(VMCS_CR4_MASK),
                        vmcs_read(VMCS_CR4_SHADOW));
    case GUEST_PAT:
        return vmx_caps.has[VMX_LOAD_PAT] ? vmcs_read(VMCS_GUEST_PAT) : vmx_of(guest)->pat;
    default: /* DR6 */
        return dr6_read();
    }
}

static u64 get(struct guest *guest, enum guest_reg reg)
{
    return likely(fields[reg]) ? vmcs_read_any(fields[reg]) : get_other(guest, reg);
}

static no_inline void set_other(struct guest *guest, enum guest_reg reg, u64 value)
{
    switch (reg) {
    case GUEST_CR0:
        vmx_cr0_set(vmx_of(guest), value);
        break;
    case GUEST_CR2:
        cr2_write(value);
        break;
    case GUEST_CR4:
        vmx_cr4_set(vmx_of(guest), value);
        break;
    case GUEST_EFER:
        vmx_efer_set(vmx_of(guest), value);
        break;
    case GUEST_PAT:
        if (vmx_caps.has[VMX_LOAD_PAT])
            vmcs_write(VMCS_GUEST_PAT, value);
        else
            vmx_of(guest)->pat = value;
        break;
    case GUEST_CR8: /* the APIC's page is all there is */
        break;
    default: /* DR6 */
        __asm__ volatile("mov %0, %%dr6" : : "r"(value));
        break;
    }
}

static void set(struct guest *guest, enum guest_reg reg, u64 value)
{
    if (likely(fields[reg] && reg != GUEST_EFER))
        vmcs_write_any(fields[reg], value);
    else
        set_other(guest, reg, value);
}

/* In each of four groups of fields: ES, CS, SS, DS, FS, GS, LDTR, TR, by twos (appendix B). */
static u32 field_of(enum seg_reg which)
{
    if (which < SEG_COUNT)
        return (u32)which * 2;
    return which == SEG_LDTR ? VMCS_GUEST_LDTR - VMCS_GUEST_ES : VMCS_GUEST_TR - VMCS_GUEST_ES;
}

static void table(bool gdt, struct guest_segment *out)
{
    *out = (struct guest_segment){
        .base = gdt ? vmcs_read(VMCS_GUEST_GDTR_BASE) : vmcs_read(VMCS_GUEST_IDTR_BASE),
        .limit = gdt ? vmcs_read(VMCS_GUEST_GDTR_LIMIT) : vmcs_read(VMCS_GUEST_IDTR_LIMIT),
    };
}

static void segment(void *guest, enum seg_reg which, struct guest_segment *out)
{
    u32 at = field_of(which);

    (void)guest;
    if (which == SEG_GDTR || which == SEG_IDTR) {
        table(which == SEG_GDTR, out);
        return;
    }
    out->base = vmcs_read_any(VMCS_GUEST_ES_BASE + at);
    out->limit = (u32)vmcs_read_any(VMCS_GUEST_ES_LIMIT + at);
    out->access = (u32)vmcs_read_any(VMCS_GUEST_ES_ACCESS + at);
}

static u16 selector(struct guest *guest, enum seg_reg which)
{
    (void)guest;
    return (u16)vmcs_read_any(VMCS_GUEST_ES + field_of(which));
}

static void set_segment(struct guest *guest, enum seg_reg which, u16 value,
                        const struct guest_segment *segment)
{
    u32 at = field_of(which);

    (void)guest;
    vmcs_write_any(VMCS_GUEST_ES + at, value);
    vmcs_write_any(VMCS_GUEST_ES_BASE + at, segment->base);
    vmcs_write_any(VMCS_GUEST_ES_LIMIT + at, segment->limit);
    vmcs_write_any(VMCS_GUEST_ES_ACCESS + at, segment->access);
}

static bool load_cr3(struct guest *guest, u64 cr3)
{
    return vmx_cr3_load(vmx_of(guest), cr3);
}

static always_inline u8 bits_of(u64 code_access, u64 efer)
{
    if (code_access & ACCESS_L && efer & EFER_LMA)
        return 64;
    return code_access & ACCESS_DB ? 32 : 16;
}

static unsigned code_bits(struct guest *guest)
{
    (void)guest;
    return bits_of(vmcs_read(VMCS_GUEST_CS_ACCESS), vmcs_read(VMCS_GUEST_EFER));
}

/* SS.DPL is the CPL, in every mode (25.4.1). */
static unsigned cpl(struct guest *guest)
{
    (void)guest;
    return (unsigned)bits_get(vmcs_read(VMCS_GUEST_SS_ACCESS), 6, 5);
}

/* CR0 and CR4 as the processor itself walks by: in what counts here the shadows are no different.
 */
static void view(struct guest *guest, struct guest_view *view)
{
    u64 efer = vmcs_read(VMCS_GUEST_EFER);
    u64 code = vmcs_read_any(VMCS_GUEST_CS_ACCESS);
    (void)guest;

    view->paging.cr0 = vmcs_read(VMCS_GUEST_CR0);
    view->paging.cr3 = vmcs_read(VMCS_GUEST_CR3);
    view->paging.cr4 = vmcs_read(VMCS_GUEST_CR4);
    view->paging.efer = efer;
    view->rip = vmcs_read(VMCS_GUEST_RIP);
    view->rsp = vmcs_read(VMCS_GUEST_RSP);
    view->rflags = vmcs_read(VMCS_GUEST_RFLAGS);
    view->bits = bits_of(code, efer);
    view->cpl = (u8)(vmcs_read_any(VMCS_GUEST_SS_ACCESS) >> 5 & 3); /* 25.4.1 */
}

const struct guest_ops vmx_guest_ops = {
    .get = get,
    .set = set,
    .segment = segment,
    .selector = selector,
    .set_segment = set_segment,
    .load_cr3 = load_cr3,
    .view = view,
    .code_bits = code_bits,
    .cpl = cpl,
    .nmi_blocked = vmx_nmi_blocked,
};

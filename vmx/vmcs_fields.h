/* SPDX-License-Identifier: MIT */
/*
 * Every field of the VMCS in the manual's order (SDM 3, appendix B). X(name, encoding) makes the
 * enum of vmcs.h and the names and the list of vmx_names.c: one source. Fields of FRED and of SEAM,
 * which Trivet leaves off, are not here.
 */
#ifndef VMX_VMCS_FIELDS_H
#define VMX_VMCS_FIELDS_H

/* clang-format off */
#define VMCS_FIELDS(X)                                                \
    /* B.1.1 16-bit control */                                        \
    X(VMCS_VPID,                  0x0000)                             \
    X(VMCS_POSTED_VECTOR,         0x0002)                             \
    X(VMCS_EPTP_INDEX,            0x0004)                             \
    X(VMCS_HLAT_PREFIX_SIZE,      0x0006)                             \
    X(VMCS_LAST_PID_INDEX,        0x0008)                             \
    /* B.1.2 16-bit guest state */                                    \
    X(VMCS_GUEST_ES,              0x0800)                             \
    X(VMCS_GUEST_CS,              0x0802)                             \
    X(VMCS_GUEST_SS,              0x0804)                             \
    X(VMCS_GUEST_DS,              0x0806)                             \
    X(VMCS_GUEST_FS,              0x0808)                             \
    X(VMCS_GUEST_GS,              0x080a)                             \
    X(VMCS_GUEST_LDTR,            0x080c)                             \
    X(VMCS_GUEST_TR,              0x080e)                             \
    X(VMCS_GUEST_INTR_STATUS,     0x0810)                             \
    X(VMCS_GUEST_PML_INDEX,       0x0812)                             \
    X(VMCS_GUEST_UINV,            0x0814)                             \
    /* B.1.3 16-bit host state */                                     \
    X(VMCS_HOST_ES,               0x0c00)                             \
    X(VMCS_HOST_CS,               0x0c02)                             \
    X(VMCS_HOST_SS,               0x0c04)                             \
    X(VMCS_HOST_DS,               0x0c06)                             \
    X(VMCS_HOST_FS,               0x0c08)                             \
    X(VMCS_HOST_GS,               0x0c0a)                             \
    X(VMCS_HOST_TR,               0x0c0c)                             \
    /* B.2.1 64-bit control */                                        \
    X(VMCS_IO_BITMAP_A,           0x2000)                             \
    X(VMCS_IO_BITMAP_B,           0x2002)                             \
    X(VMCS_MSR_BITMAP,            0x2004)                             \
    X(VMCS_EXIT_MSR_STORE,        0x2006)                             \
    X(VMCS_EXIT_MSR_LOAD,         0x2008)                             \
    X(VMCS_ENTRY_MSR_LOAD,        0x200a)                             \
    X(VMCS_EXECUTIVE,             0x200c)                             \
    X(VMCS_PML_ADDRESS,           0x200e)                             \
    X(VMCS_TSC_OFFSET,            0x2010)                             \
    X(VMCS_VIRTUAL_APIC,          0x2012)                             \
    X(VMCS_APIC_ACCESS,           0x2014)                             \
    X(VMCS_POSTED_DESCRIPTOR,     0x2016)                             \
    X(VMCS_VM_FUNCTIONS,          0x2018)                             \
    X(VMCS_EPT_POINTER,           0x201a)                             \
    X(VMCS_EOI_EXIT_0,            0x201c)                             \
    X(VMCS_EOI_EXIT_1,            0x201e)                             \
    X(VMCS_EOI_EXIT_2,            0x2020)                             \
    X(VMCS_EOI_EXIT_3,            0x2022)                             \
    X(VMCS_EPTP_LIST,             0x2024)                             \
    X(VMCS_VMREAD_BITMAP,         0x2026)                             \
    X(VMCS_VMWRITE_BITMAP,        0x2028)                             \
    X(VMCS_VE_INFORMATION,        0x202a)                             \
    X(VMCS_XSS_EXITING,           0x202c)                             \
    X(VMCS_ENCLS_EXITING,         0x202e)                             \
    X(VMCS_SPP_TABLE,             0x2030)                             \
    X(VMCS_TSC_MULTIPLIER,        0x2032)                             \
    X(VMCS_PROC3,                 0x2034)                             \
    X(VMCS_ENCLV_EXITING,         0x2036)                             \
    X(VMCS_LOW_PASID_DIRECTORY,   0x2038)                             \
    X(VMCS_HIGH_PASID_DIRECTORY,  0x203a)                             \
    X(VMCS_SHARED_EPT_POINTER,    0x203c)                             \
    X(VMCS_PCONFIG_EXITING,       0x203e)                             \
    X(VMCS_HLAT_POINTER,          0x2040)                             \
    X(VMCS_PID_TABLE,             0x2042)                             \
    X(VMCS_EXIT2,                 0x2044)                             \
    X(VMCS_SPEC_CTRL_MASK,        0x204a)                             \
    X(VMCS_SPEC_CTRL_SHADOW,      0x204c)                             \
    /* B.2.2 64-bit read-only data */                                 \
    X(VMCS_GUEST_PHYSICAL,        0x2400)                             \
    /* B.2.3 64-bit guest state */                                    \
    X(VMCS_LINK_POINTER,          0x2800)                             \
    X(VMCS_GUEST_DEBUGCTL,        0x2802)                             \
    X(VMCS_GUEST_PAT,             0x2804)                             \
    X(VMCS_GUEST_EFER,            0x2806)                             \
    X(VMCS_GUEST_PERF_GLOBAL,     0x2808)                             \
    X(VMCS_GUEST_PDPTE0,          0x280a)                             \
    X(VMCS_GUEST_PDPTE1,          0x280c)                             \
    X(VMCS_GUEST_PDPTE2,          0x280e)                             \
    X(VMCS_GUEST_PDPTE3,          0x2810)                             \
    X(VMCS_GUEST_BNDCFGS,         0x2812)                             \
    X(VMCS_GUEST_RTIT_CTL,        0x2814)                             \
    X(VMCS_GUEST_LBR_CTL,         0x2816)                             \
    X(VMCS_GUEST_PKRS,            0x2818)                             \
    /* B.2.4 64-bit host state */                                     \
    X(VMCS_HOST_PAT,              0x2c00)                             \
    X(VMCS_HOST_EFER,             0x2c02)                             \
    X(VMCS_HOST_PERF_GLOBAL,      0x2c04)                             \
    X(VMCS_HOST_PKRS,             0x2c06)                             \
    /* B.3.1 32-bit control */                                        \
    X(VMCS_PIN_CONTROLS,          0x4000)                             \
    X(VMCS_PROC_CONTROLS,         0x4002)                             \
    X(VMCS_EXCEPTION_BITMAP,      0x4004)                             \
    X(VMCS_PF_ERROR_MASK,         0x4006)                             \
    X(VMCS_PF_ERROR_MATCH,        0x4008)                             \
    X(VMCS_CR3_TARGETS,           0x400a)                             \
    X(VMCS_EXIT_CONTROLS,         0x400c)                             \
    X(VMCS_EXIT_MSR_STORE_COUNT,  0x400e)                             \
    X(VMCS_EXIT_MSR_LOAD_COUNT,   0x4010)                             \
    X(VMCS_ENTRY_CONTROLS,        0x4012)                             \
    X(VMCS_ENTRY_MSR_LOAD_COUNT,  0x4014)                             \
    X(VMCS_ENTRY_EVENT,           0x4016)                             \
    X(VMCS_ENTRY_ERROR_CODE,      0x4018)                             \
    X(VMCS_ENTRY_LENGTH,          0x401a)                             \
    X(VMCS_TPR_THRESHOLD,         0x401c)                             \
    X(VMCS_PROC2_CONTROLS,        0x401e)                             \
    X(VMCS_PLE_GAP,               0x4020)                             \
    X(VMCS_PLE_WINDOW,            0x4022)                             \
    X(VMCS_INSTRUCTION_TIMEOUT,   0x4024)                             \
    /* B.3.2 32-bit read-only data */                                 \
    X(VMCS_INSTRUCTION_ERROR,     0x4400)                             \
    X(VMCS_EXIT_REASON,           0x4402)                             \
    X(VMCS_EXIT_EVENT,            0x4404)                             \
    X(VMCS_EXIT_ERROR_CODE,       0x4406)                             \
    X(VMCS_IDT_EVENT,             0x4408)                             \
    X(VMCS_IDT_ERROR_CODE,        0x440a)                             \
    X(VMCS_EXIT_LENGTH,           0x440c)                             \
    X(VMCS_EXIT_INSTRUCTION,      0x440e)                             \
    /* B.3.3 32-bit guest state */                                    \
    X(VMCS_GUEST_ES_LIMIT,        0x4800)                             \
    X(VMCS_GUEST_CS_LIMIT,        0x4802)                             \
    X(VMCS_GUEST_SS_LIMIT,        0x4804)                             \
    X(VMCS_GUEST_DS_LIMIT,        0x4806)                             \
    X(VMCS_GUEST_FS_LIMIT,        0x4808)                             \
    X(VMCS_GUEST_GS_LIMIT,        0x480a)                             \
    X(VMCS_GUEST_LDTR_LIMIT,      0x480c)                             \
    X(VMCS_GUEST_TR_LIMIT,        0x480e)                             \
    X(VMCS_GUEST_GDTR_LIMIT,      0x4810)                             \
    X(VMCS_GUEST_IDTR_LIMIT,      0x4812)                             \
    X(VMCS_GUEST_ES_ACCESS,       0x4814)                             \
    X(VMCS_GUEST_CS_ACCESS,       0x4816)                             \
    X(VMCS_GUEST_SS_ACCESS,       0x4818)                             \
    X(VMCS_GUEST_DS_ACCESS,       0x481a)                             \
    X(VMCS_GUEST_FS_ACCESS,       0x481c)                             \
    X(VMCS_GUEST_GS_ACCESS,       0x481e)                             \
    X(VMCS_GUEST_LDTR_ACCESS,     0x4820)                             \
    X(VMCS_GUEST_TR_ACCESS,       0x4822)                             \
    X(VMCS_GUEST_BLOCKING,        0x4824)                             \
    X(VMCS_GUEST_ACTIVITY,        0x4826)                             \
    X(VMCS_GUEST_SMBASE,          0x4828)                             \
    X(VMCS_GUEST_SYSENTER_CS,     0x482a)                             \
    X(VMCS_PREEMPTION_TIMER,      0x482e)                             \
    /* B.3.4 32-bit host state */                                     \
    X(VMCS_HOST_SYSENTER_CS,      0x4c00)                             \
    /* B.4.1 natural-width control */                                 \
    X(VMCS_CR0_MASK,              0x6000)                             \
    X(VMCS_CR4_MASK,              0x6002)                             \
    X(VMCS_CR0_SHADOW,            0x6004)                             \
    X(VMCS_CR4_SHADOW,            0x6006)                             \
    X(VMCS_CR3_TARGET0,           0x6008)                             \
    X(VMCS_CR3_TARGET1,           0x600a)                             \
    X(VMCS_CR3_TARGET2,           0x600c)                             \
    X(VMCS_CR3_TARGET3,           0x600e)                             \
    /* B.4.2 natural-width read-only data */                          \
    X(VMCS_EXIT_QUALIFICATION,    0x6400)                             \
    X(VMCS_IO_RCX,                0x6402)                             \
    X(VMCS_IO_RSI,                0x6404)                             \
    X(VMCS_IO_RDI,                0x6406)                             \
    X(VMCS_IO_RIP,                0x6408)                             \
    X(VMCS_GUEST_LINEAR,          0x640a)                             \
    /* B.4.3 natural-width guest state */                             \
    X(VMCS_GUEST_CR0,             0x6800)                             \
    X(VMCS_GUEST_CR3,             0x6802)                             \
    X(VMCS_GUEST_CR4,             0x6804)                             \
    X(VMCS_GUEST_ES_BASE,         0x6806)                             \
    X(VMCS_GUEST_CS_BASE,         0x6808)                             \
    X(VMCS_GUEST_SS_BASE,         0x680a)                             \
    X(VMCS_GUEST_DS_BASE,         0x680c)                             \
    X(VMCS_GUEST_FS_BASE,         0x680e)                             \
    X(VMCS_GUEST_GS_BASE,         0x6810)                             \
    X(VMCS_GUEST_LDTR_BASE,       0x6812)                             \
    X(VMCS_GUEST_TR_BASE,         0x6814)                             \
    X(VMCS_GUEST_GDTR_BASE,       0x6816)                             \
    X(VMCS_GUEST_IDTR_BASE,       0x6818)                             \
    X(VMCS_GUEST_DR7,             0x681a)                             \
    X(VMCS_GUEST_RSP,             0x681c)                             \
    X(VMCS_GUEST_RIP,             0x681e)                             \
    X(VMCS_GUEST_RFLAGS,          0x6820)                             \
    X(VMCS_GUEST_PENDING_DEBUG,   0x6822)                             \
    X(VMCS_GUEST_SYSENTER_ESP,    0x6824)                             \
    X(VMCS_GUEST_SYSENTER_EIP,    0x6826)                             \
    X(VMCS_GUEST_S_CET,           0x6828)                             \
    X(VMCS_GUEST_SSP,             0x682a)                             \
    X(VMCS_GUEST_SSP_TABLE,       0x682c)                             \
    /* B.4.4 natural-width host state */                              \
    X(VMCS_HOST_CR0,              0x6c00)                             \
    X(VMCS_HOST_CR3,              0x6c02)                             \
    X(VMCS_HOST_CR4,              0x6c04)                             \
    X(VMCS_HOST_FS_BASE,          0x6c06)                             \
    X(VMCS_HOST_GS_BASE,          0x6c08)                             \
    X(VMCS_HOST_TR_BASE,          0x6c0a)                             \
    X(VMCS_HOST_GDTR_BASE,        0x6c0c)                             \
    X(VMCS_HOST_IDTR_BASE,        0x6c0e)                             \
    X(VMCS_HOST_SYSENTER_ESP,     0x6c10)                             \
    X(VMCS_HOST_SYSENTER_EIP,     0x6c12)                             \
    X(VMCS_HOST_RSP,              0x6c14)                             \
    X(VMCS_HOST_RIP,              0x6c16)                             \
    X(VMCS_HOST_S_CET,            0x6c18)                             \
    X(VMCS_HOST_SSP,              0x6c1a)                             \
    X(VMCS_HOST_SSP_TABLE,        0x6c1c)
/* clang-format on */

#endif

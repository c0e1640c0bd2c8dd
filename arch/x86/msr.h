/* SPDX-License-Identifier: MIT */
/*
 * Model-specific registers by number, each with its bits and what Trivet wants of it. Numbers and
 * bits only: who reads one that may be missing goes through the fixup-guarded accessor.
 * Intel SDM vol. 4 chapter 2 and vol. 3 appendix A; AMD APM vol. 2 appendix A.
 */
#ifndef ARCH_X86_MSR_H
#define ARCH_X86_MSR_H

#include "lib/bits.h"

/* clang-format off */

/* --- time, and where the local APIC is ---------------------------------------------------------- */
#define MSR_TSC                     0x00000010
#define MSR_TSC_ADJUST              0x0000003b  /* CPUID.7.EBX[1] */
#define MSR_TSC_DEADLINE            0x000006e0  /* CPUID.1.ECX[24]; one-shot timer of each core */
#define MSR_APIC_BASE               0x0000001b
#define   APIC_BASE_BSP             BIT(8)
#define   APIC_BASE_X2APIC          BIT(10)
#define   APIC_BASE_ENABLE          BIT(11)     /* never cleared: Bochs cannot set it again */
#define   APIC_BASE_ADDRESS         MASK(51, 12)
#define MSR_X2APIC                  0x00000800  /* + the register's xAPIC offset / 16 */
#define MSR_X2APIC_ICR              0x00000830
#define MSR_X2APIC_LAST             0x000008ff

/* --- what may be switched on: Intel vol. 3 24.7, AMD vol. 2 15.30.1 ------------------------------- */
#define MSR_FEATURE_CONTROL         0x0000003a  /* CPUID.1.ECX[5] or [6] */
#define   FEATURE_CONTROL_LOCK      BIT(0)      /* until the next reset; VMXON needs it */
#define   FEATURE_CONTROL_VMX_SMX   BIT(1)
#define   FEATURE_CONTROL_VMX       BIT(2)      /* VMXON outside SMX: what Trivet needs */
#define MSR_VM_CR                   0xc0010114
#define   VM_CR_DPD                 BIT(0)
#define   VM_CR_R_INIT              BIT(1)      /* INIT becomes #SX */
#define   VM_CR_DIS_A20M            BIT(2)
#define   VM_CR_LOCK                BIT(3)      /* SVMDIS can no longer be changed */
#define   VM_CR_SVMDIS              BIT(4)      /* EFER.SVME cannot be set */
#define MSR_IGNNE                   0xc0010115
#define MSR_SMM_CTL                 0xc0010116
#define MSR_VM_HSAVE_PA             0xc0010117  /* host save area, a page a core */
#define MSR_SVM_KEY                 0xc0010118

/* --- VMX capabilities: Intel vol. 3 appendix A ----------------------------------------------------- */
#define MSR_VMX_BASIC               0x00000480
#define   VMX_BASIC_REVISION        MASK(30, 0)
#define   VMX_BASIC_SIZE            MASK(44, 32) /* bytes of a region, 1..4096 */
#define   VMX_BASIC_ADDRESS32       BIT(48)      /* regions below 4 GiB; never with Intel 64 */
#define   VMX_BASIC_TYPE            MASK(53, 50) /* memory type for regions: 6 is WB */
#define   VMX_BASIC_TRUE            BIT(55)      /* the TRUE registers below exist */
#define MSR_VMX_PINBASED_CTLS       0x00000481   /* low: must be 1; high: may be 1 */
#define MSR_VMX_PROCBASED_CTLS      0x00000482
#define MSR_VMX_EXIT_CTLS           0x00000483
#define MSR_VMX_ENTRY_CTLS          0x00000484
#define MSR_VMX_MISC                0x00000485
#define   VMX_MISC_TIMER_SHIFT      MASK(4, 0)   /* the preemption timer counts TSC >> this */
#define   VMX_MISC_CR3_TARGETS      MASK(24, 16)
#define   VMX_MISC_MSR_LIST         MASK(27, 25) /* N: at most 512 * (N + 1) MSRs in a list */
#define MSR_VMX_CR0_FIXED0          0x00000486   /* 1: must be 1 in VMX operation */
#define MSR_VMX_CR0_FIXED1          0x00000487   /* 0: must be 0 in VMX operation */
#define MSR_VMX_CR4_FIXED0          0x00000488
#define MSR_VMX_CR4_FIXED1          0x00000489
#define MSR_VMX_VMCS_ENUM           0x0000048a
#define MSR_VMX_PROCBASED_CTLS2     0x0000048b   /* if PROCBASED_CTLS[63] */
#define MSR_VMX_EPT_VPID_CAP        0x0000048c   /* if PROCBASED_CTLS2[33] or [37] */
#define MSR_VMX_TRUE_PINBASED_CTLS  0x0000048d   /* these four if VMX_BASIC[55] */
#define MSR_VMX_TRUE_PROCBASED_CTLS 0x0000048e
#define MSR_VMX_TRUE_EXIT_CTLS      0x0000048f
#define MSR_VMX_TRUE_ENTRY_CTLS     0x00000490
#define MSR_VMX_VMFUNC              0x00000491   /* if PROCBASED_CTLS2[45] */
#define MSR_VMX_PROCBASED_CTLS3     0x00000492   /* if PROCBASED_CTLS[49]; 64 bits: may be 1 */
#define MSR_VMX_EXIT_CTLS2          0x00000493   /* if EXIT_CTLS[63]; 64 bits: may be 1 */
#define MSR_VMX_LAST                0x00000493

/* --- modes and system calls ------------------------------------------------------------------------- */
#define MSR_SYSENTER_CS             0x00000174
#define MSR_SYSENTER_ESP            0x00000175
#define MSR_SYSENTER_EIP            0x00000176
#define MSR_EFER                    0xc0000080
#define   EFER_SCE                  BIT(0)
#define   EFER_LME                  BIT(8)
#define   EFER_LMA                  BIT(10)
#define   EFER_NXE                  BIT(11)
#define   EFER_SVME                 BIT(12)
#define   EFER_LMSLE                BIT(13)
#define   EFER_FFXSR                BIT(14)
#define   EFER_TCE                  BIT(15)
#define   EFER_AUTOIBRS             BIT(21)
#define MSR_STAR                    0xc0000081
#define MSR_LSTAR                   0xc0000082
#define MSR_CSTAR                   0xc0000083
#define MSR_FMASK                   0xc0000084
#define MSR_FS_BASE                 0xc0000100
#define MSR_GS_BASE                 0xc0000101
#define MSR_KERNEL_GS_BASE          0xc0000102
#define MSR_TSC_AUX                 0xc0000103  /* RDTSCP or RDPID */
#define MSR_TSC_RATIO               0xc0000104  /* AMD, CPUID.8000000A.EDX[4]; 8.32 fixed point */
#define MSR_XSS                     0x00000da0  /* CPUID.D.1.EAX[3] */
#define MSR_UMWAIT_CONTROL          0x000000e1  /* CPUID.7.ECX[5] */

/* --- memory types: Intel vol. 3 chapter 12 ------------------------------------------------------------ */
#define   MEMORY_TYPE_UC            0
#define   MEMORY_TYPE_WC            1
#define   MEMORY_TYPE_WT            4
#define   MEMORY_TYPE_WP            5
#define   MEMORY_TYPE_WB            6
#define   MEMORY_TYPE_UC_MINUS      7           /* PAT only */
#define MSR_PAT                     0x00000277
#define   PAT_RESET                 0x0007040600070406ull
#define MSR_MTRR_CAP                0x000000fe
#define   MTRR_CAP_COUNT            MASK(7, 0)
#define   MTRR_CAP_FIXED            BIT(8)
#define   MTRR_CAP_WC               BIT(10)
#define MSR_MTRR_BASE0              0x00000200  /* base of n at + 2n */
#define MSR_MTRR_MASK0              0x00000201  /* mask of n at + 2n */
#define   MTRR_MASK_VALID           BIT(11)
#define MSR_MTRR_FIX64K             0x00000250
#define MSR_MTRR_FIX16K_80000       0x00000258
#define MSR_MTRR_FIX16K_A0000       0x00000259
#define MSR_MTRR_FIX4K_C0000        0x00000268  /* to 0x26f, 32 KiB each */
#define MSR_MTRR_DEF_TYPE           0x000002ff
#define   MTRR_DEF_TYPE_TYPE        MASK(7, 0)
#define   MTRR_DEF_TYPE_FIXED       BIT(10)
#define   MTRR_DEF_TYPE_ENABLE      BIT(11)

/* --- debugging, speculation, machine check, the rest ---------------------------------------------------- */
#define MSR_DEBUGCTL                0x000001d9
#define   DEBUGCTL_LBR              BIT(0)
#define   DEBUGCTL_BTF              BIT(1)
#define MSR_SPEC_CTRL               0x00000048  /* CPUID.7.EDX[26], [27] or [31] */
#define MSR_PRED_CMD                0x00000049
#define   PRED_CMD_IBPB             BIT(0)
#define MSR_ARCH_CAPABILITIES       0x0000010a  /* CPUID.7.EDX[29] */
#define   ARCH_RDCL_NO              BIT(0)      /* Meltdown, L1TF */
#define   ARCH_RSBA                 BIT(2)      /* an empty return stack takes other predictions */
#define   ARCH_SSB_NO               BIT(4)
#define   ARCH_MDS_NO               BIT(5)
#define   ARCH_PSCHANGE_NO          BIT(6)      /* machine check by a page's change of size */
#define   ARCH_TAA_NO               BIT(8)
#define   ARCH_SBDR_NO              BIT(13)     /* these three: stale data of MMIO */
#define   ARCH_FBSDP_NO             BIT(14)
#define   ARCH_PSDP_NO              BIT(15)
#define   ARCH_FB_CLEAR             BIT(17)     /* VERW clears the fill buffers */
#define   ARCH_RRSBA                BIT(19)     /* as RSBA, restricted */
#define   ARCH_BHI_NO               BIT(20)
#define   ARCH_PBRSB_NO             BIT(24)
#define   ARCH_GDS_NO               BIT(26)
#define   ARCH_RFDS_NO              BIT(27)
#define   ARCH_RFDS_CLEAR           BIT(28)     /* VERW clears the register files */
#define   ARCH_ITS_NO               BIT(62)     /* by hypervisors only */
#define MSR_FLUSH_CMD               0x0000010b  /* CPUID.7.EDX[28] */
#define   FLUSH_CMD_L1D             BIT(0)
#define MSR_MCG_CAP                 0x00000179  /* missing on some Bochs models that announce it */
#define MSR_MCG_STATUS              0x0000017a
#define MSR_MISC_ENABLE             0x000001a0
#define MSR_PERF_GLOBAL_CTRL        0x0000038f
#define MSR_BIOS_UPDATE_ID          0x0000008b  /* microcode revision */
#define MSR_PLATFORM_ID             0x00000017
#define MSR_HWCR                    0xc0010015
#define MSR_VIRT_SPEC_CTRL          0xc001011f

/* clang-format on */

/* Each byte of PAT is a memory type (SDM 3, 12.12.2; APM 2, 7.8.2): bits 7:3 clear, and bit 1 only
 * with bit 2. */
static inline bool pat_valid(u64 pat)
{
    u64 bit1 = pat & 0x0202020202020202;

    return !(pat & 0xf8f8f8f8f8f8f8f8) && !(bit1 << 1 & ~pat);
}

#endif

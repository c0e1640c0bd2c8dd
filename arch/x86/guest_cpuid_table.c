/* SPDX-License-Identifier: MIT */
/*
 * The policy on CPUID, leaf by leaf. What is not named here does not reach a guest: new features
 * stay hidden until somebody has looked at the state and the registers that they bring along.
 *
 * Hidden on purpose: VMX, SVM, SMX; every performance counter (PDCM, leaf A, the AMD extensions),
 * DS and the branch records; MONITOR/MWAIT (leaf 5); power and thermal control (EIST, TM, leaf 6);
 * the speculation-control MSRs (SPEC_CTRL, PRED_CMD, FLUSH_CMD); HLE, RTM, MPX, SGX, PT,
 * CET, PKS, AMX, key locker, LA57, user interrupts: nobody switches their state.
 */
#include "arch/x86/guest_cpuid_policy.h"

#include "arch/x86/cpuid_bits.h"
#include "arch/x86/guest_xstate.h"
#include "arch/x86/msr.h"

#define ALL ~0u

/* What CPUID.80000001.EDX repeats on AMD. */
#define REPEATED                                                                                   \
    (FPU | VME | DE | PSE | TSC | MSR | PAE | MCE | CX8 | MTRR | PGE | MCA | CMOV | PAT | PSE36 |  \
     MMX | FXSR)

/* clang-format off */
const struct cpuid_rule cpuid_rules[] = {
    {0x0, 0x0, 0, VENDOR_BOTH, {ALL, ALL, ALL, ALL}, {0}},
    /* EBX: brand index, CLFLUSH size; the count and the APIC id are computed. */
    {0x1, 0x1, 0, VENDOR_BOTH,
     {ALL, 0xffff,
      SSE3 | PCLMULQDQ | SSSE3 | FMA | CX16 | PCID | SSE41 | SSE42 | MOVBE | POPCNT | AES | XSAVE |
          AVX | F16C | RDRAND,
      FPU | VME | DE | PSE | TSC | MSR | PAE | MCE | CX8 | SEP | MTRR | PGE | MCA | CMOV | PAT |
          PSE36 | CLFSH | MMX | FXSR | SSE | SSE2 | SNOOP},
     {0, 0, HYPERVISOR, 0}},
    /* The descriptors of caches and TLBs. */
    {0x2, 0x2, 0, VENDOR_INTEL, {ALL, ALL, ALL, ALL}, {0}},
    /* EAX: the highest subleaf is computed. TSC_ADJUST is emulated. */
    {0x7, 0x7, 0, VENDOR_BOTH,
     {0,
      FSGSBASE | BMI1 | AVX2 | FDP_EXCPTN | SMEP | BMI2 | ERMS | INVPCID | FCS_FDS_GONE | AVX512F |
          AVX512DQ | RDSEED | ADX | SMAP | AVX512_IFMA | CLFLUSHOPT | CLWB | AVX512PF | AVX512ER |
          AVX512CD | SHA | AVX512BW | AVX512VL,
      PREFETCHWT1 | AVX512_VBMI | UMIP | PKU | WAITPKG | AVX512_VBMI2 | GFNI | VAES | VPCLMULQDQ |
          AVX512_VNNI | AVX512_BITALG | AVX512_VPOPCNTDQ | RDPID | CLDEMOTE | MOVDIRI | MOVDIR64B,
      AVX512_4VNNIW | AVX512_4FMAPS | FSRM | AVX512_VP2INTERSECT | MD_CLEAR | SERIALIZE |
          AVX512_FP16},
     {0, TSC_ADJUST, 0, 0}},
    {0x7, 0x7, 1, VENDOR_BOTH,
     {SHA512 | SM3 | SM4 | AVX_VNNI | AVX512_BF16 | CMPCCXADD | FZRM | FSRS_71 | FSRCS | AVX_IFMA, 0,
      0, AVX_VNNI_INT8 | AVX_NE_CONVERT | AVX_VNNI_INT16 | PREFETCHI},
     {0}},
    /* D: the rest of its subleaves is computed. */
    {0xd, 0xd, 1, VENDOR_BOTH, {XSAVEOPT | XSAVEC | XGETBV1 | XSAVES, 0, 0, 0}, {0}},

    {0x80000000, 0x80000000, 0, VENDOR_BOTH, {ALL, ALL, ALL, ALL}, {0}},
    {0x80000001, 0x80000001, 0, VENDOR_INTEL,
     {ALL, 0, LAHF | LZCNT | PREFETCHW, SYSCALL | NX | PAGE1G | RDTSCP | LM}, {0}},
    {0x80000001, 0x80000001, 0, VENDOR_AMD,
     {ALL, ALL,
      LAHF | CR8_LEGACY | LZCNT | SSE4A | MISALIGNSSE | PREFETCHW | XOP | FMA4 | TBM | TOPOEXT,
      REPEATED | SYSCALL | NX | MMXEXT | FFXSR | PAGE1G | RDTSCP | LM | NOW3DEXT | NOW3D},
     {0}},
    /* The brand; the first caches and TLBs. */
    {0x80000002, 0x80000004, 0, VENDOR_BOTH, {ALL, ALL, ALL, ALL}, {0}},
    {0x80000005, 0x80000005, 0, VENDOR_AMD, {ALL, ALL, ALL, ALL}, {0}},
    {0x80000006, 0x80000006, 0, VENDOR_BOTH, {ALL, ALL, ALL, ALL}, {0}},
    {0x80000007, 0x80000007, 0, VENDOR_BOTH, {0, 0, 0, INVARIANT_TSC}, {0}},
    /* EAX: the widths of addresses; ECX is computed on AMD. */
    {0x80000008, 0x80000008, 0, VENDOR_BOTH,
     {0xffff, CLZERO | XSAVEERPTR | WBNOINVD, 0, 0}, {0}},
    {0x80000019, 0x8000001a, 0, VENDOR_AMD, {ALL, ALL, ALL, ALL}, {0}},
    {0x80000021, 0x80000021, 0, VENDOR_AMD,
     {LFENCE_SERIALIZES | NULL_SELECTOR_CLEARS | FSRS_821 | FSRC_821, 0, 0, 0}, {0}},
};

/* --- what the engine or the machine decides --- */
const struct cpuid_trait cpuid_traits[] = {
    {TRAIT_RDTSCP,       false, VENDOR_BOTH, 0x80000001, 0, EDX, RDTSCP},
    {TRAIT_RDTSCP,       false, VENDOR_BOTH, 0x7, 0, ECX, RDPID},
    {TRAIT_INVPCID,      false, VENDOR_BOTH, 0x7, 0, EBX, INVPCID},
    {TRAIT_XSAVES,       false, VENDOR_BOTH, 0xd, 1, EAX, XSAVES},
    {TRAIT_USER_WAIT,    false, VENDOR_BOTH, 0x7, 0, ECX, WAITPKG},
    /* The local APIC, in one place: its owner sets these traits, here stands all that they show. */
    {TRAIT_APIC,         true,  VENDOR_BOTH, 0x1, 0, EDX, APIC},
    {TRAIT_APIC,         true,  VENDOR_AMD,  0x80000001, 0, EDX, APIC},
    {TRAIT_APIC,         true,  VENDOR_BOTH, 0x6, 0, EAX, ARAT},
    {TRAIT_X2APIC,       true,  VENDOR_BOTH, 0x1, 0, ECX, X2APIC},
    {TRAIT_TSC_DEADLINE, true,  VENDOR_BOTH, 0x1, 0, ECX, TSC_DEADLINE},
    {TRAIT_WEAK,         true,  VENDOR_INTEL, 0x7, 0, EDX, ARCH_CAPABILITIES},
    {TRAIT_SMP,          true,  VENDOR_BOTH, 0x1, 0, EDX, HTT},
    {TRAIT_SMP,          true,  VENDOR_AMD,  0x80000001, 0, ECX, CMP_LEGACY},
};

/* --- what lives in the extended state --- */
const struct cpuid_state cpuid_states[] = {
    {XCR0_AVX,    0x1, 0, ECX, AVX | FMA | F16C},
    {XCR0_AVX,    0x7, 0, EBX, AVX2},
    {XCR0_AVX,    0x7, 0, ECX, VAES | VPCLMULQDQ},
    {XCR0_AVX,    0x7, 1, EAX, SHA512 | SM3 | SM4 | AVX_VNNI | AVX_IFMA},
    {XCR0_AVX,    0x7, 1, EDX, AVX_VNNI_INT8 | AVX_NE_CONVERT | AVX_VNNI_INT16},
    {XCR0_AVX,    0x80000001, 0, ECX, XOP | FMA4},
    {XCR0_AVX512, 0x7, 0, EBX, AVX512F | AVX512DQ | AVX512_IFMA | AVX512PF | AVX512ER | AVX512CD |
                               AVX512BW | AVX512VL},
    {XCR0_AVX512, 0x7, 0, ECX, AVX512_VBMI | AVX512_VBMI2 | AVX512_VNNI | AVX512_BITALG |
                               AVX512_VPOPCNTDQ},
    {XCR0_AVX512, 0x7, 0, EDX, AVX512_4VNNIW | AVX512_4FMAPS | AVX512_VP2INTERSECT | AVX512_FP16},
    {XCR0_AVX512, 0x7, 1, EAX, AVX512_BF16},
    {XCR0_PKRU,   0x7, 0, ECX, PKU},
};

/* --- what the guest may set in CR4 and EFER (SDM volume 3, 2.5; AMD APM volume 2, 3.1) --- */
const struct cpuid_control cpuid_controls[] = {
    {0x1, 0, EDX, VME,      CR4_VME | CR4_PVI, 0},
    {0x1, 0, EDX, TSC,      CR4_TSD, 0},
    {0x1, 0, EDX, DE,       CR4_DE, 0},
    {0x1, 0, EDX, PSE,      CR4_PSE, 0},
    {0x1, 0, EDX, PAE,      CR4_PAE, 0},
    {0x1, 0, EDX, MCE,      CR4_MCE, 0},
    {0x1, 0, EDX, PGE,      CR4_PGE, 0},
    {0x1, 0, EDX, MSR,      CR4_PCE, 0}, /* RDPMC is there, if only to fault */
    {0x1, 0, EDX, FXSR,     CR4_OSFXSR, 0},
    {0x1, 0, EDX, SSE,      CR4_OSXMMEXCPT, 0},
    {0x1, 0, ECX, PCID,     CR4_PCIDE, 0},
    {0x1, 0, ECX, XSAVE,    CR4_OSXSAVE, 0},
    {0x7, 0, EBX, FSGSBASE, CR4_FSGSBASE, 0},
    {0x7, 0, EBX, SMEP,     CR4_SMEP, 0},
    {0x7, 0, EBX, SMAP,     CR4_SMAP, 0},
    {0x7, 0, ECX, UMIP,     CR4_UMIP, 0},
    {0x7, 0, ECX, PKU,      CR4_PKE, 0},
    {0x80000001, 0, EDX, SYSCALL, 0, EFER_SCE},
    {0x80000001, 0, EDX, LM,      0, EFER_SCE | EFER_LME | EFER_LMA},
    {0x80000001, 0, EDX, NX,      0, EFER_NXE},
    {0x80000001, 0, EDX, FFXSR,   0, EFER_FFXSR},
};
/* clang-format on */

const unsigned cpuid_rule_count = array_size(cpuid_rules);
const unsigned cpuid_trait_count = array_size(cpuid_traits);
const unsigned cpuid_state_count = array_size(cpuid_states);
const unsigned cpuid_control_count = array_size(cpuid_controls);

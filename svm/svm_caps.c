/* SPDX-License-Identifier: MIT */
#include "svm/svm_caps.h"

#include "lib/bits.h"
#include "lib/fmt.h"
#include "lib/string.h"

enum word { SVM_EDX, EXT1_EDX, CPUID_7C, WORDS };

static const char *const word_names[WORDS] = {"8000000A_EDX", "80000001_EDX", "CPUID.7.ECX"};

#define ON       FEATURE_ON
#define REQUIRED NEED_REQUIRED
#define WANTED   NEED_WANTED
#define SPARE    NEED_SPARE

#define MEND_NPT "an AMD processor of family 10h (2007) or later is needed"

/* clang-format off */
/*
 * The features, named as in APM vol. 3 E.4.9. What needs what: virtual VMLOAD and VMSAVE and AVIC
 * work on nested paging only (15.33.1, 15.29.3); the threshold refines the filter (15.14.4).
 */
static const struct feature features[SVM_FEATURES] = {
    [SVM_NPT]             = {"npt", "nested paging", SVM_EDX, 0, ON, REQUIRED, {0}, MEND_NPT},
    [SVM_LBR]             = {"lbr", "LBR virtualization", SVM_EDX, 1, ON, SPARE, {0}, NULL},
    [SVM_NRIPS]           = {"nrips", "NRIP save", SVM_EDX, 3, ON, WANTED, {0}, NULL},
    [SVM_TSC_RATIO]       = {"tsc-ratio", "MSR-based TSC ratio", SVM_EDX, 4, ON, WANTED, {0}, NULL},
    [SVM_VMCB_CLEAN]      = {"vmcb-clean", "VMCB clean bits", SVM_EDX, 5, ON, WANTED, {0}, NULL},
    [SVM_FLUSH_BY_ASID]   = {"flush-by-asid", "flush by ASID", SVM_EDX, 6, ON, WANTED, {0}, NULL},
    [SVM_DECODE_ASSISTS]  = {"decode-assists", "decode assists", SVM_EDX, 7, ON, WANTED, {0}, NULL},
    [SVM_PAUSE_FILTER]    = {"pause-filter", "PAUSE intercept filter", SVM_EDX, 10, ON, WANTED, {0}, NULL},
    [SVM_PAUSE_THRESHOLD] = {"pause-threshold", "PAUSE filter threshold", SVM_EDX, 12, ON, WANTED,
                             {SVM_PAUSE_FILTER}, NULL},
    [SVM_AVIC]            = {"avic", "AVIC", SVM_EDX, 13, ON, WANTED, {SVM_NPT}, NULL},
    [SVM_VIRTUAL_VMLOAD]  = {"virtual-vmload", "virtual VMLOAD and VMSAVE", SVM_EDX, 15, ON, WANTED,
                             {SVM_NPT}, NULL},
    [SVM_VGIF]            = {"vgif", "virtual GIF", SVM_EDX, 16, ON, WANTED, {0}, NULL},
    [SVM_GMET]            = {"gmet", "guest mode execute trap", SVM_EDX, 17, ON, SPARE, {SVM_NPT}, NULL},
    [SVM_X2AVIC]          = {"x2avic", "x2AVIC", SVM_EDX, 18, ON, WANTED, {SVM_AVIC}, NULL},
    [SVM_SPEC_CTRL]       = {"spec-ctrl", "SPEC_CTRL virtualization", SVM_EDX, 20, ON, WANTED, {0}, NULL},
    [SVM_VNMI]            = {"vnmi", "NMI virtualization", SVM_EDX, 25, ON, WANTED, {0}, NULL},
    [SVM_IDLE_HLT]        = {"idle-hlt", "idle HLT intercept", SVM_EDX, 30, ON, SPARE, {0}, NULL},
    [SVM_NPT_1G]          = {"npt-1g", "1-GByte pages", EXT1_EDX, 26, ON, WANTED, {SVM_NPT}, NULL},
    [SVM_RDTSCP]          = {"rdtscp", "RDTSCP", EXT1_EDX, 27, ON, WANTED, {0}, NULL},
    [SVM_UMIP]            = {"umip", "UMIP", CPUID_7C, 2, ON, WANTED, {0}, NULL},
};

static const struct feature_group groups[] = {
    {"apicv", {SVM_AVIC, SVM_X2AVIC}},
    {"ple",   {SVM_PAUSE_FILTER, SVM_PAUSE_THRESHOLD}},
};
/* clang-format on */

const struct feature_table svm_feature_table = {"svm", features, SVM_FEATURES, groups,
                                                array_size(groups)};
_Static_assert(SVM_FEATURES <= PREFLIGHT_ROWS_MAX, "the report has a row for each feature");

#define CPUID_1C_HYPERVISOR BIT(31)
#define CPUID_EXT1C_SVM     BIT(2)
#define CPUID_SVM_EDX_SVML  BIT(2) /* a locked SVMDIS opens with a key (15.31) */
#define LEAF_EXT1           0x80000001u
#define LEAF_SVM            0x8000000au

static struct feature_limits limits_of(const void *from, unsigned word)
{
    const struct svm_regs *regs = from;
    const u32 may[WORDS] = {regs->cpuid_8000000a_edx, regs->cpuid_80000001_edx, regs->cpuid_7_ecx};

    return (struct feature_limits){"", word_names[word], 0, may[word], true, false};
}

/* The three steps of 15.4: CPUID, then VM_CR, then whether a key could open it. */
static bool check_svm(const struct svm_regs *regs, struct preflight *report)
{
    bool svm = regs->max_extended >= LEAF_EXT1 && (regs->cpuid_80000001_ecx & CPUID_EXT1C_SVM);
    if (!svm && (regs->cpuid_1_ecx & CPUID_1C_HYPERVISOR))
        return preflight_refuse(report, "no-svm",
                                "a hypervisor runs outside and shows this machine no SVM (AMD-V): "
                                "switch on nested virtualization there (KVM: kvm_amd nested=1 and "
                                "QEMU's -cpu host; QEMU alone: -cpu EPYC,+svm,+npt)");
    if (!svm)
        return preflight_refuse(report, "no-svm",
                                "this processor has no SVM (AMD-V), or the firmware hides it: "
                                "Trivet needs an AMD processor with SVM and nested paging, or an "
                                "Intel one with VT-x and EPT");
    if (regs->max_extended < LEAF_SVM)
        return preflight_refuse(report, "no-svm",
                                "CPUID announces SVM, but ends before the leaf that describes it "
                                "(8000_000A): the emulator or hypervisor outside is wrong");
    return true;
}

static bool check_firmware(const struct svm_regs *regs, struct preflight *report)
{
    if (!regs->vm_cr_present || !(regs->vm_cr & VM_CR_SVMDIS))
        return true;
    if (!(regs->vm_cr & VM_CR_LOCK)) {
        str_copy(report->note,
                 "the firmware left SVM switched off but not locked: Trivet switches it on",
                 sizeof report->note);
        return true;
    }
    if (regs->cpuid_1_ecx & CPUID_1C_HYPERVISOR)
        return preflight_refuse(report, "svm-disabled",
                                "the hypervisor outside has locked SVM off (VM_CR.SVMDIS): switch "
                                "on nested virtualization there");
    return preflight_refuse(report, "svm-disabled",
                            "SVM is switched off and locked%s in the firmware's set-up: switch on "
                            "'SVM Mode' (also named AMD-V, SVM or Virtualization; under Advanced, "
                            "CPU or Overclocking) and turn the power off and on",
                            regs->cpuid_8000000a_edx & CPUID_SVM_EDX_SVML ? " with a key" : "");
}

/* ASID 0 is the host's (15.16), so a guest needs a second one. */
static bool check_asids(u32 asids, struct preflight *report)
{
    if (asids >= 2)
        return true;
    return preflight_refuse(report, "no-asids",
                            "CPUID 8000_000A EBX says that there are %u address space identifiers, "
                            "and a guest needs one besides the host's: the emulator or hypervisor "
                            "outside is wrong",
                            asids);
}

bool svm_negotiate(const struct svm_regs *regs, const struct svm_wishes *wishes,
                   struct svm_caps *caps, struct preflight *report)
{
    struct feature_state state[SVM_FEATURES] = {0};
    preflight_start(report, "SVM");
    if (!check_svm(regs, report))
        return false;
    features_negotiate(&svm_feature_table, limits_of, regs, wishes->off, state);
    /* The first refusal stands: what the firmware switched off is told before what is missing. */
    check_firmware(regs, report);
    features_report(&svm_feature_table, state, regs->cpuid_1_ecx & CPUID_1C_HYPERVISOR, report);
    check_asids(regs->cpuid_8000000a_ebx, report);

    memset(caps, 0, sizeof *caps);
    for (unsigned i = 1; i < SVM_FEATURES; i++)
        caps->has[i] = state[i].have == HAVE_YES;
    caps->phys_bits = regs->phys_bits;
    caps->asids = regs->cpuid_8000000a_ebx;
    return preflight_ready(report);
}

bool svm_core_fits(const struct svm_regs *core, const struct svm_caps *caps,
                   struct preflight *report)
{
    preflight_start(report, "SVM");
    if (!check_svm(core, report) || !check_firmware(core, report))
        return false;
    if (!features_core_fits(&svm_feature_table, limits_of, core, caps->has, report))
        return false;
    if (core->cpuid_8000000a_ebx < caps->asids)
        return preflight_refuse(report, "core-differs",
                                "this core has %u address space identifiers, the first one %u",
                                core->cpuid_8000000a_ebx, caps->asids);
    return true;
}
